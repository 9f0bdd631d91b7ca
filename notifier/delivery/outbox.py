"""The outbox: all SQL about lanes, issues and editions, but for opening one (`opening`).

What is due and what the words are is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select

from feeds.kit.database import Database, Lock
from notifier.delivery.statements import (
    audience,
    close_finished,
    expire_deliveries,
    find_issue,
    give_up,
    owed,
    serve,
)
from notifier.digest.issue import LaneKey
from notifier.tables import editions, issues, lanes, subscribers, subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A lane as the ledger has it; see the table."""

    id: int
    key: LaneKey
    cursor: int
    served_at: datetime
    covered_to: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """Readers of a lane who are owed everything after the same arrival."""

    after: int
    readers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The words of an issue for one group: immutable, named by what they are made of.

    `articles` are ids in order, of which the first `shown` are in the message itself.
    """

    id: str
    digest: str
    language: str
    subject: str
    articles: tuple[str, ...]
    shown: int
    frozen: bytes


class Outbox:
    """All SQL about issues and editions. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lanes(self, digests: Sequence[str]) -> list[Lane]:
        """Return the lanes of `digests` that have a reader, in the order they were made."""
        has_reader = select(subscriptions.c.id).where(subscriptions.c.lane_id == lanes.c.id, owed())
        query = select(lanes).where(lanes.c.digest.in_(digests), has_reader.exists())
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(lanes.c.id))).mappings().all()
        return [
            Lane(
                id=row["id"],
                key=LaneKey(
                    digest=row["digest"],
                    schedule=row["schedule"],
                    timezone=row["timezone"],
                    language=row["language"],
                    selection=tuple(row["selection"].split()),
                ),
                cursor=row["cursor"],
                served_at=row["served_at"],
                covered_to=row["covered_to"],
            )
            for row in rows
        ]

    async def groups(self, lane: Lane, now: datetime) -> list[Group]:
        """Return the readers of `lane` by the arrival they were served up to."""
        cursor = func.coalesce(subscriptions.c.cursor, lane.cursor)
        query = (
            select(cursor, func.count())
            .select_from(subscriptions.join(subscribers))
            .where(audience(lane.id, now))
            .group_by(cursor)
            .order_by(cursor)
        )
        async with self._database.read() as connection:
            return [Group(*row) for row in await connection.execute(query)]

    async def skip(
        self,
        lane: Lane,
        slot: str,
        instant: datetime,
        reason: str,
        now: datetime,
        *,
        upto: int | None = None,
    ) -> None:
        """Record that a slot had nothing to send; the lane has been served up to `upto`, if given.

        An opening of that slot which was broken off is given up.
        """
        row = {"lane_id": lane.id, "digest": lane.key.digest, "slot": slot, "instant": instant}
        row |= {"after": lane.cursor, "upto": lane.cursor if upto is None else upto}
        row |= {"expires": instant, "state": "skipped", "reason": reason, "opened_at": now}
        async with self._database.write(Lock.OPEN) as connection:
            known = await find_issue(connection, lane.id, slot)
            if known is None:
                await connection.execute(insert(issues).values(row))
            elif known[1] == "opening":
                await give_up(connection, known[0], reason, now)
            else:
                return
            await serve(connection, lane.id, instant, upto=upto)

    async def expire(self, now: datetime) -> int:
        """Close what was not sent in time, and owe it to its readers again; return how many.

        What a sender left without an answer is in doubt, once nobody can be waiting for it.
        """
        alive = issues.c.state.in_(["opening", "open"])
        stale = select(issues.c.id, issues.c.lane_id, issues.c.instant, issues.c.state)
        stale = stale.where(alive, issues.c.expires <= now).order_by(issues.c.id)
        async with self._database.read() as connection:
            if (await connection.execute(stale.limit(1))).first() is None:
                return 0
        expired = 0
        async with self._database.write(Lock.OPEN) as connection:
            for issue in (await connection.execute(stale.with_for_update())).all():
                expired += await expire_deliveries(connection, issue.id, now)
                if issue.state == "opening":
                    await give_up(connection, issue.id, "not opened in time", now)
                    await serve(connection, issue.lane_id, issue.instant)
            await close_finished(connection)
        return expired

    async def edition(self, edition_id: str) -> Edition | None:
        """Return an edition by its name."""
        query = select(editions).where(editions.c.id == edition_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        names = ("id", "digest", "language", "subject", "shown", "frozen")
        return Edition(**{name: row[name] for name in names}, articles=tuple(row["articles"]))

    async def finish(self) -> None:
        """Close the issues all of whose deliveries have ended."""
        async with self._database.write() as connection:
            await close_finished(connection)

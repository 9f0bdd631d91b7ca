"""The outbox: all SQL about lanes, issues and editions, but for opening one (`opening`).

What is due and what the words are is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    and_,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock
from notifier.delivery.delivery import State
from notifier.digest.issue import LaneKey
from notifier.tables import (
    chunks,
    deliveries,
    editions,
    issues,
    lanes,
    subscribers,
    subscriptions,
    suppressions,
)


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
                await _give_up(connection, known[0], reason, now)
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
                expired += await _expire_deliveries(connection, issue.id, now)
                if issue.state == "opening":
                    await _give_up(connection, issue.id, "not opened in time", now)
                    await serve(connection, issue.lane_id, issue.instant)
            await _close_finished(connection)
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
            await _close_finished(connection)


async def find_issue(
    connection: AsyncConnection, lane_id: int, slot: str
) -> tuple[int, str] | None:
    """Return number and state of the issue of a slot, if there is one."""
    query = select(issues.c.id, issues.c.state)
    row = await connection.execute(query.where(issues.c.lane_id == lane_id, issues.c.slot == slot))
    found = row.one_or_none()
    return (found.id, found.state) if found else None


async def serve(
    connection: AsyncConnection, lane_id: int, instant: datetime, *, upto: int | None = None
) -> None:
    """Move the clock of a lane, and with `upto` its cursor too; neither goes backwards."""
    values = {"served_at": _at_least(lanes.c.served_at, instant)}
    if upto is not None:
        values["cursor"] = _at_least(lanes.c.cursor, upto)
        values["covered_to"] = _at_least(lanes.c.covered_to, instant)
    await connection.execute(update(lanes).where(lanes.c.id == lane_id).values(values))


def owed() -> ColumnElement[bool]:
    """The condition that a subscription gets issues: in force, and not written off."""
    suppressed = select(suppressions.c.address_key).where(
        suppressions.c.address_key == subscribers.c.address_key
    )
    return (
        subscriptions.c.declared
        & subscriptions.c.left_at.is_(None)
        & ~suppressed.correlate(subscribers).exists()
    )


def audience(lane_id: int, now: datetime) -> ColumnElement[bool]:
    """The condition that a reader is in the audience of an issue that opens at `now`."""
    awake = or_(subscriptions.c.paused_until.is_(None), subscriptions.c.paused_until <= now)
    return (subscriptions.c.lane_id == lane_id) & owed() & awake


def _at_least(column: Column[Any], value: object) -> ColumnElement[Any]:
    return case((column < value, literal(value, column.type)), else_=column)


async def _expire_deliveries(connection: AsyncConnection, issue_id: int, now: datetime) -> int:
    """Give the windows of what waits back to its readers; nobody answers for a lost sender."""
    mine = deliveries.c.issue_id == issue_id
    pending = and_(mine, deliveries.c.state.in_([State.QUEUED, State.DEFERRED]))
    owing = (
        select(deliveries.c.after)
        .where(pending, deliveries.c.subscription_id == subscriptions.c.id)
        .scalar_subquery()
    )
    theirs = subscriptions.c.id.in_(select(deliveries.c.subscription_id).where(pending))
    earlier = or_(subscriptions.c.cursor.is_(None), subscriptions.c.cursor > owing)
    await connection.execute(update(subscriptions).where(theirs, earlier).values(cursor=owing))
    expired = {"state": State.EXPIRED, "reason": "not sent in time", "changed_at": now}
    closed = await connection.execute(update(deliveries).where(pending).values(expired))
    sender = select(chunks.c.number).where(
        chunks.c.issue_id == deliveries.c.issue_id,
        chunks.c.number == deliveries.c.chunk,
        chunks.c.state == "leased",
        chunks.c.leased_until >= now,
    )
    lost = and_(mine, deliveries.c.state == State.SENDING, ~sender.exists())
    doubt = {"state": State.IN_DOUBT, "reason": "no answer recorded", "changed_at": now}
    await connection.execute(update(deliveries).where(lost).values(doubt))
    return closed.rowcount


async def _give_up(connection: AsyncConnection, issue_id: int, reason: str, now: datetime) -> None:
    """End an issue that was never opened: nobody got it, and no cursor has moved."""
    mine = issues.c.id == issue_id
    await connection.execute(update(issues).where(mine).values(state="skipped", reason=reason))
    queued = and_(deliveries.c.issue_id == issue_id, deliveries.c.state == State.QUEUED)
    skipped = {"state": State.SKIPPED, "reason": reason, "changed_at": now}
    await connection.execute(update(deliveries).where(queued).values(skipped))


async def _close_finished(connection: AsyncConnection) -> None:
    unfinished = [State.QUEUED, State.SENDING, State.DEFERRED]
    pending = select(deliveries.c.issue_id).where(
        deliveries.c.issue_id == issues.c.id, deliveries.c.state.in_(unfinished)
    )
    await connection.execute(
        update(issues).where(issues.c.state == "open", ~pending.exists()).values(state="done")
    )
    open_issues = select(issues.c.id).where(issues.c.state.in_(["opening", "open"]))
    await connection.execute(
        update(chunks)
        .where(chunks.c.state == "ready", chunks.c.issue_id.not_in(open_issues))
        .values(state="done")
    )

"""The outbox: all SQL about lanes, issues and editions, but for opening one (`opening`).

What is due and what the words are is decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, Update, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock
from notifier.delivery.announcing import row_of_issue
from notifier.delivery.audience import Lane
from notifier.delivery.edition import Edition, edition_of
from notifier.delivery.statements import (
    audience,
    close_finished,
    expire_deliveries,
    find_issue,
    give_up,
    in_force,
    serve,
)
from notifier.digest.issue import Due
from notifier.schedule.slots import Slot
from notifier.tables import (
    chunks,
    deliveries,
    editions,
    issue_parts,
    issues,
    lanes,
    subscribers,
    subscriptions,
)

USUAL = 20  # issues of late that tell what is usual

_CHUNKS = 20  # chunks of deliveries that expire in one transaction
_READERS = 2000  # readers whose cursors move in one transaction


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many issues are open, since when the oldest of them, and how many are held."""

    issues: int
    since: datetime | None
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An issue that was begun and is not open: being opened, or held for the operator's word."""

    id: int
    lane_id: int
    digest: str
    due: Due
    upto: int
    articles: int
    state: str
    reason: str


class Outbox:
    """All SQL about issues and editions. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def skip(
        self,
        lane: Lane,
        slot: Slot,
        reason: str,
        now: datetime,
        *,
        upto: int | None = None,
    ) -> None:
        """Record that a slot had nothing to send; the lane has been served up to `upto`, if given.

        An opening of that slot which was broken off is given up.
        """
        row = row_of_issue(lane, slot, now) | {"state": "skipped", "reason": reason}
        row |= {"upto": lane.cursor if upto is None else upto, "expires": slot.instant}
        if upto is not None and upto > lane.cursor:
            await self._keep_places(lane, slot, now)
        async with self._database.write(Lock.OPEN) as connection:
            known = await find_issue(connection, lane.id, slot.identity)
            if known is None:
                await connection.execute(insert(issues).values(row))
            elif known[1] in {"opening", "held"}:
                await give_up(connection, known[0], reason, now)
            else:
                return
            await serve(connection, lane.id, slot.instant, slot.local_date, upto=upto)
        if upto is not None:
            await self._advance(lane, slot, upto, now)

    async def pass_over(self, lane: Lane, upto: int, now: datetime) -> None:
        """Move the cursor of a lane past what is for nobody in it; it gets no issue for that.

        Whoever has a cursor of their own keeps it: they may be owed something from before.
        """
        await self._keep_places(lane, Slot("", now), now)
        as_seen = (lanes.c.id == lane.id, lanes.c.cursor == lane.cursor)
        async with self._database.write(Lock.OPEN) as connection:
            await connection.execute(update(lanes).where(*as_seen).values(cursor=upto))

    async def _keep_places(self, lane: Lane, slot: Slot, now: datetime) -> None:
        """Leave those who are passed over where the lane is: nobody looked for what they get."""
        passed_over = (
            subscriptions.c.lane_id == lane.id,
            subscriptions.c.cursor.is_(None),
            ~in_force(now, slot.local_date),
        )
        readers = select(subscriptions.c.id).select_from(subscriptions.join(subscribers))
        some = readers.where(*passed_over).order_by(subscriptions.c.id).limit(_READERS)
        kept = update(subscriptions).where(subscriptions.c.id.in_(some)).values(cursor=lane.cursor)
        await self._in_batches(kept)

    async def _advance(self, lane: Lane, slot: Slot, upto: int, now: datetime) -> None:
        """Carry those along who have cursors of their own: there was nothing for them either."""
        behind = (audience(lane.id, now, slot.local_date), subscriptions.c.cursor < upto)
        readers = select(subscriptions.c.id).select_from(subscriptions.join(subscribers))
        some = readers.where(*behind).order_by(subscriptions.c.id).limit(_READERS)
        moved = update(subscriptions).where(subscriptions.c.id.in_(some)).values(cursor=upto)
        await self._in_batches(moved)

    async def _in_batches(self, moved: Update) -> None:
        """Move cursors until there are none left to be moved."""
        while True:
            async with self._database.write() as connection:
                if (await connection.execute(moved)).rowcount < _READERS:
                    return

    async def hold(
        self, lane: Lane, due: Due, upto: int, articles: int, reason: str, now: datetime
    ) -> None:
        """Record that the issue of a slot waits for the operator's word; its articles stay due."""
        row = row_of_issue(lane, due.slot, now) | {"state": "held", "reason": reason}
        row |= {"upto": upto, "articles": articles}
        row |= {"expires": due.expires, "spans_from": due.spans_from}
        async with self._database.write(Lock.OPEN) as connection:
            if await find_issue(connection, lane.id, due.slot.identity) is None:
                await connection.execute(insert(issues).values(row))
                await serve(connection, lane.id, due.slot.instant, due.slot.local_date)

    async def pending(self, state: str, digests: Sequence[str] | None = None) -> list[Pending]:
        """Return the issues in `state`, `opening` or `held`, the latest first."""
        query = select(issues).where(issues.c.state == state)
        if digests is not None:
            query = query.where(issues.c.digest.in_(digests))
        query = query.order_by(issues.c.instant.desc(), issues.c.id.desc())
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_pending(row) for row in rows]

    async def waiting(self) -> Waiting:
        """Count the issues that wait, for their deliveries or for the operator."""
        return await self._database.reading(_waiting)

    async def forget_opening(self, issue_id: int) -> None:
        """Take back an opening that cannot be gone on with: its slot is due again."""
        async with self._database.write(Lock.OPEN) as connection:
            await _forget(connection, issue_id)

    async def usual(self, digest: str) -> list[int]:
        """Return how many articles the last issues of `digest` had."""
        return [articles for _, articles in await self.recent(digest)]

    async def recent(self, digest: str) -> list[tuple[datetime, int]]:
        """Return the instants of the last issues of `digest`, latest first, each with its size."""
        query = (
            select(issues.c.instant, issues.c.articles)
            .where(issues.c.digest == digest, issues.c.state.in_(["open", "done"]))
            .order_by(issues.c.instant.desc(), issues.c.id.desc())
            .limit(USUAL)
        )
        async with self._database.read() as connection:
            return [(row.instant, row.articles) for row in await connection.execute(query)]

    async def last_opened(self) -> int:
        """Return the number of the newest issue; those that are skipped or held count too."""
        async with self._database.read() as connection:
            return await connection.scalar(select(func.max(issues.c.id))) or 0

    async def opened_since(self, lane: Lane, since: datetime) -> list[datetime]:
        """Return the instants of the issues of `lane` after `since`."""
        mine = (issues.c.lane_id == lane.id, issues.c.instant > since)
        query = select(issues.c.instant).where(*mine, issues.c.state != "skipped")
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def expire(self, now: datetime) -> Counter[str]:
        """Close what was not sent in time, and owe it to its readers again; return how many.

        They are counted by digest.

        What a sender left without an answer is in doubt, once nobody can be waiting for it.
        """
        alive = issues.c.state.in_(["opening", "open"])
        stale = select(issues.c.id, issues.c.digest).where(alive, issues.c.expires <= now)
        async with self._database.read() as connection:
            found = (await connection.execute(stale.order_by(issues.c.id))).all()
        expired: Counter[str] = Counter()
        for issue_id, digest in found:
            expired[digest] += await self._expire(issue_id, now)
        return expired

    async def _expire(self, issue_id: int, now: datetime) -> int:
        expired, last = 0, -1
        while True:
            left = (chunks.c.issue_id == issue_id, chunks.c.state != "done", chunks.c.number > last)
            query = select(chunks.c.number).where(*left).order_by(chunks.c.number).limit(_CHUNKS)
            async with self._database.write(Lock.OPEN) as connection:
                row = (
                    await connection.execute(select(issues).where(issues.c.id == issue_id))
                ).one()
                if row.state == "opening" and row.slot.startswith("arrival:"):
                    await _forget(connection, issue_id)  # no other slot has its articles
                    return expired
                if row.state == "opening":
                    await give_up(connection, issue_id, "not opened in time", now)
                    await serve(connection, row.lane_id, row.instant, _date(row.local_date))
                    return expired
                numbers = list((await connection.execute(query)).scalars())
                if row.state != "open" or not numbers:
                    await close_finished(connection)
                    return expired
                expired += await expire_deliveries(connection, issue_id, numbers, now)
                last = numbers[-1]

    async def edition(self, edition_id: str) -> Edition | None:
        """Return an edition by its name."""
        query = select(editions).where(editions.c.id == edition_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return edition_of(row) if row else None

    async def finish(self) -> None:
        """Close the issues all of whose deliveries have ended."""
        async with self._database.write() as connection:
            await close_finished(connection)


def _waiting(connection: Connection) -> Waiting:
    query = (
        select(issues.c.state, func.count(), func.min(issues.c.opened_at))
        .where(issues.c.state.in_(["open", "held"]))
        .group_by(issues.c.state)
    )
    found = {state: (number, since) for state, number, since in connection.execute(query)}
    number, since = found.get("open", (0, None))
    return Waiting(number, since, found.get("held", (0, None))[0])


async def _forget(connection: AsyncConnection, issue_id: int) -> None:
    mine = (issues.c.id == issue_id, issues.c.state == "opening")
    found = await connection.scalar(select(issues.c.id).where(*mine))
    if found is not None:
        for table in (deliveries, chunks, issue_parts):
            await connection.execute(delete(table).where(table.c.issue_id == issue_id))
        await connection.execute(delete(issues).where(*mine))


def _pending(row: RowMapping) -> Pending:
    slot = Slot(row["slot"], row["instant"], _date(row["local_date"]))
    names = ("id", "lane_id", "digest", "upto", "articles", "state", "reason")
    due = Due(slot=slot, expires=row["expires"], spans_from=row["spans_from"])
    return Pending(due=due, **{name: row[name] for name in names})


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None

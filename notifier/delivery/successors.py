"""Successors: all SQL that gives other words to deliveries of open issues.

Only to those that nobody has tried to deliver: what may have been taken once is never sent in
other words. Those are stopped by the ledger when their turn comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, select, update

from feeds.kit.database import Database
from notifier.delivery.audience import Lane, lane_from
from notifier.delivery.delivery import RESENT, WITHDRAWN, State
from notifier.delivery.edition import Edition, row_of_edition
from notifier.delivery.statements import return_windows
from notifier.digest.issue import Due
from notifier.schedule.slots import Slot
from notifier.tables import chunks, deliveries, editions, issue_parts, issues, lanes

_CHUNKS = 20  # chunks of deliveries that change in one transaction


@dataclass(frozen=True, slots=True)
class Standing:
    """Words that an open issue has for some of its readers; `public` if anybody may read them."""

    issue_id: int
    lane: Lane
    due: Due
    edition_id: str
    articles: tuple[str, ...]
    public: bool


class Successors:
    """Replaces editions of open issues. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self) -> list[Standing]:
        """Return the words of the issues that are open."""
        columns = [issues.c[name] for name in ("slot", "instant", "local_date", "expires")]
        query = (
            select(
                lanes,
                *columns,
                issues.c.spans_from,
                issues.c.id.label("issue_id"),
                (issues.c.edition_id == editions.c.id).label("is_public"),
                editions.c.id.label("words"),
                editions.c.articles,
            )
            .select_from(issues.join(lanes).join(issue_parts).join(editions))
            .where(issues.c.state == "open")
            .order_by(issues.c.id, editions.c.id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        found = {}
        for row in rows:
            day = row["local_date"]
            slot = Slot(row["slot"], row["instant"], date.fromisoformat(day) if day else None)
            due = Due(slot=slot, expires=row["expires"], spans_from=row["spans_from"])
            found[row["issue_id"], row["words"]] = Standing(
                row["issue_id"],
                lane_from(row),
                due,
                row["words"],
                tuple(row["articles"]),
                bool(row["is_public"]),
            )
        return list(found.values())

    async def replace(self, standing: Standing, new: Edition | None, now: datetime) -> int:
        """Give `new` to those who wait for the words that stand, or nothing; return how many.

        Who gets nothing is owed the window again. May be broken off and done again.
        """
        old, issue_id = standing.edition_id, standing.issue_id
        mine = and_(deliveries.c.issue_id == issue_id, deliveries.c.edition_id == old)
        untried = and_(mine, deliveries.c.state == State.QUEUED, deliveries.c.reason != RESENT)
        values: dict[str, object] = {"edition_id": new.id} if new else {}
        if new is None:
            values = {"state": State.SKIPPED, "reason": WITHDRAWN, "changed_at": now}
        if new is not None:
            async with self._database.write() as connection:
                row = row_of_edition(new, now)
                await connection.execute(self._database.insert_new(editions).values(row))
        changed = 0
        for numbers in await self._chunks(issue_id):
            some = and_(untried, deliveries.c.chunk.in_(numbers))
            async with self._database.write() as connection:
                if new is None:
                    await return_windows(connection, some)
                replaced = await connection.execute(update(deliveries).where(some).values(values))
                changed += replaced.rowcount
        await self._note(standing, new)
        return changed

    async def _chunks(self, issue_id: int) -> list[list[int]]:
        open_ = (chunks.c.issue_id == issue_id, chunks.c.state != "done")
        query = select(chunks.c.number).where(*open_).order_by(chunks.c.number)
        async with self._database.read() as connection:
            numbers = list((await connection.execute(query)).scalars())
        return [numbers[start : start + _CHUNKS] for start in range(0, len(numbers), _CHUNKS)]

    async def _note(self, standing: Standing, new: Edition | None) -> None:
        """From now on nothing is sent in the old words: the ledger looks for them here."""
        successor = new.id if new else None
        part = and_(
            issue_parts.c.issue_id == standing.issue_id,
            issue_parts.c.edition_id == standing.edition_id,
        )
        public = and_(issues.c.id == standing.issue_id, issues.c.edition_id == standing.edition_id)
        async with self._database.write() as connection:
            await connection.execute(update(issue_parts).where(part).values(edition_id=successor))
            await connection.execute(update(issues).where(public).values(edition_id=successor))

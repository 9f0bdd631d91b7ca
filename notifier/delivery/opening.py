"""Opening issues: a row for every reader, in bounded transactions, then the cursors.

Set-based. Every step may be done twice, by two schedulers or again after a crash, and comes out
once: unique keys and conditional marks decide, not memory. What a reader has had is known only of
issues all of whose rows are written; so those of one digest are opened together, and nothing else
meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock
from notifier.delivery.announcing import announce, row_of_edition
from notifier.delivery.delivery import State
from notifier.delivery.enlisting import BATCH, CHUNK, ROW, Batch, NewIssue
from notifier.delivery.parting import Parted
from notifier.delivery.statements import are_opening, at_least
from notifier.tables import chunks, deliveries, editions, issues, lanes, subscriptions

TOGETHER = 100  # issues that are opened together at most
_EDITIONS = 20  # of some tens of kilobytes each, that are written in one transaction

_EVERYBODY = 2**62  # above any number of a subscription


class Opening:
    """Opens issues. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, issue: NewIssue, now: datetime) -> int | None:
        """Open one issue; see `open_together`."""
        return (await self.open_together([issue], now))[0]

    async def open_together(
        self, new: Sequence[NewIssue], now: datetime, last: int | None = None
    ) -> list[int | None]:
        """Open issues of one digest: a row for every reader, then the cursors.

        Returns their numbers; None for one whose slot was opened or skipped before, whose lane has
        been served since it was looked at, and for all of them while others are being opened, or if
        any were since issue `last`: then what readers have had is not what it was.
        """
        found: list[int | None] = []
        for start in range(0, len(new), TOGETHER):
            some = new[start : start + TOGETHER]
            await self._keep_words(some, now)
            async with self._database.write(Lock.OPEN) as connection:
                ids = await announce(connection, some, now, None if start else last)
            by_id = {ids[issue.lane.id]: issue for issue in some if issue.lane.id in ids}
            opened = await self._write_and_flip(by_id, now) if by_id else set()
            numbers = [ids.get(issue.lane.id) for issue in some]
            found += [number if number in opened else None for number in numbers]
        return found

    async def _keep_words(self, new: Sequence[NewIssue], now: datetime) -> None:
        words = {name: edition for issue in new for name, edition in issue.words.items()}
        rows = [row_of_edition(edition, now) for edition in words.values()]
        for start in range(0, len(rows), _EDITIONS):
            async with self._database.write(lightly=True) as connection:
                insert_new = self._database.insert_new(editions)
                await connection.execute(insert_new, rows[start : start + _EDITIONS])

    async def _write_and_flip(self, by_id: Mapping[int, NewIssue], now: datetime) -> set[int]:
        for batch in await self._batches(by_id, now):
            await self._enlist(batch, by_id)
        opened = await self._flip(tuple(by_id))
        await self._spend(tuple(opened))
        return opened

    async def _batches(self, by_id: Mapping[int, NewIssue], now: datetime) -> list[Batch]:
        """Part the readers of all lanes into batches: small lanes together, a big one in parts."""
        query = (
            select(issues.c.id, func.count().label("size"))
            .join(subscriptions, subscriptions.c.lane_id == issues.c.lane_id)
            .where(issues.c.id.in_(by_id))
            .group_by(issues.c.id)
            .order_by(issues.c.id)
        )
        async with self._database.read() as connection:
            sizes = {row.id: row.size for row in await connection.execute(query)}
        batches = []
        together: list[int] = []
        for number, size in sizes.items():
            if size > BATCH or by_id[number].is_parted:
                batches += await self._parts(number, by_id[number].lane.id, now)
            elif sum(sizes[one] for one in together) + size > BATCH:
                batches.append(Batch(tuple(together), now, 0, _EVERYBODY))
                together = [number]
            else:
                together.append(number)
        return [*batches, Batch(tuple(together), now, 0, _EVERYBODY)] if together else batches

    async def _parts(self, number: int, lane_id: int, now: datetime) -> list[Batch]:
        """Part the readers of one lane by where the numbers of their subscriptions lie."""
        ids = subscriptions.c.id
        rank = func.row_number().over(order_by=ids).label("rank")
        ranked = select(ids, rank).where(subscriptions.c.lane_id == lane_id).subquery()
        query = select(ranked.c.id).where(ranked.c.rank % BATCH == 0).order_by(ranked.c.id)
        async with self._database.read() as connection:
            ends = list((await connection.execute(query)).scalars())
        # The last one is open at its end: a reader may come meanwhile.
        bounds = pairwise([0, *ends, _EVERYBODY])
        return [
            Batch((number,), now, first, last, position * (BATCH // CHUNK))
            for position, (first, last) in enumerate(bounds)
        ]

    async def _enlist(self, batch: Batch, by_id: Mapping[int, NewIssue]) -> None:
        """Write the rows of some readers of issues that are still being opened.

        Whoever gets none keeps the place they have, or is carried along if they have had it all.
        """
        insert_new = self._database.insert_new
        names = ["issue_id", "number", "state", "fence", "owner", "due"]
        news = [by_id[number] for number in batch.issue_ids]
        written = -1
        # The flip waits for the disk, and all that stands before it is there then.
        async with self._database.write(lightly=True) as connection:
            if not await are_opening(connection, batch.issue_ids):
                return
            if news[0].is_parted:
                await self._enlist_parted(connection, batch, news[0])
            else:
                rows = insert_new(deliveries).from_select(list(ROW), batch.rows())
                counting = rows.execution_options(preserve_rowcount=True)
                written = (await connection.execute(counting)).rowcount
                if any(issue.nothing for issue in news):
                    await connection.execute(batch.carried())
            await connection.execute(insert_new(chunks).from_select(names, batch.chunks()))
            # Counted after they were written: whoever is counted and has no row is found.
            counted = (await connection.execute(batch.everybody())).one()
            if written != counted.everybody:
                await connection.execute(batch.kept())

    async def _enlist_parted(
        self, connection: AsyncConnection, batch: Batch, issue: NewIssue
    ) -> None:
        parted = Parted(
            batch.issue_ids[0], issue, batch.first, batch.last, batch.first_chunk, batch.now
        )
        readers = parted.readers().subquery()
        rows = self._database.insert_new(deliveries).from_select(list(ROW), parted.rows(readers))
        await connection.execute(rows)
        if issue.nothing:
            behind = readers.c.place < issue.upto
            had_all = select(readers.c.id).where(parted.among(issue.nothing, readers), behind)
            carried = update(subscriptions).where(subscriptions.c.id.in_(had_all))
            await connection.execute(carried.values(cursor=issue.upto))

    async def _flip(self, numbers: Sequence[int]) -> set[int]:
        """Make what is being opened open, and move the cursors of its lanes; tell what is open."""
        mine = issues.c.id.in_(numbers)
        opening = (mine, issues.c.state == "opening")
        served = {
            "served_at": at_least(lanes.c.served_at, issues.c.instant),
            "served_on": at_least(
                func.coalesce(lanes.c.served_on, issues.c.local_date),
                func.coalesce(issues.c.local_date, lanes.c.served_on),
            ),
            "cursor": at_least(lanes.c.cursor, issues.c.upto),
            "covered_to": at_least(lanes.c.covered_to, issues.c.instant),
        }
        of_issue = (issues.c.lane_id == lanes.c.id, *opening)
        open_ = (mine, issues.c.state.in_(["open", "done"]))
        async with self._database.write(Lock.OPEN) as connection:
            await connection.execute(update(lanes).where(*of_issue).values(served))
            await connection.execute(update(issues).where(*opening).values(state="open"))
            return set((await connection.execute(select(issues.c.id).where(*open_))).scalars())

    async def _spend(self, numbers: Sequence[int]) -> None:
        """Those who were served have the cursor of the lane from now on.

        If this is broken off, they only look as if they were behind: what they have had is known.
        """
        some = (
            select(subscriptions.c.id)
            .join(issues, issues.c.lane_id == subscriptions.c.lane_id)
            .join(lanes, lanes.c.id == subscriptions.c.lane_id)
            .join(
                deliveries,
                (deliveries.c.issue_id == issues.c.id)
                & (deliveries.c.subscriber_id == subscriptions.c.subscriber_id),
            )
            .where(
                issues.c.id.in_(numbers),
                # Neither a window that was returned meanwhile nor a later one is passed over.
                subscriptions.c.cursor >= deliveries.c.after,
                issues.c.upto >= lanes.c.cursor,
                deliveries.c.state.not_in([State.EXPIRED, State.SKIPPED]),
            )
            .limit(BATCH)
        )
        spent = update(subscriptions).where(subscriptions.c.id.in_(some)).values(cursor=None)
        while True:
            async with self._database.write(lightly=True) as connection:
                if (await connection.execute(spent)).rowcount < BATCH:
                    return

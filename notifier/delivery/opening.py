"""Opening issues: a row for every reader, in bounded transactions, then the cursors.

Set-based. Every step may be done twice, by two schedulers or again after a crash, and comes out
once: unique keys and conditional marks decide, not memory. What a reader has had is known only of
issues all of whose rows are written; so those of one digest are opened together, and nothing else
meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Select, func, select, update

from feeds.kit.database import Database, Lock
from feeds.kit.strides import Stride
from notifier.delivery.announcing import announce
from notifier.delivery.carriers.jobs import enqueue
from notifier.delivery.delivery import State
from notifier.delivery.edition import row_of_edition
from notifier.delivery.enlisting import CHUNK, EVERYBODY, ROW, Batch, Enlisting, NewIssue
from notifier.delivery.misfits import drop_misfits
from notifier.delivery.parting import Parted
from notifier.delivery.statements import are_opening, at_least
from notifier.tables import deliveries, editions, issues, lanes, subscriptions

TOGETHER = 100  # issues that are opened together at most
_EDITIONS = 20  # of some tens of kilobytes each, that are written in one transaction
_FIRST = 10 * CHUNK  # readers that a transaction takes before we know how long that takes
_LEAST, _MOST = 3 * CHUNK, 120 * CHUNK  # that one takes, however long that takes


class Opening:
    """Opens issues. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._enlisting = Enlisting(database.insert_new)
        self._plain = Stride(_FIRST, _LEAST, _MOST, holds=False)
        self._parted = Stride(_LEAST, _LEAST, _MOST)  # each mask has to be worked out
        self._spent = Stride(_FIRST, _LEAST, _MOST)

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
            ids = await self._database.writing_lightly(
                Lock.OPEN, announce, some, now, None if start else last
            )
            by_id = {ids[issue.lane.id]: issue for issue in some if issue.lane.id in ids}
            opened = await self._write_and_flip(by_id, now) if by_id else set()
            numbers = [ids.get(issue.lane.id) for issue in some]
            found += [number if number in opened else None for number in numbers]
        return found

    async def _keep_words(self, new: Sequence[NewIssue], now: datetime) -> None:
        words = {name: edition for issue in new for name, edition in issue.words.items()}
        known = await self._database.reading(_known_words, list(words))
        rows = [
            row_of_edition(edition, now) for name, edition in words.items() if name not in known
        ]
        for start in range(0, len(rows), _EDITIONS):
            some = rows[start : start + _EDITIONS]
            await self._database.writing_lightly(None, self._write_words, some)

    def _write_words(self, connection: Connection, rows: Sequence[dict[str, object]]) -> None:
        connection.execute(self._database.insert_new(editions), rows)

    async def _write_and_flip(self, by_id: Mapping[int, NewIssue], now: datetime) -> set[int]:
        await drop_misfits(self._database, by_id, now)
        sizes = await self._database.reading(_sizes, list(by_id))
        together: list[int] = []
        for number, size in sizes.items():
            if by_id[number].is_parted or size > self._plain.size:
                await self._enlist_in_parts(number, by_id[number], now)
                continue
            if sum(sizes[one] for one in together) + size > self._plain.size:
                await self._enlist(together, by_id, now)
                together = []
            together.append(number)
        if together:
            await self._enlist(together, by_id, now)
        opened = await self._flip(tuple(by_id), now)
        await self._spend(tuple(opened))
        return opened

    async def _enlist(
        self, numbers: Sequence[int], by_id: Mapping[int, NewIssue], now: datetime
    ) -> None:
        """Write the rows of all readers of small issues."""
        spread = min(by_id[number].spread_from(now) for number in numbers)
        batch = Batch(tuple(numbers), now, spread=spread)
        carries = any(by_id[number].nothing for number in numbers)
        await self._database.striding(self._plain, None, self._write, batch, carries=carries)

    async def _enlist_in_parts(self, number: int, issue: NewIssue, now: datetime) -> None:
        """Write the rows of the readers of one issue, some at a time."""
        stride = self._parted if issue.is_parted else self._plain
        part = Batch((number,), now, spread=issue.spread_from(now))
        while True:
            size = stride.size // CHUNK * CHUNK
            last = await self._database.striding(stride, None, self._write_part, part, issue, size)
            if last is None:
                return
            chunk = part.first_chunk + size // CHUNK
            part = replace(part, first=last, first_chunk=chunk)

    def _write_part(
        self, connection: Connection, part: Batch, issue: NewIssue, size: int
    ) -> int | None:
        """Write the rows of the next `size` readers; return the last, None where there are none.

        The last part is open at its end: a reader may come meanwhile.
        """
        last = connection.scalar(_nth_after(issue.lane.id, part.first, size))
        some = replace(part, last=EVERYBODY if last is None else last)
        self._write(connection, some, issue, carries=bool(issue.nothing))
        return last

    def _write(
        self,
        connection: Connection,
        batch: Batch,
        parted: NewIssue | None = None,
        *,
        carries: bool,
    ) -> None:
        """Write the rows of some readers of issues that are still being opened.

        Whoever gets none keeps the place they have, or is carried along if they have had it all.
        The flip waits for the disk, and all that stands before it is there then.
        """
        if not are_opening(connection, batch.issue_ids):
            return
        statements, given = self._enlisting, batch.parameters
        written = -1
        if parted is not None and parted.is_parted:
            self._write_parted(connection, batch, parted)
        else:
            written = connection.execute(statements.rows, given).rowcount
            if carries:
                connection.execute(statements.carried, given)
        connection.execute(statements.chunks, given)
        # Counted after they were written: whoever is counted and has no row is found.
        if written != connection.scalar(statements.everybody, given):
            connection.execute(statements.kept, given)

    def _write_parted(self, connection: Connection, batch: Batch, issue: NewIssue) -> None:
        parted = Parted(
            batch.issue_ids[0], issue, batch.first, batch.last, batch.first_chunk, batch.now
        )
        readers = parted.readers().subquery()
        rows = self._database.insert_new(deliveries).from_select(list(ROW), parted.rows(readers))
        connection.execute(rows)
        if issue.nothing:
            behind = readers.c.place < issue.upto
            had_all = select(readers.c.id).where(parted.among(issue.nothing, readers), behind)
            carried = update(subscriptions).where(subscriptions.c.id.in_(had_all))
            connection.execute(carried.values(cursor=issue.upto))

    async def _flip(self, numbers: Sequence[int], now: datetime) -> set[int]:
        """Make what is being opened open, and move the cursors of its lanes; tell what is open."""
        return await self._database.writing(Lock.OPEN, _flip, numbers, now)

    async def _spend(self, numbers: Sequence[int]) -> None:
        """Those who were served have the cursor of the lane from now on.

        If this is broken off, they only look as if they were behind: what they have had is known.
        """
        while True:
            size = self._spent.size
            if await self._database.striding(self._spent, None, _spend, numbers, size) < size:
                return


def _known_words(connection: Connection, names: Sequence[str]) -> set[str]:
    return set(connection.scalars(select(editions.c.id).where(editions.c.id.in_(names))))


def _sizes(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Return how many subscriptions stand in the lanes of these issues, in force or not."""
    query = (
        select(issues.c.id, func.count())
        .join(subscriptions, subscriptions.c.lane_id == issues.c.lane_id)
        .where(issues.c.id.in_(numbers))
        .group_by(issues.c.id)
        .order_by(issues.c.id)
    )
    return dict(connection.execute(query).all())


def _nth_after(lane_id: int, first: int, size: int) -> Select[int]:
    """Ask for the number of the last of the next `size` subscriptions in a lane."""
    mine = (subscriptions.c.lane_id == lane_id, subscriptions.c.id > first)
    ids = select(subscriptions.c.id).where(*mine).order_by(subscriptions.c.id)
    return ids.offset(size - 1).limit(1)


def _flip(connection: Connection, numbers: Sequence[int], now: datetime) -> set[int]:
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
    connection.execute(update(lanes).where(*of_issue).values(served))
    connection.execute(update(issues).where(*opening).values(state="open"))
    if connection.dialect.name == "postgresql":  # elsewhere there is one process to send
        enqueue(connection, numbers, now)
    return set(connection.scalars(select(issues.c.id).where(*open_)))


def _spend(connection: Connection, numbers: Sequence[int], size: int) -> int:
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
        .limit(size)
    )
    spent = update(subscriptions).where(subscriptions.c.id.in_(some)).values(cursor=None)
    return connection.execute(spent).rowcount

"""Opening an issue: a row for every reader, in bounded transactions, then the cursor.

Set-based. Every step may be done twice, by two schedulers or again after a crash, and comes out
once: unique keys and conditional marks decide, not memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock
from notifier.delivery.delivery import State
from notifier.delivery.outbox import Edition, Group, Lane
from notifier.delivery.statements import audience, find_issue, is_as_seen, is_opening, serve
from notifier.tables import chunks, deliveries, editions, issues, subscribers, subscriptions

CHUNK = 100  # deliveries that one connection works on between two looks at the ledger
_BATCH = 50 * CHUNK  # deliveries written in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIssue:
    """What an issue is opened with: lane and slot, its window, and an edition per group.

    `held` are groups for whom there is too little as yet: they keep their place.
    """

    lane: Lane
    slot: str
    instant: datetime
    upto: int
    expires: datetime
    spans_from: datetime | None
    editions: tuple[tuple[Group, Edition], ...]
    held: tuple[Group, ...] = ()


class Opening:
    """Opens issues. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, issue: NewIssue, now: datetime) -> int | None:
        """Open `issue`: a row for every reader, then the cursor; return its number.

        Returns None if that slot of the lane was opened or skipped before, if the lane has been
        served since it was looked at, or while another issue of it is being opened: none of its
        readers may get the same window twice.
        """
        issue_id = await self._announce(issue, now)
        if issue_id is None:
            return None
        written = 0
        for group, edition in issue.editions:
            last: int | None = 0
            while last is not None:
                batch = _Batch(issue_id, issue, group, edition, last, written, now)
                size, last = await self._enlist(batch)
                written += size
        return issue_id if await self._flip(issue_id, issue, now) else None

    async def _announce(self, issue: NewIssue, now: datetime) -> int | None:
        """Write the editions, and the issue as `opening`; find it again after a crash."""
        async with self._database.write(Lock.OPEN) as connection:
            known = await find_issue(connection, issue.lane.id, issue.slot)
            if known is not None and known[1] != "opening":
                return None
            lane = issue.lane
            seen = (lane.cursor, lane.served_at)
            if known is None and not await is_as_seen(connection, lane.id, *seen):
                return None
            for _, edition in issue.editions:
                row = {name: getattr(edition, name) for name in Edition.__slots__}
                row |= {"articles": list(edition.articles), "created_at": now}
                await connection.execute(self._database.insert_new(editions).values(row))
            return known[0] if known else await _insert_issue(connection, issue, now)

    async def _enlist(self, batch: _Batch) -> tuple[int, int | None]:
        """Write a bounded number of rows; return how many, and where to go on if anywhere."""
        some = batch.readers().limit(_BATCH).subquery()
        async with self._database.write() as connection:
            if not await is_opening(connection, batch.issue_id):
                return 0, None
            counted = await connection.execute(select(func.count(), func.max(some.c.id)))
            size, last = counted.one()
            if size:
                # Up to `last`, not so many: on PostgreSQL a reader may come between statements.
                readers = batch.readers().where(subscriptions.c.id <= last).subquery()
                rows = batch.rows(readers.c.id, readers.c.subscriber_id)
                await connection.execute(
                    self._database.insert_new(deliveries).from_select(list(_ROW), rows)
                )
        return size, last if size == _BATCH else None

    async def _flip(self, issue_id: int, issue: NewIssue, now: datetime) -> bool:
        """Make the issue open: chunks to carry, the cursor moved, own cursors spent.

        Tells whether it is open now; not where it has expired or was given up meanwhile.
        """
        async with self._database.write(Lock.OPEN) as connection:
            opening = (issues.c.id == issue_id, issues.c.state == "opening")
            flipped = await connection.execute(update(issues).where(*opening).values(state="open"))
            if flipped.rowcount:
                names = ["issue_id", "number", "state", "fence", "owner", "due"]
                await connection.execute(
                    self._database.insert_new(chunks).from_select(names, _chunk_rows(issue_id, now))
                )
                await _move_cursors(connection, issue_id, issue, now)
            known = await find_issue(connection, issue.lane.id, issue.slot)
        return known is not None and known[1] in {"open", "done"}


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some readers of one group, and the rows that they get."""

    issue_id: int
    issue: NewIssue
    group: Group
    edition: Edition
    last: int
    written: int
    now: datetime

    def readers(self) -> Select[tuple[int, int]]:
        lane = self.issue.lane
        return (
            select(subscriptions.c.id, subscriptions.c.subscriber_id)
            .select_from(subscriptions.join(subscribers))
            .where(
                audience(lane.id, self.now),
                func.coalesce(subscriptions.c.cursor, lane.cursor) == self.group.after,
                subscriptions.c.id > self.last,
            )
            .order_by(subscriptions.c.id)
        )

    def rows(
        self, subscription: ColumnElement[int], subscriber: ColumnElement[int]
    ) -> Select[tuple[object, ...]]:
        rank = func.row_number().over(order_by=subscription)
        values: dict[str, object] = {
            "issue_id": self.issue_id,
            "edition_id": self.edition.id,
            "after": self.group.after,
            "state": str(State.QUEUED),
            "reason": "",
            "attempts": 0,
            "due": self.now,
            "words": "",
            "changed_at": self.now,
        }
        columns = {
            "subscriber_id": subscriber,
            "subscription_id": subscription,
            "chunk": (rank - 1 + self.written) // CHUNK,
        }
        row = [
            columns[name] if name in columns else literal(values[name], deliveries.c[name].type)
            for name in _ROW
        ]
        # Without a WHERE, SQLite takes the ON of ON CONFLICT for that of a join.
        return select(*row).where(subscription.is_not(None))


_ROW = (
    "issue_id",
    "subscriber_id",
    "subscription_id",
    "edition_id",
    "chunk",
    "after",
    "state",
    "reason",
    "attempts",
    "due",
    "words",
    "changed_at",
)


async def _insert_issue(connection: AsyncConnection, issue: NewIssue, now: datetime) -> int:
    values = {
        "lane_id": issue.lane.id,
        "digest": issue.lane.key.digest,
        "slot": issue.slot,
        "instant": issue.instant,
        "after": min(group.after for group, _ in issue.editions),
        "upto": issue.upto,
        "spans_from": issue.spans_from,
        "expires": issue.expires,
        "state": "opening",
        "reason": "",
        "opened_at": now,
    }
    created = await connection.execute(insert(issues).values(values).returning(issues.c.id))
    number: int = created.scalar_one()
    return number


def _chunk_rows(issue_id: int, now: datetime) -> Select[tuple[object, ...]]:
    return (
        select(
            literal(issue_id, chunks.c.issue_id.type),
            deliveries.c.chunk,
            literal("ready"),
            literal(0),
            literal(""),
            literal(now, chunks.c.due.type),
        )
        .where(deliveries.c.issue_id == issue_id)
        .distinct()
    )


async def _move_cursors(
    connection: AsyncConnection, issue_id: int, issue: NewIssue, now: datetime
) -> None:
    """The lane has been served; who was not keeps a cursor of their own.

    Those are the groups that are held, and whoever came back after the rows were written. Who
    was served and has moved to another lane since starts there after this issue.
    """
    mine = subscriptions.c.lane_id == issue.lane.id
    served = subscriptions.c.id.in_(
        select(deliveries.c.subscription_id).where(deliveries.c.issue_id == issue_id)
    )
    groups = [*issue.held, *(group for group, _ in issue.editions)]
    if any(group.after == issue.lane.cursor for group in groups):
        waiting = select(subscriptions.c.id).select_from(subscriptions.join(subscribers))
        waits = subscriptions.c.id.in_(waiting.where(audience(issue.lane.id, now)))
        stays = update(subscriptions).where(mine, subscriptions.c.cursor.is_(None), waits, ~served)
        await connection.execute(stays.values(cursor=issue.lane.cursor))
    spent = update(subscriptions).where(mine, subscriptions.c.cursor.is_not(None), served)
    await connection.execute(spent.values(cursor=None))
    moved = update(subscriptions).where(~mine, served)
    await connection.execute(moved.values(cursor=issue.upto))
    await serve(connection, issue.lane.id, issue.instant, upto=issue.upto)

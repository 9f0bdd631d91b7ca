"""Opening an issue: a row for every reader, in bounded transactions, then the cursor.

Set-based. Every step may be done twice, by two schedulers or again after a crash, and comes out
once: unique keys and conditional marks decide, not memory. One issue is opened at a time, for what
a reader has had is known only of issues all of whose rows are written.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock
from notifier.delivery.audience import Lane
from notifier.delivery.delivery import State
from notifier.delivery.enlisting import BATCH, ROW, Batch, NewIssue
from notifier.delivery.outbox import Edition
from notifier.delivery.statements import (
    find_issue,
    is_as_seen,
    is_opening,
    is_other_opening,
    serve,
)
from notifier.tables import chunks, deliveries, editions, issues, subscriptions


class Opening:
    """Opens issues. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, issue: NewIssue, now: datetime) -> int | None:
        """Open `issue`: a row for every reader, then the cursor; return its number.

        Returns None if that slot of the lane was opened or skipped before, if the lane has been
        served since it was looked at, or while another issue is being opened.
        """
        issue_id = await self._announce(issue, now)
        if issue_id is None:
            return None
        last: int | None = 0
        number = 0
        while last is not None:
            last = await self._enlist(Batch(issue_id, issue, last, number, now))
            number += 1
        opened = await self._flip(issue_id, issue)
        if opened:
            await self._spend(issue_id, issue.lane)
        return issue_id if opened else None

    async def _announce(self, issue: NewIssue, now: datetime) -> int | None:
        """Write the editions, and the issue as `opening`; find it again after a crash."""
        lane, slot = issue.lane, issue.due.slot
        async with self._database.write(Lock.OPEN) as connection:
            known = await find_issue(connection, lane.id, slot.identity)
            if known is not None and known[1] not in {"opening", "held"}:
                return None
            if await is_other_opening(connection, known[0] if known else 0):
                return None
            as_seen = await is_as_seen(connection, lane.id, lane.cursor, lane.served_at)
            if known is None and not as_seen:
                return None
            for edition in issue.words.values():
                row = _edition(edition) | {"created_at": now}
                await connection.execute(self._database.insert_new(editions).values(row))
            values = _issue(issue, now)
            if known:
                await connection.execute(
                    update(issues).where(issues.c.id == known[0]).values(values)
                )
                return known[0]
            created = await connection.execute(insert(issues).values(values).returning(issues.c.id))
            number: int = created.scalar_one()
            return number

    async def _enlist(self, batch: Batch) -> int | None:
        """Write the rows of some readers; return where to go on, None where there is nobody left.

        Whoever gets none keeps the place they have, or is carried along if they have had it all.
        """
        ids = batch.ids().subquery()
        async with self._database.write() as connection:
            if not await is_opening(connection, batch.issue_id):
                return None
            counted = await connection.execute(select(func.count(), func.max(ids.c.id)))
            size, last = counted.one()
            if size:
                # Up to `last`, not so many: on PostgreSQL a reader may come between statements.
                await self._write(connection, batch, last)
        return last if size == BATCH else None

    async def _write(self, connection: AsyncConnection, batch: Batch, last: int) -> None:
        insert_new = self._database.insert_new
        readers = batch.readers(last).subquery()
        await connection.execute(insert_new(deliveries).from_select(list(ROW), batch.rows(readers)))
        names = ["issue_id", "number", "state", "fence", "owner", "due"]
        await connection.execute(insert_new(chunks).from_select(names, batch.chunks()))
        if batch.issue.nothing:
            had_all = select(readers.c.id).where(batch.among(batch.issue.nothing, readers))
            carried = update(subscriptions).where(subscriptions.c.id.in_(had_all))
            await connection.execute(carried.values(cursor=batch.issue.upto))
        row = select(deliveries.c.issue_id).where(
            deliveries.c.issue_id == batch.issue_id,
            deliveries.c.subscriber_id == subscriptions.c.subscriber_id,
        )
        stays = (batch.within(last), subscriptions.c.cursor.is_(None), ~row.exists())
        kept = update(subscriptions).where(*stays).values(cursor=batch.issue.lane.cursor)
        await connection.execute(kept)

    async def _flip(self, issue_id: int, issue: NewIssue) -> bool:
        """Make the issue open, and move the cursor of its lane; tell whether it is open now."""
        slot = issue.due.slot
        async with self._database.write(Lock.OPEN) as connection:
            opening = (issues.c.id == issue_id, issues.c.state == "opening")
            flipped = await connection.execute(update(issues).where(*opening).values(state="open"))
            if flipped.rowcount:
                await serve(
                    connection, issue.lane.id, slot.instant, slot.local_date, upto=issue.upto
                )
            known = await find_issue(connection, issue.lane.id, slot.identity)
        return known is not None and known[1] in {"open", "done"}

    async def _spend(self, issue_id: int, lane: Lane) -> None:
        """Those who were served have the cursor of the lane from now on.

        If this is broken off, they only look as if they were behind: what they have had is known.
        """
        served = select(deliveries.c.issue_id).where(
            deliveries.c.issue_id == issue_id,
            deliveries.c.subscriber_id == subscriptions.c.subscriber_id,
            deliveries.c.state != State.EXPIRED,
        )
        own = (subscriptions.c.lane_id == lane.id, subscriptions.c.cursor.is_not(None))
        some = select(subscriptions.c.id).where(*own, served.exists())
        some = some.order_by(subscriptions.c.id).limit(BATCH)
        spent = update(subscriptions).where(subscriptions.c.id.in_(some)).values(cursor=None)
        while True:
            async with self._database.write() as connection:
                if (await connection.execute(spent)).rowcount < BATCH:
                    return


def _edition(edition: Edition) -> dict[str, object]:
    arrivals = sorted(edition.arrivals)
    return {name: getattr(edition, name) for name in Edition.__slots__} | {
        "articles": list(edition.articles),
        "arrivals": " ".join(map(str, arrivals)),
        "content": edition.content,
        "first_arrival": arrivals[0],
        "last_arrival": arrivals[-1],
    }


def _issue(issue: NewIssue, now: datetime) -> dict[str, object]:
    lane, slot, words = issue.lane, issue.due.slot, issue.words.values()
    afters = [group.after for group, _ in issue.editions]
    return {
        "lane_id": lane.id,
        "digest": lane.key.digest,
        "slot": slot.identity,
        "instant": slot.instant,
        "local_date": slot.local_date and slot.local_date.isoformat(),
        "after": min(afters, default=lane.cursor),
        "upto": issue.upto,
        "articles": max(len(edition.articles) for edition in words),
        "spans_from": issue.due.spans_from,
        "edition_id": issue.public and issue.public.id,
        "expires": issue.due.expires,
        "state": "opening",
        "reason": "",
        "opened_at": now,
    }

"""Statements that the stores of issues and deliveries share: who is owed what, and what ends it.

For use inside a transaction of the caller's. Whatever closes an issue holds `Lock.OPEN`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.delivery.claims import owe_elsewhere
from notifier.delivery.delivery import RESENT, State
from notifier.tables import (
    active,
    chunks,
    deliveries,
    issues,
    lanes,
    names_reader,
    subscribers,
    subscriptions,
    suppressions,
)

_IN_LIST = 500


async def find_issue(
    connection: AsyncConnection, lane_id: int, slot: str
) -> tuple[int, str] | None:
    """Return number and state of the issue of a slot, if there is one."""
    query = select(issues.c.id, issues.c.state)
    row = await connection.execute(query.where(issues.c.lane_id == lane_id, issues.c.slot == slot))
    found = row.one_or_none()
    return (found.id, found.state) if found else None


async def serve(
    connection: AsyncConnection,
    lane_id: int,
    instant: datetime,
    local_date: date | None,
    *,
    upto: int | None = None,
) -> None:
    """Move the clock of a lane, and with `upto` its cursor too; neither goes backwards."""
    values: dict[str, object] = {"served_at": at_least(lanes.c.served_at, instant)}
    if local_date is not None:
        day = local_date.isoformat()
        values["served_on"] = at_least(func.coalesce(lanes.c.served_on, day), day)
    if upto is not None:
        values["cursor"] = at_least(lanes.c.cursor, upto)
        values["covered_to"] = at_least(lanes.c.covered_to, instant)
    await connection.execute(update(lanes).where(lanes.c.id == lane_id).values(values))


def suppressed() -> ColumnElement[bool]:
    """The condition that a reader's address must not be written to."""
    query = select(suppressions.c.address_key).where(names_reader())
    return query.correlate(subscribers).exists()


def owed() -> ColumnElement[bool]:
    """The condition that a subscription gets issues: in force, and not written off."""
    return active() & ~suppressed()


def may_be_written_to(now: datetime | ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that a subscription gets what is sent at `now` (a column: in microseconds)."""
    return owed() & awake(now)


def awake(now: datetime | ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that a subscription is not paused at `now` (a column: in microseconds)."""
    return or_(subscriptions.c.paused_until.is_(None), subscriptions.c.paused_until <= now)


def audience(lane_id: int, now: datetime, local_date: date | None) -> ColumnElement[bool]:
    """The condition that a reader is in the audience of an issue that opens at `now`.

    Not where another lane has served them for the `local_date` of the slot, or a later one; None
    for a schedule of which several slots may fall on one date.
    """
    return (subscriptions.c.lane_id == lane_id) & in_force(now, local_date)


def in_force(now: datetime, local_date: date | None) -> ColumnElement[bool]:
    """The condition of `audience`, in whatever lane."""
    condition = owed() & awake(now)
    if local_date is None:
        return condition
    on = subscriptions.c.served_on
    return condition & or_(on.is_(None), on < local_date.isoformat())


def at_least(column: ColumnElement[Any], value: object) -> ColumnElement[Any]:
    """Return `value`, or what stands in `column` if that is more."""
    other = value if isinstance(value, ColumnElement) else literal(value, column.type)
    return case((column < other, other), else_=column)


async def return_windows(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Owe the windows of these deliveries to their readers again; no cursor goes forwards."""
    owing = (
        select(deliveries.c.after)
        .where(which, deliveries.c.subscription_id == subscriptions.c.id)
        .limit(1)
        .scalar_subquery()
    )
    theirs = subscriptions.c.id.in_(select(deliveries.c.subscription_id).where(which))
    later = or_(subscriptions.c.cursor.is_(None), subscriptions.c.cursor > owing)
    dates = (
        select(issues.c.local_date)
        .join(deliveries, deliveries.c.issue_id == issues.c.id)
        .where(which, deliveries.c.subscription_id == subscriptions.c.id)
        .limit(1)
        .scalar_subquery()
    )
    # Another issue that they got on a later date still stands.
    other = case((subscriptions.c.served_on != dates, subscriptions.c.served_on), else_=None)
    moved = update(subscriptions).where(theirs, later).values(cursor=owing, served_on=other)
    await connection.execute(moved)


async def expire_deliveries(
    connection: AsyncConnection, issue_id: int, numbers: Sequence[int], now: datetime
) -> int:
    """End what waits in these chunks of an issue; nobody answers for a lost sender.

    What was to be resent may have been taken the first time: it stays in doubt.
    """
    mine = and_(deliveries.c.issue_id == issue_id, deliveries.c.chunk.in_(numbers))
    waiting = and_(mine, deliveries.c.state.in_([State.QUEUED, State.DEFERRED]))
    doubtful = {"state": State.IN_DOUBT, "reason": "not resent in time", "changed_at": now}
    again = and_(waiting, deliveries.c.reason == RESENT)
    await connection.execute(update(deliveries).where(again).values(doubtful))
    pending = and_(waiting, deliveries.c.reason != RESENT)
    await return_windows(connection, pending)
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
    ended = and_(
        chunks.c.issue_id == issue_id,
        chunks.c.number.in_(numbers),
        or_(chunks.c.state == "ready", chunks.c.leased_until < now),
    )
    await connection.execute(update(chunks).where(ended).values(state="done"))
    await connection.run_sync(owe_elsewhere, mine)
    return closed.rowcount


async def give_up(connection: AsyncConnection, issue_id: int, reason: str, now: datetime) -> None:
    """End an issue that was never opened: nobody got it, and no cursor has moved."""
    mine = issues.c.id == issue_id
    await connection.execute(update(issues).where(mine).values(state="skipped", reason=reason))
    queued = and_(deliveries.c.issue_id == issue_id, deliveries.c.state == State.QUEUED)
    skipped = {"state": State.SKIPPED, "reason": reason, "changed_at": now}
    await connection.execute(update(deliveries).where(queued).values(skipped))


async def close_finished(connection: AsyncConnection) -> None:
    """Close the open issues all of whose chunks have been worked off."""
    left = select(chunks.c.number).where(chunks.c.issue_id == issues.c.id, chunks.c.state != "done")
    finished = (issues.c.state == "open", ~left.exists())
    await connection.execute(update(issues).where(*finished).values(state="done"))


def are_opening(connection: Connection, numbers: Sequence[int]) -> bool:
    """Tell whether rows may be added to any of these issues, and keep it so until we commit."""
    opening = (issues.c.id.in_(numbers), issues.c.state == "opening")
    query = select(issues.c.id).where(*opening).with_for_update(read=True)
    return connection.execute(query).first() is not None


def in_list(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Part numbers into lists that a statement can hold."""
    return (numbers[start : start + _IN_LIST] for start in range(0, len(numbers), _IN_LIST))

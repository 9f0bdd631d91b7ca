"""Statements that the stores of issues and deliveries share: who is owed what, and what ends it.

For use inside a transaction of the caller's. Whatever closes an issue holds `Lock.OPEN`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, case, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.delivery.delivery import State
from notifier.tables import (
    chunks,
    deliveries,
    issues,
    lanes,
    subscribers,
    subscriptions,
    suppressions,
)


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


async def expire_deliveries(connection: AsyncConnection, issue_id: int, now: datetime) -> int:
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


async def give_up(connection: AsyncConnection, issue_id: int, reason: str, now: datetime) -> None:
    """End an issue that was never opened: nobody got it, and no cursor has moved."""
    mine = issues.c.id == issue_id
    await connection.execute(update(issues).where(mine).values(state="skipped", reason=reason))
    queued = and_(deliveries.c.issue_id == issue_id, deliveries.c.state == State.QUEUED)
    skipped = {"state": State.SKIPPED, "reason": reason, "changed_at": now}
    await connection.execute(update(deliveries).where(queued).values(skipped))


async def close_finished(connection: AsyncConnection) -> None:
    """Close the issues all of whose deliveries have ended, and their chunks."""
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


async def is_as_seen(
    connection: AsyncConnection, lane_id: int, cursor: int, served_at: datetime
) -> bool:
    """Tell whether a lane has not been served since it was seen so, and nobody is about to."""
    opening = select(issues.c.id).where(issues.c.lane_id == lane_id, issues.c.state == "opening")
    same = (lanes.c.cursor == cursor, lanes.c.served_at == served_at)
    query = select(lanes.c.id).where(lanes.c.id == lane_id, *same, ~opening.exists())
    return (await connection.execute(query)).first() is not None


async def is_opening(connection: AsyncConnection, issue_id: int) -> bool:
    """Tell whether rows may be added to an issue, and keep it so until we commit."""
    query = select(issues.c.state).where(issues.c.id == issue_id).with_for_update(read=True)
    return await connection.scalar(query) == "opening"

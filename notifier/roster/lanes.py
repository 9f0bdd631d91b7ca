"""Lanes as the roster sees them: found or made for those who enter, and begun anew if deserted.

Statements for use inside a transaction of the caller's that holds `Lock.OPEN`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    bindparam,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.digest.lane import LaneKey, chosen_in
from notifier.tables import (
    active,
    deliveries,
    issues,
    lanes,
    names_reader,
    subscribers,
    subscriptions,
    suppressions,
)

KEY = ("digest", "schedule", "timezone", "language", "selection")
_BEGIN = {"start": "cursor", "at": "served_at"}
_NOTHING_CAME = ("expired", "skipped", "failed")


def columns_of(lane: LaneKey) -> dict[str, str]:
    """Return what tells a lane from the others, by column."""
    return {name: getattr(lane, name) for name in KEY}


@lru_cache(maxsize=1024)
def key_of(digest: str, schedule: str, timezone: str, language: str, selection: str) -> LaneKey:
    """Return the lane with these values in its columns; many readers share a few."""
    topics, words = chosen_in(selection)
    return LaneKey(
        digest=digest,
        schedule=schedule,
        timezone=timezone,
        language=language,
        topics=topics,
        words=words,
    )


async def enter(
    connection: AsyncConnection, starts: Mapping[LaneKey, int], now: datetime
) -> dict[LaneKey, int]:
    """Return the numbers of lanes that somebody enters; a new or a deserted one begins now.

    Each then begins after the arrival that is given.
    """
    if not starts:
        return {}
    found = await _find(connection, starts)
    new = [
        columns_of(lane) | {"cursor": start, "served_at": now, "covered_to": now}
        for lane, start in starts.items()
        if lane not in found
    ]
    if new:
        await connection.execute(insert(lanes), new)
    anew = [
        {"number": row.id, "start": max(row.cursor, starts[lane]), "at": now}
        for lane, row in found.items()
        if not (row.inhabited or row.public or row.served_at > now)
    ]
    if anew:
        start, at = (bindparam(name, type_=lanes.c[c].type) for name, c in _BEGIN.items())
        begin = {"cursor": start, "served_at": at, "covered_to": at}
        await connection.execute(
            update(lanes).where(lanes.c.id == bindparam("number")).values(begin), anew
        )
    if new:
        found = await _find(connection, starts)
    return {lane: row.id for lane, row in found.items()}


async def _find(
    connection: AsyncConnection, keys: Collection[LaneKey]
) -> dict[LaneKey, Row[*tuple[Any, ...]]]:
    columns = tuple_(*(lanes.c[name] for name in KEY))
    query = select(
        *(lanes.c[name] for name in KEY),
        lanes.c.id,
        lanes.c.cursor,
        lanes.c.served_at,
        lanes.c.public,
        _inhabited().label("inhabited"),
    ).where(columns.in_([tuple(columns_of(lane).values()) for lane in keys]))
    rows = (await connection.execute(query)).all()
    return {key_of(*row[: len(KEY)]): row for row in rows}


def place() -> ColumnElement[int]:
    """The arrival up to which a subscription has been served: its own cursor, or the lane's."""
    lane = select(lanes.c.cursor).where(lanes.c.id == subscriptions.c.lane_id)
    return func.coalesce(subscriptions.c.cursor, lane.correlate(subscriptions).scalar_subquery())


def last_served_on() -> ScalarSelect[str]:
    """The local date of the last slot of which a subscription got the issue, or will."""
    return (
        select(func.max(issues.c.local_date))
        .join(deliveries, deliveries.c.issue_id == issues.c.id)
        .where(
            deliveries.c.subscription_id == subscriptions.c.id,
            deliveries.c.subscriber_id == subscriptions.c.subscriber_id,
            *(deliveries.c.state != state for state in _NOTHING_CAME),
        )
        .correlate(subscriptions)
        .scalar_subquery()
    )


def _inhabited() -> ColumnElement[bool]:
    """Whether a lane has a reader who gets its issues: one without any is not served."""
    suppressed = select(suppressions.c.address_key).where(names_reader())
    reader = select(subscriptions.c.id).join(subscribers)
    here = (subscriptions.c.lane_id == lanes.c.id, active(), ~suppressed.exists())
    return reader.where(*here).correlate(lanes).exists()

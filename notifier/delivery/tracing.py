"""Tracing: all SQL about what one reader takes, and what became of one article on its way to them.

Reads only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, select

from feeds.kit.database import Database
from notifier.delivery.audience import Lane, lane_from
from notifier.subscriber import address_key
from notifier.tables import (
    deliveries,
    editions,
    issues,
    lanes,
    names_reader,
    subscribers,
    subscriptions,
    suppressions,
)

_DELIVERIES = 5000  # the last ones of a reader that are looked through


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A reader; `suppressed` says why their address must not be written to."""

    id: int
    address: str
    name: str
    generation: int
    suppressed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A subscription: its lane, and the arrival `place` that the reader was served up to."""

    id: int
    lane: Lane
    place: int
    since: datetime
    in_force: bool
    paused_until: datetime | None
    left_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A message that was taken: when, for whom, of which digest, with which articles (ids)."""

    at: datetime
    address: str
    digest: str
    subject: str
    articles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A delivery that had the article: as the `position`-th, of which so many were `shown`."""

    digest: str
    slot: str
    timezone: str
    state: str
    reason: str
    code: int | None
    words: str
    attempts: int
    changed_at: datetime
    due: datetime
    expires: datetime
    position: int
    shown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """An issue of a lane in whose window an arrival was, whoever got it."""

    slot: str
    state: str
    reason: str
    opened_at: datetime


class Traces:
    """What one reader takes and got. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reader(self, address: str) -> Traced | None:
        """Return the reader with this address."""
        key = address_key(address)
        why = select(suppressions.c.reason).where(names_reader()).correlate(subscribers).limit(1)
        columns = ("id", "address", "name", "generation")
        query = select(
            *(subscribers.c[name] for name in columns),
            func.coalesce(why.scalar_subquery(), "").label("suppressed"),
        ).where(subscribers.c.address_key == key)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return Traced(**row) if row else None

    async def accepted(self) -> list[Accepted]:
        """Return all messages that were taken; of a small store."""
        columns = (
            deliveries.c.changed_at,
            subscribers.c.address,
            issues.c.digest,
            editions.c.subject,
            editions.c.articles,
        )
        query = (
            select(*columns)
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .join(issues, issues.c.id == deliveries.c.issue_id)
            .join(editions, editions.c.id == deliveries.c.edition_id)
            .where(deliveries.c.state == "accepted")
            .order_by(deliveries.c.changed_at, subscribers.c.address, issues.c.id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Accepted(at=at, address=address, digest=digest, subject=subject, articles=tuple(ids))
            for at, address, digest, subject, ids in rows
        ]

    async def taken(self, reader: int) -> list[Taken]:
        """Return the subscriptions of a reader that have a lane, those that were left too."""
        own = ("since", "paused_until", "left_at", "declared", "added", "cursor")
        columns = [subscriptions.c[name].label(f"s_{name}") for name in own]
        query = (
            select(lanes, subscriptions.c.id.label("s_id"), *columns)
            .join(lanes, lanes.c.id == subscriptions.c.lane_id)
            .where(subscriptions.c.subscriber_id == reader)
            .order_by(subscriptions.c.id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [
            Taken(
                id=row["s_id"],
                lane=lane_from(row),
                place=row["cursor"] if row["s_cursor"] is None else row["s_cursor"],
                since=row["s_since"],
                in_force=bool(row["s_declared"] or row["s_added"]) and row["s_left_at"] is None,
                paused_until=row["s_paused_until"],
                left_at=row["s_left_at"],
            )
            for row in rows
        ]

    async def deliveries(self, reader: int, article: str) -> list[Trace]:
        """Return the deliveries to a reader that had `article`, the last first."""
        names = ("state", "reason", "code", "words", "attempts", "changed_at", "due")
        query = (
            select(
                issues.c.digest,
                issues.c.slot,
                issues.c.expires,
                lanes.c.timezone,
                editions.c.articles,
                editions.c.shown,
                *(deliveries.c[name] for name in names),
            )
            .join(issues, issues.c.id == deliveries.c.issue_id)
            .join(lanes, lanes.c.id == issues.c.lane_id)
            .join(editions, editions.c.id == deliveries.c.edition_id)
            .where(deliveries.c.subscriber_id == reader)
            .order_by(deliveries.c.issue_id.desc())
            .limit(_DELIVERIES)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [
            Trace(**_but(row, "articles"), position=row["articles"].index(article) + 1)
            for row in rows
            if article in row["articles"]
        ]

    async def windows(self, lane: int, arrival: int) -> list[Window]:
        """Return the issues of a lane with `arrival` in their windows, the last first."""
        within = (issues.c.lane_id == lane, issues.c.after < arrival, issues.c.upto >= arrival)
        columns = (issues.c.slot, issues.c.state, issues.c.reason, issues.c.opened_at)
        query = select(*columns).where(*within).order_by(issues.c.id.desc()).limit(20)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [Window(**row) for row in rows]


def _but(row: RowMapping, name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}

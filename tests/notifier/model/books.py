"""The ledger's own laws: what must hold between its rows after every step, whatever happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from feeds.kit.database import Database
from notifier.digest.lane import follows, is_daily_at_most
from notifier.digest.spec import DigestSpec
from notifier.tables import chunks, deliveries, editions, issues, lanes, subscribers, subscriptions

KEPT = ("queued", "sending", "deferred", "accepted", "in_doubt")


@dataclass(frozen=True)
class Row:
    """A delivery, with what matters of its issue and lane."""

    issue: int
    subscription: int
    reader: str
    digest: str
    schedule: str
    local_date: str | None
    state: str
    reason: str
    chunk: str
    issue_state: str
    told: str

    @property
    def arrivals(self) -> list[int]:
        """The arrivals of its edition."""
        return [int(one) for one in self.told.split()]


async def rows_of(database: Database) -> list[Row]:
    """Return all deliveries in the order of their issues."""
    query = (
        select(
            deliveries.c.issue_id,
            deliveries.c.subscription_id,
            subscribers.c.name,
            issues.c.digest,
            lanes.c.schedule,
            issues.c.local_date,
            deliveries.c.state,
            deliveries.c.reason,
            chunks.c.state,
            issues.c.state,
            editions.c.arrivals,
        )
        .select_from(deliveries)
        .join(issues, issues.c.id == deliveries.c.issue_id)
        .join(lanes, lanes.c.id == issues.c.lane_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .join(
            chunks,
            (chunks.c.issue_id == issues.c.id) & (chunks.c.number == deliveries.c.chunk),
        )
        .order_by(deliveries.c.issue_id, deliveries.c.subscriber_id)
    )
    async with database.read() as connection:
        return [Row(*row) for row in (await connection.execute(query)).all()]


async def broken_laws(database: Database, digests: Sequence[DigestSpec], last: int) -> list[str]:
    """Return which laws of the ledger do not hold; `last` is the last arrival."""
    rows = await rows_of(database)
    twice = _twice_a_day(rows, {spec.name: spec for spec in digests})
    return [*_misplaced(rows), *twice, *await _ahead(database, last)]


def _twice_a_day(rows: list[Row], specs: Mapping[str, DigestSpec]) -> list[str]:
    """Where a schedule has one slot a date, a reader gets one issue a date."""
    seen: dict[tuple[int, str], int] = defaultdict(int)
    for row in rows:
        daily = is_daily_at_most(follows(specs[row.digest], row.schedule))
        if row.local_date and row.state in KEPT and daily:
            seen[row.subscription, row.local_date] += 1
    return [f"{many} issues on one date: {key}" for key, many in seen.items() if many > 1]


async def _ahead(database: Database, last: int) -> list[str]:
    """No cursor is beyond what was given, and none behind what its lane was served."""
    opened = issues.c.state.in_(["open", "done"])
    served = select(issues.c.lane_id, func.max(issues.c.upto)).where(opened)
    async with database.read() as connection:
        own = await connection.scalar(select(func.max(subscriptions.c.cursor))) or 0
        places = dict((await connection.execute(select(lanes.c.id, lanes.c.cursor))).all())
        reached = dict((await connection.execute(served.group_by(issues.c.lane_id))).all())
    found = [f"a reader's cursor is at {own} of {last}"] if own > last else []
    return found + [
        f"lane {lane} is at {upto} of {last}, served up to {reached.get(lane)}"
        for lane, upto in places.items()
        if upto > last or reached.get(lane, 0) > upto
    ]


def _misplaced(rows: list[Row]) -> list[str]:
    """What waits in an open issue can still be worked off; nothing waits in a closed one."""
    found = []
    for row in rows:
        waits = row.state in {"queued", "deferred", "sending"}
        if waits and row.issue_state == "open" and row.chunk == "done":
            found.append(f"nobody will send {row}")
        if waits and row.issue_state in {"done", "skipped", "held"}:
            found.append(f"waits in a closed issue: {row}")
        if row.state == "sending" and row.chunk != "leased":
            found.append(f"nobody is sending {row}")
    return found

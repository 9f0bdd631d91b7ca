"""What the books say at a glance: what is in doubt, what is under way, when anything last happened.

For looking only; nothing is decided by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from feeds.kit.database import Database
from notifier.delivery.delivery import State
from notifier.tables import deliveries, issues


@dataclass(frozen=True, slots=True)
class Facts:
    """Deliveries in doubt, issues that are open and since when, issues held; the last opening."""

    in_doubt: int
    open: int
    open_since: datetime | None
    held: int
    last: datetime | None


async def facts(database: Database) -> Facts:
    """Return what the books say now. Raises StoreError."""
    return await database.reading(_facts)


def _facts(connection: Connection) -> Facts:
    doubts = select(func.count()).where(deliveries.c.state == State.IN_DOUBT)
    query = select(
        issues.c.state, func.count(), func.min(issues.c.opened_at), func.max(issues.c.opened_at)
    ).group_by(issues.c.state)
    found = {state: rest for state, *rest in connection.execute(query)}
    number, since, _ = found.get("open", (0, None, None))
    return Facts(
        in_doubt=connection.execute(doubts).scalar_one(),
        open=number,
        open_since=since,
        held=found.get("held", (0, None, None))[0],
        last=max((last for _, _, last in found.values()), default=None),
    )

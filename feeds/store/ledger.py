"""The numbers that order everything: arrivals, changes, and the instants that go with them.

Used only inside a transaction that holds the ingest lock, so numbers are given in commit order:
who holds a number has committed before anybody is given the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from feeds.kit.instants import EPOCH
from feeds.store.tables import article_ledger

_TICK = timedelta(microseconds=1)


@dataclass(slots=True)
class Ledger:
    """The last numbers given. `sealed_at` is the latest instant up to which arrivals are final."""

    arrival: int
    change: int
    arrived_at: datetime
    sealed_at: datetime

    def next_change(self) -> int:
        """Give the next change number."""
        self.change += 1
        return self.change

    def next_arrival(self, at: datetime) -> tuple[int, datetime]:
        """Give the next arrival and its instant: `at`, or as soon after as stays monotone."""
        self.arrival += 1
        self.arrived_at = max(at, self.arrived_at, self.sealed_at + _TICK)
        return self.arrival, self.arrived_at


def load(connection: Connection) -> Ledger:
    """Read the ledger; a new store begins at zero."""
    row = connection.execute(select(article_ledger)).mappings().one_or_none()
    if row is None:
        connection.execute(
            insert(article_ledger).values(
                id=1, arrival=0, change=0, arrived_at=EPOCH, sealed_at=EPOCH
            )
        )
        return Ledger(0, 0, EPOCH, EPOCH)
    return Ledger(row["arrival"], row["change"], row["arrived_at"], row["sealed_at"])


def save(connection: Connection, ledger: Ledger) -> None:
    """Write the numbers back."""
    connection.execute(
        update(article_ledger).values(
            arrival=ledger.arrival,
            change=ledger.change,
            arrived_at=ledger.arrived_at,
            sealed_at=ledger.sealed_at,
        )
    )

"""Embargoes: the articles whose time is yet to come, as they will arrive. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from feeds.article import Entry
from feeds.kit.database import Database
from feeds.kit.instants import EPOCH
from feeds.store.ledger import Ledger
from feeds.store.rows import entry_of
from feeds.store.tables import article_ledger, articles


class Embargoes:
    """The articles that wait for their time. Raises StoreError when the database is unusable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ending(self, upto: datetime) -> Sequence[Entry]:
        """Return what will have arrived by `upto` if nothing else does, in order of arrival.

        With the arrivals and instants that a reveal would give them; none of them is given yet.
        """
        waits = (articles.c.visible_at <= upto, articles.c.arrival.is_(None))
        query = select(articles).where(*waits, articles.c.withdrawn_at.is_(None))
        order = (articles.c.visible_at, articles.c.position, articles.c.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(*order))).mappings().all()
            found = (await connection.execute(select(article_ledger))).mappings().one_or_none()
        ledger = Ledger(
            found["arrival"] if found else 0,
            found["change"] if found else 0,
            found["arrived_at"] if found else EPOCH,
            found["sealed_at"] if found else EPOCH,
        )
        entries = []
        for row in rows:
            arrival, arrived_at = ledger.next_arrival(row["visible_at"])
            entry = replace(entry_of(row), arrival=arrival, arrived_at=arrived_at)
            entries.append(replace(entry, change=ledger.next_change(), changed_at=arrived_at))
        return entries

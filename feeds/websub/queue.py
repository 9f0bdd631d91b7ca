"""What the two queues of the hub share: their order, what is due in them, and claiming it.

A row is due at its `due` unless somebody has claimed it; a claim that is never settled, because
its process died, runs out at `claimed_until`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, Table, and_, null, or_, select, update

from feeds.kit.database import Database
from feeds.kit.text import digest

LOOKED_AT = 200  # rows that are looked at together


def key(callback: str, topic: str) -> str:
    """Return the name of the one subscription that a callback can have to a topic."""
    return digest(callback, topic)


def due(table: Table, now: datetime) -> ColumnElement[bool]:
    """The condition that a row is to be worked on."""
    claim = table.c.claimed_until
    return and_(table.c.due <= now, or_(claim.is_(None), claim <= now))


def waiting(
    table: Table, now: datetime, full_hosts: Collection[str], *, firsts_only: bool
) -> Select[tuple[Any, ...]]:
    """Return the query for rows that are due, but for `full_hosts`: those never tried first."""
    query = select(table).where(due(table, now), table.c.host.not_in(full_hosts))
    if firsts_only:
        query = query.where(table.c.attempts == 0)
    return query.order_by(table.c.attempts > 0, table.c.due, table.c.key).limit(LOOKED_AT)


async def claim(
    database: Database,
    table: Table,
    keys: Collection[str],
    now: datetime,
    values: Mapping[str, object],
) -> list[RowMapping]:
    """Set `values` on those rows that are still due; return them. Nobody else gets these."""
    if not keys:
        return []
    which = (table.c.key.in_(keys), due(table, now))
    async with database.write() as connection:
        query = select(table.c.key).where(*which).order_by(table.c.key)
        if not database.is_sqlite:
            query = query.with_for_update(skip_locked=True)
        free = list(await connection.scalars(query))
        if not free:
            return []
        taken = update(table).where(table.c.key.in_(free)).values(values).returning(table)
        return list((await connection.execute(taken)).mappings().all())


async def abandon(database: Database, table: Table) -> None:
    """Free every claim: for whoever knows that no other process has any."""
    held = table.c.claimed_until.is_not(None)
    async with database.read() as connection:
        if (await connection.execute(select(table.c.key).where(held).limit(1))).first() is None:
            return
    async with database.write() as connection:
        await connection.execute(update(table).where(held).values(claimed_until=null()))

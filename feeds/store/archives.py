"""The manifest of archive documents (RFC 5005, section 4): which arrivals each of them covers.

An archive is closed when it is full; from then on its bounds never move, and it changes only when
one of its articles does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select

from feeds.kit.database import Database, Lock
from feeds.membership import Touch
from feeds.store.tables import feed_archives, feed_members


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One archive document: the members of `feed` that arrived in `(after, upto]`."""

    feed: str
    number: int
    after: int
    upto: int
    change: int
    changed_at: datetime


class ArchiveManifest:
    """All SQL about archive documents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def close_full(self, feed: str, size: int, touch: Touch) -> int:
        """Close as many archives of `size` members as have come together; return the newest."""
        async with self._database.write(Lock.PUBLISH) as connection:
            last = await self._newest(feed)
            after, number = (last.upto, last.number) if last else (0, 0)
            rows = []
            for upto in await self._ends(feed, size):
                number += 1
                rows.append(
                    {
                        "feed": feed,
                        "number": number,
                        "after": after,
                        "upto": upto,
                        "change": touch.change,
                        "changed_at": touch.at,
                    }
                )
                after = upto
            if rows:
                await connection.execute(insert(feed_archives), rows)
        return number

    async def standing(self, feed: str) -> tuple[int, int]:
        """Return the number of the newest archive of `feed`, and how many members none covers."""
        bounds = select(
            func.coalesce(func.max(feed_archives.c.number), 0).label("number"),
            func.coalesce(func.max(feed_archives.c.upto), 0).label("upto"),
        ).where(feed_archives.c.feed == feed)
        last = bounds.subquery()
        waiting = (
            select(func.count())
            .where(feed_members.c.feed == feed, feed_members.c.arrival > last.c.upto)
            .correlate(last)
            .scalar_subquery()
        )
        async with self._database.read() as connection:
            number, members = (await connection.execute(select(last.c.number, waiting))).one()
        return number, members

    async def get(self, feed: str, number: int) -> Archive | None:
        """Return one archive of `feed`."""
        which = (feed_archives.c.feed == feed, feed_archives.c.number == number)
        async with self._database.read() as connection:
            found = await connection.execute(select(feed_archives).where(*which))
            row = found.mappings().one_or_none()
        return Archive(**row) if row else None

    async def changed(self, after: int) -> list[tuple[str, int]]:
        """Return feed and number of the archives that were touched after the change `after`."""
        query = select(feed_archives.c.feed, feed_archives.c.number)
        async with self._database.read() as connection:
            rows = await connection.execute(query.where(feed_archives.c.change > after))
            return [(feed, number) for feed, number in rows]

    async def _newest(self, feed: str) -> Archive | None:
        query = select(feed_archives).where(feed_archives.c.feed == feed)
        async with self._database.read() as connection:
            newest = await connection.execute(
                query.order_by(feed_archives.c.number.desc()).limit(1)
            )
            row = newest.mappings().one_or_none()
        return Archive(**row) if row else None

    async def _ends(self, feed: str, size: int) -> list[int]:
        """Return the arrivals at which archives of `size` end, counted from the last one's end."""
        last = await self._newest(feed)
        rank = func.row_number().over(order_by=feed_members.c.arrival).label("rank")
        open_members = (
            select(feed_members.c.arrival, rank)
            .where(feed_members.c.feed == feed, feed_members.c.arrival > (last.upto if last else 0))
            .subquery()
        )
        full = select(open_members.c.arrival).where(open_members.c.rank % size == 0)
        async with self._database.read() as connection:
            return list((await connection.execute(full.order_by(open_members.c.arrival))).scalars())

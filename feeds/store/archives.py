"""The manifest of archive documents (RFC 5005, section 4): which arrivals each of them covers.

An archive is closed when it is full; from then on its bounds never move, and it changes only when
one of its articles does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, bindparam, func, insert, select

from feeds.kit.database import Database, Lock
from feeds.membership import Touch
from feeds.store.tables import feed_archives, feed_members, feed_states


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
        return await self._database.writing(Lock.PUBLISH, _close_full, feed, size, touch)

    async def standing(self, feeds: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return the number of each feed's newest archive, and how many members none covers."""
        return await self._database.reading(_standing, feeds)

    async def get(self, feed: str, number: int) -> Archive | None:
        """Return one archive of `feed`."""
        which = (feed_archives.c.feed == feed, feed_archives.c.number == number)
        return await self._database.reading(_one, select(feed_archives).where(*which))

    async def changed(self, after: int) -> list[tuple[str, int]]:
        """Return feed and number of the archives that were touched after the change `after`."""
        return await self._database.reading(_changed, after)


def _close_full(connection: Connection, feed: str, size: int, touch: Touch) -> int:
    last = _newest(connection, feed)
    after, number = (last.upto, last.number) if last else (0, 0)
    rows: list[dict[str, object]] = []
    for upto in _ends(connection, feed, after, size):
        number += 1
        span = {"feed": feed, "number": number, "after": after, "upto": upto}
        rows.append(span | {"change": touch.change, "changed_at": touch.at})
        after = upto
    if rows:
        connection.execute(insert(feed_archives), rows)
    return number


def _standing(connection: Connection, feeds: Sequence[str]) -> dict[str, tuple[int, int]]:
    found = dict.fromkeys(feeds, (0, 0))
    for feed, number, waiting in connection.execute(_STANDING, {"feeds": list(feeds)}):
        found[feed] = (number or 0, waiting)
    return found


def _newest(connection: Connection, feed: str) -> Archive | None:
    query = select(feed_archives).where(feed_archives.c.feed == feed)
    return _one(connection, query.order_by(feed_archives.c.number.desc()).limit(1))


def _one(connection: Connection, query: Select[tuple[object, ...]]) -> Archive | None:
    row = connection.execute(query).mappings().one_or_none()
    return Archive(**row) if row else None


def _changed(connection: Connection, after: int) -> list[tuple[str, int]]:
    query = select(feed_archives.c.feed, feed_archives.c.number)
    rows = connection.execute(query.where(feed_archives.c.change > after))
    return [(feed, number) for feed, number in rows]


def _ends(connection: Connection, feed: str, after: int, size: int) -> list[int]:
    """Return the arrivals at which archives of `size` end, counted from the last one's end."""
    rank = func.row_number().over(order_by=feed_members.c.arrival).label("rank")
    open_members = (
        select(feed_members.c.arrival, rank)
        .where(feed_members.c.feed == feed, feed_members.c.arrival > after)
        .subquery()
    )
    full = select(open_members.c.arrival).where(open_members.c.rank % size == 0)
    return list(connection.execute(full.order_by(open_members.c.arrival)).scalars())


_NEWEST = feed_archives.c.feed == feed_states.c.feed
_NUMBER = select(feed_archives.c.number).where(_NEWEST).order_by(feed_archives.c.number.desc())
_UPTO = select(feed_archives.c.upto).where(_NEWEST).order_by(feed_archives.c.number.desc())
_BOUND = _UPTO.limit(1).correlate(feed_states).scalar_subquery()
_WAITING = select(func.count()).where(
    feed_members.c.feed == feed_states.c.feed,
    feed_members.c.arrival > func.coalesce(_BOUND, 0),
)
_STANDING = select(
    feed_states.c.feed, _NUMBER.limit(1).scalar_subquery(), _WAITING.scalar_subquery()
).where(feed_states.c.feed.in_(bindparam("feeds", expanding=True)))

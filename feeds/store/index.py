"""Which articles are in which feed, kept current change by change; all SQL about it.

A feed's newest articles are found without looking at the others, however many are stored.
Selects nothing itself: it is told who is a member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from feeds.article import Entry
from feeds.kit.database import Database, Lock
from feeds.membership import Member, Movement, Shown, Touch
from feeds.store import states
from feeds.store.rows import entry_of
from feeds.store.states import FeedState, Progress
from feeds.store.tables import articles, feed_archives, feed_members

_CHUNK = 500


class FeedIndex:
    """The members of all feeds and how far the feeds have come."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def progress(self) -> Progress:
        """Return how far all feeds have come, and how far the articles have."""
        return await self._database.reading(states.progress)

    async def states(self) -> dict[str, FeedState]:
        """Return the state of every feed that is published."""
        return await self._database.reading(states.states)

    async def stale(self) -> dict[str, FeedState]:
        """Return the state of those whose documents lag behind their articles."""
        return await self._database.reading(states.stale)

    async def members(self, article_ids: Sequence[str]) -> dict[tuple[str, str], Member]:
        """Return the memberships of these articles, by feed and article."""
        return await self._database.reading(_members, article_ids)

    async def shown(self, feeds: Mapping[str, int]) -> dict[str, tuple[Shown, ...]]:
        """Return what the live feeds show, by feed; `feeds` says how many items each has.

        The members that were last worth showing, and all that no archive covers yet.
        """
        return await self._database.reading(_shown_of_all, feeds)

    async def live(self, feed: str, items: int) -> list[Entry]:
        """Return what one live feed shows, in no particular order."""
        return await self._database.reading(_live, feed, items)

    async def arrived(self, feed: str, after: int, upto: int) -> list[Entry]:
        """Return the members of `feed` that arrived in `(after, upto]`."""
        return await self._database.reading(_arrived, feed, after, upto)

    async def advance(self, seen: Progress, upto: int, movement: Movement) -> bool:
        """Apply the changes up to `upto` to feeds that are as they were `seen`; False if not.

        What is lost of it when the power fails is done again: the watermark is lost with it.
        """
        return await self._database.writing_lightly(Lock.PUBLISH, _advance, seen, upto, movement)

    async def choose(self, state: FeedState, members: Sequence[Member], upto: int) -> None:
        """Make `members` those of a new or changed feed, in one transaction.

        They are current up to the change `upto`.
        """
        await self._database.writing(Lock.PUBLISH, _choose, state, members, upto)

    async def forget(self, feed: str) -> None:
        """Forget a feed that is no longer declared."""
        await self._database.writing(Lock.PUBLISH, states.forget, feed)

    async def outdate(self, feeds: Sequence[str]) -> None:
        """Let these feeds lag behind, for they are to be rendered another way."""
        await self._database.writing(Lock.PUBLISH, states.outdate, feeds)


def _members(connection: Connection, article_ids: Sequence[str]) -> dict[tuple[str, str], Member]:
    found: dict[tuple[str, str], Member] = {}
    for start in range(0, len(article_ids), _CHUNK):
        some = list(article_ids[start : start + _CHUNK])
        for row in connection.execute(_MEMBERS, {"ids": some}):
            found[row.feed, row.article_id] = Member(*row)
    return found


def _shown_of_all(connection: Connection, feeds: Mapping[str, int]) -> dict[str, tuple[Shown, ...]]:
    return {feed: _shown(connection, feed, items) for feed, items in feeds.items()}


def _shown(connection: Connection, feed: str, items: int) -> tuple[Shown, ...]:
    found = connection.execute(_SHOWN, {"name": feed, "items": items})
    return tuple(Shown(id_, change) for id_, change in found)


def _live(connection: Connection, feed: str, items: int) -> list[Entry]:
    ids = [one.id for one in _shown(connection, feed, items)]
    found: list[Entry] = []
    for start in range(0, len(ids), _CHUNK):
        some = articles.c.id.in_(ids[start : start + _CHUNK])
        found += _entries(connection, select(articles).where(some))
    return found


def _arrived(connection: Connection, feed: str, after: int, upto: int) -> list[Entry]:
    joined = select(articles).join(feed_members, feed_members.c.article_id == articles.c.id)
    window = (feed_members.c.arrival > after, feed_members.c.arrival <= upto)
    return _entries(connection, joined.where(feed_members.c.feed == feed, *window))


def _entries(connection: Connection, query: Select[tuple[object, ...]]) -> list[Entry]:
    return [entry_of(row) for row in connection.execute(query).mappings()]


def _advance(connection: Connection, seen: Progress, upto: int, movement: Movement) -> bool:
    if not states.move(connection, seen, upto):
        return False
    _leave(connection, movement.leaves)
    _join(connection, movement.joins)
    states.touch(connection, movement.touched)
    _touch_archives(connection, movement.places)
    return True


def _choose(connection: Connection, state: FeedState, members: Sequence[Member], upto: int) -> None:
    states.forget(connection, state.feed)
    _join(connection, members)
    states.add(connection, state, upto)


def _leave(connection: Connection, keys: Sequence[tuple[str, str]]) -> None:
    pair = tuple_(feed_members.c.feed, feed_members.c.article_id)
    for start in range(0, len(keys), _CHUNK):
        connection.execute(delete(feed_members).where(pair.in_(keys[start : start + _CHUNK])))


def _join(connection: Connection, members: Sequence[Member]) -> None:
    for start in range(0, len(members), _CHUNK):
        some = members[start : start + _CHUNK]
        rows = [{name: getattr(one, name) for name in Member.__slots__} for one in some]
        connection.execute(insert(feed_members), rows)


def _touch_archives(connection: Connection, places: Mapping[tuple[str, int], Touch]) -> None:
    """Record what touched the archives that cover these places, where one does."""
    if places:
        connection.execute(
            _TOUCH_ARCHIVE,
            [
                {"name": feed, "place": arrival, "later": touch.change, "at": touch.at}
                for (feed, arrival), touch in places.items()
            ],
        )


_MEMBERS = select(feed_members).where(
    feed_members.c.article_id.in_(bindparam("ids", expanding=True))
)

# What a live feed shows, from two indexes: the latest `items`, and those in no archive yet.
_MINE = select(feed_members.c.article_id, feed_members.c.change).where(
    feed_members.c.feed == bindparam("name")
)
_LATEST = _MINE.order_by(feed_members.c.shown.desc()).limit(bindparam("items")).subquery()
_ARCHIVED = (
    select(feed_archives.c.upto)
    .where(feed_archives.c.feed == bindparam("name"))
    .order_by(feed_archives.c.number.desc())
    .limit(1)
)
_SHOWN = select(_LATEST).union(
    _MINE.where(feed_members.c.arrival > func.coalesce(_ARCHIVED.scalar_subquery(), 0))
)

# The archive that covers a place is the first that ends there or later, if it begins before.
_FIRST = feed_archives.alias()
_COVERING = (
    select(_FIRST.c.number)
    .where(_FIRST.c.feed == bindparam("name"), _FIRST.c.upto >= bindparam("place"))
    .order_by(_FIRST.c.upto)
    .limit(1)
)
_TOUCH_ARCHIVE = (
    update(feed_archives)
    .where(
        feed_archives.c.feed == bindparam("name"),
        feed_archives.c.number == _COVERING.scalar_subquery(),
        feed_archives.c.after < bindparam("place"),
        feed_archives.c.change < bindparam("later"),
    )
    .values(change=bindparam("later"), changed_at=bindparam("at"))
)

"""Which articles are in which feed, kept current change by change; all SQL about it.

A feed's newest articles are found without looking at the others, however many are stored.
Selects nothing itself: it is told who is a member.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, bindparam, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.article import Entry
from feeds.kit.database import Database, Lock
from feeds.membership import Member, Movement, Touch
from feeds.store.rows import entry_of
from feeds.store.tables import articles, feed_archives, feed_members, feed_states

_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """How far one feed has come; see the table."""

    feed: str
    selection_key: str
    rendering_key: str
    watermark: int
    touched: int
    touched_at: datetime
    rendered: int

    @property
    def stale(self) -> bool:
        """Whether its documents lag behind its articles."""
        return self.rendered < self.touched


class FeedIndex:
    """The members of all feeds and how far each feed has come."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def states(self, feeds: Collection[str] | None = None) -> dict[str, FeedState]:
        """Return the state of `feeds`, or of every feed that is published."""
        query = select(feed_states)
        if feeds is not None:
            query = query.where(feed_states.c.feed.in_(feeds))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return {row["feed"]: FeedState(**row) for row in rows}

    async def members(self, article_ids: Sequence[str]) -> dict[tuple[str, str], Member]:
        """Return the memberships of these articles, by feed and article."""
        found: dict[tuple[str, str], Member] = {}
        async with self._database.read() as connection:
            for start in range(0, len(article_ids), _CHUNK):
                some = feed_members.c.article_id.in_(article_ids[start : start + _CHUNK])
                for row in await connection.execute(select(feed_members).where(some)):
                    found[row.feed, row.article_id] = Member(*row)
        return found

    async def live(self, feed: str, items: int) -> list[Entry]:
        """Return what the live feed shows, in no particular order.

        The `items` members that were last worth showing, and all that no archive covers yet.
        """
        mine = feed_members.c.feed == feed
        archived = (
            select(func.coalesce(func.max(feed_archives.c.upto), 0))
            .where(feed_archives.c.feed == feed)
            .scalar_subquery()
        )
        latest = (
            select(feed_members.c.article_id)
            .where(mine)
            .order_by(feed_members.c.shown.desc())
            .limit(items)
            .subquery()
        )
        uncovered = select(feed_members.c.article_id).where(mine, feed_members.c.arrival > archived)
        return await self._entries(
            select(articles).where(
                or_(
                    articles.c.id.in_(select(latest.c.article_id)),
                    articles.c.id.in_(uncovered),
                )
            )
        )

    async def changed(self, feed: str, after: int, limit: int) -> list[Entry]:
        """Return the members of `feed` that have changed after the change number `after`."""
        query = _members_of(feed).where(articles.c.change > after)
        return await self._entries(query.order_by(articles.c.change).limit(limit))

    async def arrived(self, feed: str, after: int, upto: int) -> list[Entry]:
        """Return the members of `feed` that arrived in `(after, upto]`."""
        window = (feed_members.c.arrival > after, feed_members.c.arrival <= upto)
        return await self._entries(_members_of(feed).where(*window))

    async def advance(self, before: int, after: int, movement: Movement) -> bool:
        """Apply the changes in `(before, after]`; tell whether nobody else had done so already."""
        async with self._database.write(Lock.PUBLISH) as connection:
            moved = await connection.execute(
                update(feed_states)
                .where(feed_states.c.watermark == before)
                .values(watermark=after)
                .returning(feed_states.c.feed)
            )
            current = set(moved.scalars())
            await _leave(connection, [key for key in movement.leaves if key[0] in current])
            await _join(connection, [one for one in movement.joins if one.feed in current])
            touched = {feed: touch for feed, touch in movement.touched.items() if feed in current}
            await _touch_feeds(connection, touched)
            places = {place: t for place, t in movement.places.items() if place[0] in current}
            await _touch_archives(connection, places)
        return bool(current)

    async def choose(self, state: FeedState, members: Sequence[Member]) -> None:
        """Make `members` those of a new or changed feed, in one transaction."""
        values = {name: getattr(state, name) for name in FeedState.__slots__}
        async with self._database.write(Lock.PUBLISH) as connection:
            await _forget(connection, state.feed)
            for start in range(0, len(members), _CHUNK):
                await _join(connection, members[start : start + _CHUNK])
            await connection.execute(insert(feed_states).values(values))

    async def forget(self, feed: str) -> None:
        """Forget a feed that is no longer declared."""
        async with self._database.write(Lock.PUBLISH) as connection:
            await _forget(connection, feed)

    async def _entries(self, query: Select[tuple[object, ...]]) -> list[Entry]:
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [entry_of(row) for row in rows]


def _members_of(feed: str) -> Select[tuple[object, ...]]:
    joined = select(articles).join(feed_members, feed_members.c.article_id == articles.c.id)
    return joined.where(feed_members.c.feed == feed)


async def _forget(connection: AsyncConnection, feed: str) -> None:
    for table in (feed_members, feed_archives, feed_states):
        await connection.execute(delete(table).where(table.c.feed == feed))


async def _leave(connection: AsyncConnection, keys: Sequence[tuple[str, str]]) -> None:
    pair = tuple_(feed_members.c.feed, feed_members.c.article_id)
    for start in range(0, len(keys), _CHUNK):
        await connection.execute(delete(feed_members).where(pair.in_(keys[start : start + _CHUNK])))


async def _join(connection: AsyncConnection, members: Sequence[Member]) -> None:
    if members:
        rows = [{name: getattr(one, name) for name in Member.__slots__} for one in members]
        await connection.execute(insert(feed_members), rows)


async def _touch_feeds(connection: AsyncConnection, touched: Mapping[str, Touch]) -> None:
    if touched:
        await connection.execute(
            update(feed_states)
            .where(feed_states.c.feed == bindparam("name"))
            .values(touched=bindparam("number"), touched_at=bindparam("at")),
            [{"name": f, "number": t.change, "at": t.at} for f, t in touched.items()],
        )


async def _touch_archives(
    connection: AsyncConnection, places: Mapping[tuple[str, int], Touch]
) -> None:
    if places:
        covers = (
            feed_archives.c.feed == bindparam("name"),
            feed_archives.c.after < bindparam("arrival_"),
            feed_archives.c.upto >= bindparam("arrival_"),
        )
        await connection.execute(
            update(feed_archives)
            .where(*covers)
            .values(change=bindparam("number_"), changed_at=bindparam("at")),
            [
                {"name": feed, "arrival_": arrival, "number_": touch.change, "at": touch.at}
                for (feed, arrival), touch in places.items()
            ],
        )

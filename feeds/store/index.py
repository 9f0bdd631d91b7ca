"""Which articles are in which feed, kept current change by change; all SQL about it.

A feed's newest articles are found without looking at the others, however many are stored.
Selects nothing itself: it is told who is a member.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, tuple_, update

from feeds.article import Entry
from feeds.kit.database import Database, Lock
from feeds.store.rows import entry_of
from feeds.store.tables import articles, feed_members, feed_states

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


@dataclass(frozen=True, slots=True, order=True)
class Member:
    """An article of a feed, with its arrival."""

    feed: str
    article_id: str
    arrival: int = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What a run of changes does to the feeds: who joins, who goes, and which feeds it touches.

    `touched` gives for each feed the last change that touched it, and when that was.
    """

    joins: tuple[Member, ...] = ()
    leaves: tuple[Member, ...] = ()
    touched: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)


class FeedIndex:
    """The members of all feeds and how far each feed has come."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def states(self) -> dict[str, FeedState]:
        """Return the state of every feed that was ever published and is still declared."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(feed_states))).mappings().all()
        return {row["feed"]: FeedState(**row) for row in rows}

    async def feeds_of(self, article_ids: Sequence[str]) -> dict[str, set[str]]:
        """Return for each of these articles the feeds that it is in."""
        found: dict[str, set[str]] = defaultdict(set)
        async with self._database.read() as connection:
            for start in range(0, len(article_ids), _CHUNK):
                some = article_ids[start : start + _CHUNK]
                query = select(feed_members.c.article_id, feed_members.c.feed)
                rows = await connection.execute(query.where(feed_members.c.article_id.in_(some)))
                for article_id, feed in rows:
                    found[article_id].add(feed)
        return found

    async def newest(self, feed: str, limit: int) -> list[Entry]:
        """Return the `limit` members that arrived last, newest first."""
        query = (
            select(articles)
            .join(feed_members, feed_members.c.article_id == articles.c.id)
            .where(feed_members.c.feed == feed)
            .order_by(feed_members.c.arrival.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [entry_of(row) for row in rows]

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
            leaves = [member for member in movement.leaves if member.feed in current]
            joins = [member for member in movement.joins if member.feed in current]
            for start in range(0, len(leaves), _CHUNK):
                pairs = [(m.feed, m.article_id) for m in leaves[start : start + _CHUNK]]
                which = tuple_(feed_members.c.feed, feed_members.c.article_id).in_(pairs)
                await connection.execute(delete(feed_members).where(which))
            if joins:
                await connection.execute(insert(feed_members), [_values(m) for m in joins])
            touched = [
                {"name": feed, "at": at, "number": number}
                for feed, (number, at) in movement.touched.items()
                if feed in current
            ]
            if touched:
                await connection.execute(
                    update(feed_states)
                    .where(feed_states.c.feed == bindparam("name"))
                    .values(touched=bindparam("number"), touched_at=bindparam("at")),
                    touched,
                )
        return bool(current)

    async def begin(self, feed: str) -> None:
        """Forget the members of `feed`, to choose them anew."""
        async with self._database.write(Lock.PUBLISH) as connection:
            await connection.execute(delete(feed_members).where(feed_members.c.feed == feed))
            await connection.execute(delete(feed_states).where(feed_states.c.feed == feed))

    async def add(self, members: Iterable[Member]) -> None:
        """Add members while a feed is being chosen anew."""
        values = [_values(member) for member in members]
        if values:
            async with self._database.write(Lock.PUBLISH) as connection:
                await connection.execute(insert(feed_members), values)

    async def finish(self, state: FeedState) -> None:
        """Record that the members of a feed are chosen, up to `state.watermark`."""
        values = {name: getattr(state, name) for name in feed_states.c.keys()}  # noqa: SIM118
        async with self._database.write(Lock.PUBLISH) as connection:
            await connection.execute(insert(feed_states).values(values))

    async def rendered(self, feed: str, upto: int, rendering_key: str) -> None:
        """Record that the documents of `feed` show everything up to the change `upto`."""
        async with self._database.write(Lock.PUBLISH) as connection:
            await connection.execute(
                update(feed_states)
                .where(feed_states.c.feed == feed)
                .values(rendered=upto, rendering_key=rendering_key)
            )

    async def forget(self, feed: str) -> None:
        """Forget a feed that is no longer declared."""
        await self.begin(feed)


def _values(member: Member) -> dict[str, object]:
    return {"feed": member.feed, "article_id": member.article_id, "arrival": member.arrival}

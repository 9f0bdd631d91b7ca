"""How far the feeds have come: the ledger of all of them, and the state of each.

Used only by the index, inside its transactions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from feeds.membership import Touch
from feeds.store.tables import (
    ANOTHER_GENERATION,
    article_ledger,
    feed_archives,
    feed_ledger,
    feed_members,
    feed_states,
)

_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """How far one feed has come; see the table."""

    feed: str
    selection_key: str
    rendering_key: str
    touched: int
    touched_at: datetime
    rendered: int

    @property
    def stale(self) -> bool:
        """Whether its documents lag behind its articles."""
        return self.rendered < self.touched


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far all feeds have come, and the last `change` of an article; see the table."""

    watermark: int
    generation: int
    change: int


def progress(connection: Connection) -> Progress:
    """Return how far all feeds have come; of a store without feeds, nowhere."""
    watermark, generation, change = connection.execute(_PROGRESS).one()
    return Progress(watermark=watermark or 0, generation=generation or 0, change=change or 0)


def states(connection: Connection) -> dict[str, FeedState]:
    """Return the state of every feed that is published."""
    rows = connection.execute(select(feed_states)).mappings()
    return {row["feed"]: FeedState(**row) for row in rows}


def stale(connection: Connection) -> dict[str, FeedState]:
    """Return the state of those whose documents lag behind; an index names them."""
    rows = connection.execute(_STALE).mappings()
    return {row["feed"]: FeedState(**row) for row in rows}


def move(connection: Connection, seen: Progress, upto: int) -> bool:
    """Move all feeds on to the change `upto`; tell whether they were still as they were `seen`."""
    as_seen = (
        feed_ledger.c.watermark == seen.watermark,
        feed_ledger.c.generation == seen.generation,
    )
    return (
        connection.execute(update(feed_ledger).where(*as_seen).values(watermark=upto)).rowcount > 0
    )


def add(connection: Connection, state: FeedState, upto: int) -> None:
    """Add a feed that knows all changes up to `upto`; where others know more, all go back there.

    To be told of a change twice does no harm.
    """
    values = {name: getattr(state, name) for name in FeedState.__slots__}
    connection.execute(insert(feed_states).values(values))
    connection.execute(
        update(feed_ledger).where(feed_ledger.c.watermark > upto).values(watermark=upto)
    )
    if not connection.execute(ANOTHER_GENERATION).rowcount:
        connection.execute(insert(feed_ledger).values(id=1, watermark=upto, generation=1))


def forget(connection: Connection, feed: str) -> None:
    """Forget everything that is known of a feed."""
    for table in (feed_members, feed_archives, feed_states):
        connection.execute(delete(table).where(table.c.feed == feed))
    connection.execute(ANOTHER_GENERATION)


def touch(connection: Connection, touched: Mapping[str, Touch]) -> None:
    """Record the last change that touched each of these feeds."""
    if touched:
        rows = [{"name": feed, "number": t.change, "at": t.at} for feed, t in touched.items()]
        connection.execute(_TOUCH, rows)


def outdate(connection: Connection, feeds: Sequence[str]) -> None:
    """Let these feeds lag behind: nobody has rendered them in the way that is wanted."""
    for start in range(0, len(feeds), _CHUNK):
        some = feed_states.c.feed.in_(feeds[start : start + _CHUNK])
        connection.execute(update(feed_states).where(some).values(rendering_key="", rendered=-1))


_PROGRESS = select(
    select(feed_ledger.c.watermark).scalar_subquery(),
    select(feed_ledger.c.generation).scalar_subquery(),
    select(article_ledger.c.change).scalar_subquery(),
)
_STALE = (
    select(feed_states)
    .where(feed_states.c.rendered < feed_states.c.touched)
    .order_by(feed_states.c.feed)
)
_TOUCH = (
    update(feed_states)
    .where(feed_states.c.feed == bindparam("name"), feed_states.c.touched < bindparam("number"))
    .values(touched=bindparam("number"), touched_at=bindparam("at"))
)

"""Putting: how editions get onto the shelf in the database, and off it, each in one transaction.

Used only by the shelf, under the publishing lock. Compares by tags; the bytes are never read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import (
    BindParameter,
    Connection,
    RowMapping,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from feeds.feed import Format, Rendering
from feeds.kit.http import paced
from feeds.publish.documents import Edition
from feeds.store.tables import (
    ANOTHER_GENERATION,
    feed_documents,
    feed_states,
    feed_versions,
    shelf_ledger,
)

ALL_BUT_BODY = [column for column in feed_documents.c if column.name != "body"]
_NONE = (-1, "")

Row = dict[str, object]


def put(connection: Connection, editions: Sequence[Edition], versions: int) -> int:
    """Put what differs of editions that are still current; return how many documents did."""
    states = _states(connection, [edition.feed for edition in editions])
    current = [one for one in editions if states.get(one.feed, _NONE)[0] == one.upto]
    if not current:
        return 0
    another = [one.feed for one in current if states[one.feed][1] != one.key]
    if another:
        connection.execute(delete(feed_versions).where(feed_versions.c.feed.in_(another)))
        connection.execute(ANOTHER_GENERATION)
    _mark_rendered(connection, current)
    _remember(connection, current, versions)
    return _replace(connection, current)


def keep_only(connection: Connection, feeds: Sequence[str]) -> int:
    """Take down the feeds that are not among `feeds`; return how many documents went."""
    gone = connection.execute(delete(feed_documents).where(feed_documents.c.feed.not_in(feeds)))
    if gone.rowcount:
        connection.execute(delete(feed_versions).where(feed_versions.c.feed.not_in(feeds)))
        _advance(connection, serial(connection) + 1)
    return gone.rowcount


def serial(connection: Connection) -> int:
    """Return a number that rises whenever anything on the shelf changes."""
    return connection.scalar(select(shelf_ledger.c.serial)) or 0


def _advance(connection: Connection, number: int) -> None:
    moved = connection.execute(update(shelf_ledger).values(serial=number))
    if not moved.rowcount:
        connection.execute(insert(shelf_ledger).values(id=1, serial=number))


def _states(connection: Connection, feeds: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return for each feed the change that touched it last, and its rendering key."""
    rows = connection.execute(_STATES, {"feeds": list(feeds)})
    return {feed: (touched, key) for feed, touched, key in rows}


def _mark_rendered(connection: Connection, editions: Sequence[Edition]) -> None:
    rows = [{"name": one.feed, "upto": one.upto, "look": one.key} for one in editions]
    connection.execute(_MARK, rows)


def _remember(connection: Connection, editions: Sequence[Edition], keep: int) -> None:
    """Note the versions that are put, and forget the oldest."""
    rows: list[Row] = [
        {
            "feed": one.feed,
            "format": str(rendering.format),
            "etag": rendering.etag,
            "change": one.upto,
        }
        for one in editions
        for rendering in one.renderings
    ]
    if not rows:
        return
    connection.execute(
        _UNVERSION,
        [{"name": row["feed"], "form": row["format"], "tag": row["etag"]} for row in rows],
    )
    connection.execute(insert(feed_versions), rows)
    most = max(keep * len(Format) - 1, 0)
    connection.execute(_TRIM, [{"name": one.feed, "most": most} for one in editions])


def _replace(connection: Connection, editions: Sequence[Edition]) -> int:
    """Put documents; the Last-Modified of each rises with every change, by a second at least."""
    standing = _standing(connection, [edition.feed for edition in editions])
    before = serial(connection)
    fresh: list[Row] = []
    known: list[Row] = []
    for rendering in (one for edition in editions for one in edition.renderings):
        there = standing.get((rendering.feed, str(rendering.format)))
        if there is not None and there["etag"] == rendering.etag:
            continue
        number = before + len(fresh) + len(known) + 1
        (fresh if there is None else known).append(_row(rendering, there) | {"serial": number})
    if fresh:
        connection.execute(insert(feed_documents), fresh)
    if known:
        _overwrite(connection, known)
    if fresh or known:
        _advance(connection, before + len(fresh) + len(known))
    return len(fresh) + len(known)


def _overwrite(connection: Connection, rows: Sequence[Row]) -> None:
    connection.execute(_OVERWRITE, [{f"new_{name}": row[name] for name in row} for row in rows])


def _standing(connection: Connection, feeds: Sequence[str]) -> Mapping[tuple[str, str], RowMapping]:
    rows = connection.execute(_STANDING, {"feeds": list(feeds)}).mappings()
    return {(row["feed"], row["format"]): row for row in rows}


def _row(rendering: Rendering, standing: RowMapping | None) -> Row:
    modified, pace = rendering.modified, 0
    if standing is not None:
        modified = max(modified, standing["modified"] + timedelta(seconds=1))
        pace = paced(standing["pace"], (modified - standing["modified"]).total_seconds())
    return {
        "feed": rendering.feed,
        "format": str(rendering.format),
        "etag": rendering.etag,
        "modified": modified,
        "pace": pace,
        "body": rendering.body,
    }


_FEEDS: BindParameter[list[str]] = bindparam("feeds", expanding=True)
_STATES = select(feed_states.c.feed, feed_states.c.touched, feed_states.c.rendering_key).where(
    feed_states.c.feed.in_(_FEEDS)
)
_STANDING = select(*ALL_BUT_BODY).where(feed_documents.c.feed.in_(_FEEDS))
_MARK = (
    update(feed_states)
    .where(feed_states.c.feed == bindparam("name"))
    .values(rendered=bindparam("upto"), rendering_key=bindparam("look"))
)
_OVERWRITE = (
    update(feed_documents)
    .where(
        feed_documents.c.feed == bindparam("new_feed"),
        feed_documents.c.format == bindparam("new_format"),
    )
    .values({c.name: bindparam(f"new_{c.name}") for c in feed_documents.c if not c.primary_key})
)
_VERSIONS = feed_versions.c.feed == bindparam("name")
_UNVERSION = delete(feed_versions).where(
    _VERSIONS,
    feed_versions.c.format == bindparam("form"),
    feed_versions.c.etag == bindparam("tag"),
)
_OLDEST = (
    select(feed_versions.c.change)
    .where(_VERSIONS)
    .order_by(feed_versions.c.change.desc())
    .offset(bindparam("most"))
    .limit(1)
)
_TRIM = delete(feed_versions).where(_VERSIONS, feed_versions.c.change < _OLDEST.scalar_subquery())

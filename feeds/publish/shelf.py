"""The shelf in the database: the committed bytes of every feed, from which all servers serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.feed import Format, Rendering
from feeds.kit.database import Database, Lock
from feeds.kit.http import paced
from feeds.store.tables import feed_documents, feed_states, feed_versions, shelf_ledger

VERSIONS = 50  # of each document that are remembered, for those who ask what is new since


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a document without its bytes; `serial` grows with every real change.

    `pace` is the time between two changes in seconds, on average of late; 0 while it is unknown.
    """

    feed: str
    format: Format
    etag: str
    modified: datetime
    serial: int
    pace: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(Standing):
    """One feed in one format as it stands on the shelf."""

    body: bytes

    @property
    def standing(self) -> Standing:
        """What is known of it, without the bytes."""
        return Standing(
            feed=self.feed,
            format=self.format,
            etag=self.etag,
            modified=self.modified,
            serial=self.serial,
            pace=self.pace,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An earlier version of a document: its readers have seen everything up to `change`."""

    etag: str
    change: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A feed in all its formats, up to the change `upto`, as the rendering key `key` says."""

    feed: str
    renderings: tuple[Rendering, ...]
    upto: int
    key: str


class DatabaseShelf:
    """All SQL about rendered feeds; `versions` of each document are remembered."""

    def __init__(self, database: Database, versions: int = VERSIONS) -> None:
        self._database = database
        self._versions = versions

    async def put(self, editions: Sequence[Edition]) -> int:
        """Put what differs from what stands there; return how many documents did.

        One transaction for all of them. Where another process has carried a later change into a
        feed meanwhile, nothing is put of it.
        """
        async with self._database.write(Lock.PUBLISH) as connection:
            states = await _states(connection, [edition.feed for edition in editions])
            current = [one for one in editions if states.get(one.feed, _NONE)[0] == one.upto]
            await _mark_rendered(connection, current)
            await _remember(connection, current, states, self._versions)
            return await _replace(connection, current)

    async def keep_only(self, feeds: Iterable[str]) -> int:
        """Take down the feeds that are not among `feeds`; return how many documents went."""
        async with self._database.write(Lock.PUBLISH) as connection:
            gone = await connection.execute(
                delete(feed_documents).where(feed_documents.c.feed.not_in(list(feeds)))
            )
            if gone.rowcount:
                forgotten = feed_versions.c.feed.not_in(list(feeds))
                await connection.execute(delete(feed_versions).where(forgotten))
                await _advance(connection, await _serial(connection) + 1)
        return gone.rowcount

    async def serial(self) -> int:
        """Return a number that rises whenever anything on the shelf changes."""
        async with self._database.read() as connection:
            return await _serial(connection)

    async def documents(self, after: int = 0, limit: int | None = None) -> list[Document]:
        """Return the first `limit` documents whose serial is above `after`, in that order."""
        query = select(feed_documents).where(feed_documents.c.serial > after)
        query = query.order_by(feed_documents.c.serial).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_document(row) for row in rows]

    async def standing(self, after: int = 0) -> list[Standing]:
        """Return what is known of the documents whose serial is above `after`, in that order."""
        query = select(*_ALL_BUT_BODY).where(feed_documents.c.serial > after)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(feed_documents.c.serial))
            return [_standing(row) for row in rows.mappings()]

    async def document(self, feed: str, form: Format) -> Document | None:
        """Return one document as it stands there now."""
        which = (feed_documents.c.feed == feed, feed_documents.c.format == str(form))
        async with self._database.read() as connection:
            found = await connection.execute(select(feed_documents).where(*which))
            row = found.mappings().one_or_none()
        return _document(row) if row else None

    async def version(self, feed: str, form: Format, etags: Sequence[str]) -> Version | None:
        """Return the newest version among those with one of these `etags`, if we remember any.

        None, too, of a version from before the feed was chosen or rendered another way.
        """
        of_this = (feed_versions.c.feed == feed, feed_versions.c.format == str(form))
        query = select(feed_versions.c.etag, feed_versions.c.change)
        query = query.where(*of_this, feed_versions.c.etag.in_(etags))
        async with self._database.read() as connection:
            newest = await connection.execute(
                query.order_by(feed_versions.c.change.desc()).limit(1)
            )
            row = newest.mappings().one_or_none()
        return Version(**row) if row else None

    async def names(self) -> set[tuple[str, Format]]:
        """Return which feeds stand there in which formats."""
        query = select(feed_documents.c.feed, feed_documents.c.format)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {(feed, Format(form)) for feed, form in rows}


_ALL_BUT_BODY = [column for column in feed_documents.c if column.name != "body"]


def _standing(row: RowMapping) -> Standing:
    return Standing(**{**row, "format": Format(row["format"])})


def _document(row: RowMapping) -> Document:
    return Document(**{**row, "format": Format(row["format"])})


async def _serial(connection: AsyncConnection) -> int:
    return await connection.scalar(select(shelf_ledger.c.serial)) or 0


async def _advance(connection: AsyncConnection, serial: int) -> None:
    moved = await connection.execute(update(shelf_ledger).values(serial=serial))
    if not moved.rowcount:
        await connection.execute(insert(shelf_ledger).values(id=1, serial=serial))


async def _states(connection: AsyncConnection, feeds: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return for each feed the change that touched it last, and its rendering key."""
    columns = (feed_states.c.feed, feed_states.c.touched, feed_states.c.rendering_key)
    query = select(*columns).where(feed_states.c.feed.in_(feeds))
    return {feed: (touched, key) for feed, touched, key in await connection.execute(query)}


async def _mark_rendered(connection: AsyncConnection, editions: Sequence[Edition]) -> None:
    if editions:
        await connection.execute(
            update(feed_states)
            .where(feed_states.c.feed == bindparam("name"))
            .values(rendered=bindparam("upto_"), rendering_key=bindparam("key_")),
            [{"name": one.feed, "upto_": one.upto, "key_": one.key} for one in editions],
        )


async def _replace(connection: AsyncConnection, editions: Sequence[Edition]) -> int:
    """Put documents; the Last-Modified of each rises with every change, by a second at least."""
    feeds = [edition.feed for edition in editions]
    query = select(*_ALL_BUT_BODY).where(feed_documents.c.feed.in_(feeds))
    rows = (await connection.execute(query)).mappings().all()
    standing = {(row["feed"], row["format"]): row for row in rows}
    serial = await _serial(connection)
    fresh: list[dict[str, object]] = []
    for rendering in (one for edition in editions for one in edition.renderings):
        known = standing.get((rendering.feed, str(rendering.format)))
        if known is None or known["etag"] != rendering.etag:
            fresh.append(_row(rendering, known) | {"serial": serial + len(fresh) + 1})
    if fresh:
        keys = [(row["feed"], row["format"]) for row in fresh]
        pair = tuple_(feed_documents.c.feed, feed_documents.c.format)
        await connection.execute(delete(feed_documents).where(pair.in_(keys)))
        await connection.execute(insert(feed_documents), fresh)
        await _advance(connection, serial + len(fresh))
    return len(fresh)


def _row(rendering: Rendering, standing: RowMapping | None) -> dict[str, object]:
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


async def _remember(
    connection: AsyncConnection,
    editions: Sequence[Edition],
    states: Mapping[str, tuple[int, str]],
    keep: int,
) -> None:
    """Note the versions that are put; forget old ones, and those they cannot be compared with."""
    same = [
        {"name": one.feed, "etag_": rendering.etag}
        for one in editions
        for rendering in one.renderings
    ]
    if not same:
        return
    mine = feed_versions.c.feed == bindparam("name")
    of_another_kind = [one.feed for one in editions if states[one.feed][1] != one.key]
    await connection.execute(delete(feed_versions).where(feed_versions.c.feed.in_(of_another_kind)))
    await connection.execute(
        delete(feed_versions).where(mine, feed_versions.c.etag == bindparam("etag_")), same
    )
    rows = [
        {
            "feed": one.feed,
            "format": str(rendering.format),
            "etag": rendering.etag,
            "change": one.upto,
        }
        for one in editions
        for rendering in one.renderings
    ]
    await connection.execute(insert(feed_versions), rows)
    oldest = (
        select(feed_versions.c.change)
        .where(mine)
        .order_by(feed_versions.c.change.desc())
        .offset(max(keep * len(Format) - 1, 0))
        .limit(1)
    )
    too_old = feed_versions.c.change < oldest.scalar_subquery()
    await connection.execute(
        delete(feed_versions).where(mine, too_old), [{"name": one.feed} for one in editions]
    )


_NONE = (-1, "")

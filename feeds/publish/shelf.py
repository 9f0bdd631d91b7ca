"""The shelf in the database: the committed bytes of every feed, from which all servers serve."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Delete, RowMapping, delete, insert, select, update
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


class DatabaseShelf:
    """All SQL about rendered feeds; `versions` of each document are remembered."""

    def __init__(self, database: Database, versions: int = VERSIONS) -> None:
        self._database = database
        self._versions = versions

    async def put(
        self, feed: str, renderings: Collection[Rendering], *, upto: int, key: str
    ) -> int:
        """Put what differs from what stands there; return how many documents did.

        The renderings show `feed` up to the change `upto`, as the rendering key `key` says. Where
        another process has carried a later change into the feed meanwhile, nothing is put.
        """
        written = 0
        which = (feed_states.c.feed == feed, feed_states.c.touched == upto)
        done = update(feed_states).where(*which).values(rendered=upto, rendering_key=key)
        async with self._database.write(Lock.PUBLISH) as connection:
            before = select(feed_states.c.rendering_key).where(feed_states.c.feed == feed)
            continues = await connection.scalar(before) == key
            if not (await connection.execute(done)).rowcount:
                return 0
            serial = await _serial(connection)
            await _remember(connection, feed, renderings, upto, continues=continues)
            await _forget(connection, feed, self._versions * len(renderings))
            for rendering in renderings:
                written += await _replace(connection, rendering, serial + written + 1)
            await _advance(connection, serial + written)
        return written

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


async def _replace(connection: AsyncConnection, rendering: Rendering, serial: int) -> bool:
    """Put one document; its Last-Modified rises with every change, by a second at the least."""
    which = (feed_documents.c.feed == rendering.feed, feed_documents.c.format == rendering.format)
    query = select(feed_documents.c.etag, feed_documents.c.modified, feed_documents.c.pace)
    standing = (await connection.execute(query.where(*which))).one_or_none()
    modified, pace = rendering.modified, 0
    if standing is not None:
        if standing.etag == rendering.etag:
            return False
        modified = max(modified, standing.modified + timedelta(seconds=1))
        pace = paced(standing.pace, (modified - standing.modified).total_seconds())
        await connection.execute(delete(feed_documents).where(*which))
    await connection.execute(
        insert(feed_documents).values(
            feed=rendering.feed,
            format=str(rendering.format),
            etag=rendering.etag,
            modified=modified,
            pace=pace,
            serial=serial,
            body=rendering.body,
        )
    )
    return True


async def _remember(
    connection: AsyncConnection,
    feed: str,
    renderings: Collection[Rendering],
    change: int,
    *,
    continues: bool,
) -> None:
    """Note the versions that are put; forget those that they cannot be compared with."""
    mine = feed_versions.c.feed == feed
    same = feed_versions.c.etag.in_([rendering.etag for rendering in renderings])
    await connection.execute(delete(feed_versions).where(mine, same) if continues else _all(feed))
    rows = [
        {"feed": feed, "format": str(one.format), "etag": one.etag, "change": change}
        for one in renderings
    ]
    if rows:
        await connection.execute(insert(feed_versions), rows)


async def _forget(connection: AsyncConnection, feed: str, keep: int) -> None:
    """Forget all but the newest `keep` versions of `feed`."""
    mine = feed_versions.c.feed == feed
    oldest = select(feed_versions.c.change).where(mine).order_by(feed_versions.c.change.desc())
    too_old = feed_versions.c.change < oldest.offset(max(keep - 1, 0)).limit(1).scalar_subquery()
    await connection.execute(delete(feed_versions).where(mine, too_old))


def _all(feed: str) -> Delete:
    return delete(feed_versions).where(feed_versions.c.feed == feed)

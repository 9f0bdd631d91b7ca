"""The shelf in the database: the committed bytes of every feed, from which all servers serve."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.feed import Format, Rendering
from feeds.kit.database import Database, Lock
from feeds.store.tables import feed_documents, feed_states, shelf_ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One feed in one format as it stands on the shelf; `serial` grows with every real change."""

    feed: str
    format: Format
    etag: str
    modified: datetime
    serial: int
    body: bytes


class DatabaseShelf:
    """All SQL about rendered feeds."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
            if not (await connection.execute(done)).rowcount:
                return 0
            serial = await _serial(connection)
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
                await _advance(connection, await _serial(connection) + 1)
        return gone.rowcount

    async def serial(self) -> int:
        """Return a number that rises whenever anything on the shelf changes."""
        async with self._database.read() as connection:
            return await _serial(connection)

    async def documents(self, after: int = 0) -> list[Document]:
        """Return the documents whose serial is above `after`."""
        query = select(feed_documents).where(feed_documents.c.serial > after)
        query = query.order_by(feed_documents.c.serial)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [Document(**{**row, "format": Format(row["format"])}) for row in rows]

    async def names(self) -> set[tuple[str, Format]]:
        """Return which feeds stand there in which formats."""
        query = select(feed_documents.c.feed, feed_documents.c.format)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {(feed, Format(form)) for feed, form in rows}


async def _serial(connection: AsyncConnection) -> int:
    return await connection.scalar(select(shelf_ledger.c.serial)) or 0


async def _advance(connection: AsyncConnection, serial: int) -> None:
    moved = await connection.execute(update(shelf_ledger).values(serial=serial))
    if not moved.rowcount:
        await connection.execute(insert(shelf_ledger).values(id=1, serial=serial))


async def _replace(connection: AsyncConnection, rendering: Rendering, serial: int) -> bool:
    """Put one document; its Last-Modified rises with every change, by a second at the least."""
    which = (feed_documents.c.feed == rendering.feed, feed_documents.c.format == rendering.format)
    query = select(feed_documents.c.etag, feed_documents.c.modified).where(*which)
    standing = (await connection.execute(query)).one_or_none()
    modified = rendering.modified
    if standing is not None:
        if standing.etag == rendering.etag:
            return False
        modified = max(modified, standing.modified + timedelta(seconds=1))
        await connection.execute(delete(feed_documents).where(*which))
    await connection.execute(
        insert(feed_documents).values(
            feed=rendering.feed,
            format=str(rendering.format),
            etag=rendering.etag,
            modified=modified,
            serial=serial,
            body=rendering.body,
        )
    )
    return True

"""The shelf in the database: the committed bytes of every feed, from which all servers serve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, RowMapping, Select, select

from feeds.feed import Format
from feeds.kit.database import Database, Lock
from feeds.publish.documents import Document, Edition, Standing, Version
from feeds.publish.putting import ALL_BUT_BODY, keep_only, put, serial
from feeds.store.tables import feed_documents, feed_versions

VERSIONS = 50  # of each document that are remembered, for those who ask what is new since


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
        return await self._database.writing(Lock.PUBLISH, put, editions, self._versions)

    async def keep_only(self, feeds: Iterable[str]) -> int:
        """Take down the feeds that are not among `feeds`; return how many documents went."""
        return await self._database.writing(Lock.PUBLISH, keep_only, list(feeds))

    async def serial(self) -> int:
        """Return a number that rises whenever anything on the shelf changes."""
        return await self._database.reading(serial)

    async def documents(self, after: int = 0, limit: int | None = None) -> list[Document]:
        """Return the first `limit` documents whose serial is above `after`, in that order."""
        query = select(feed_documents).where(feed_documents.c.serial > after)
        query = query.order_by(feed_documents.c.serial).limit(limit)
        return [_document(row) for row in await self._database.reading(_rows, query)]

    async def standing(self, after: int = 0) -> list[Standing]:
        """Return what is known of the documents whose serial is above `after`, in that order."""
        query = select(*ALL_BUT_BODY).where(feed_documents.c.serial > after)
        query = query.order_by(feed_documents.c.serial)
        return [_standing(row) for row in await self._database.reading(_rows, query)]

    async def document(self, feed: str, form: Format) -> Document | None:
        """Return one document as it stands there now."""
        which = (feed_documents.c.feed == feed, feed_documents.c.format == str(form))
        rows = await self._database.reading(_rows, select(feed_documents).where(*which))
        return _document(rows[0]) if rows else None

    async def version(self, feed: str, form: Format, etags: Sequence[str]) -> Version | None:
        """Return the newest version among those with one of these `etags`, if we remember any.

        None, too, of a version from before the feed was chosen or rendered another way.
        """
        of_this = (feed_versions.c.feed == feed, feed_versions.c.format == str(form))
        query = select(feed_versions.c.etag, feed_versions.c.change)
        query = query.where(*of_this, feed_versions.c.etag.in_(etags))
        newest = query.order_by(feed_versions.c.change.desc()).limit(1)
        rows = await self._database.reading(_rows, newest)
        return Version(**rows[0]) if rows else None

    async def names(self) -> set[tuple[str, Format]]:
        """Return which feeds stand there in which formats."""
        query = select(feed_documents.c.feed, feed_documents.c.format)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {(feed, Format(form)) for feed, form in rows}


def _rows(connection: Connection, query: Select[tuple[object, ...]]) -> Sequence[RowMapping]:
    return connection.execute(query).mappings().all()


def _standing(row: RowMapping) -> Standing:
    return Standing(**{**row, "format": Format(row["format"])})


def _document(row: RowMapping) -> Document:
    return Document(**{**row, "format": Format(row["format"])})

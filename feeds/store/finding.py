"""Finding one article by what a person knows of it: id, address, or a part of the title."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from feeds.article import Entry
from feeds.kit.database import Database
from feeds.store.rows import entry_of
from feeds.store.tables import articles


class Finder:
    """Finds articles for people. Raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, words: str, limit: int) -> Sequence[Entry]:
        """Return what has `words` as its id, else as its address, else in its title.

        At most `limit`, the newest first; the case of ASCII letters in titles is ignored.
        """
        ways = (
            articles.c.id == words,
            articles.c.url == words,
            articles.c.title.icontains(words, autoescape=True),
        )
        for way in ways if words.strip() else ():
            query = select(articles).where(way).order_by(articles.c.change.desc()).limit(limit)
            async with self._database.read() as connection:
                rows = (await connection.execute(query)).mappings().all()
            if rows:
                return [entry_of(row) for row in rows]
        return []

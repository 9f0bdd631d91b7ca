"""Which tags, sections, authors and sources occur, for those that have a feed for each."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from feeds.kit.database import Database, Lock
from feeds.labels import Kind, Label
from feeds.store.tables import feed_label_marks, feed_labels


class LabelStore:
    """All SQL about labels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def labels(self, kinds: Collection[Kind]) -> list[Label]:
        """Return the labels of these kinds that have occurred, in the order of their names."""
        query = select(feed_labels).where(feed_labels.c.kind.in_([str(kind) for kind in kinds]))
        query = query.order_by(feed_labels.c.kind, feed_labels.c.slug)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [Label(Kind(kind), slug, value) for kind, slug, value in rows]

    async def marks(self) -> dict[Kind, int]:
        """Return for each kind the change up to which labels have been looked for."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(feed_label_marks))).all()
        return {Kind(kind): watermark for kind, watermark in rows}

    async def note(self, labels: Collection[Label], kinds: Collection[Kind], upto: int) -> None:
        """Record labels that occur, and that `kinds` have been looked for up to `upto`."""
        dialect = sqlite if self._database.is_sqlite else postgresql
        rows = [{"kind": str(x.kind), "slug": x.slug, "value": x.value} for x in labels]
        names = [str(kind) for kind in kinds]
        async with self._database.write(Lock.PUBLISH) as connection:
            if rows:
                new = dialect.insert(feed_labels).on_conflict_do_nothing()
                await connection.execute(new, rows)
            await connection.execute(
                delete(feed_label_marks).where(feed_label_marks.c.kind.in_(names))
            )
            marks = [{"kind": name, "watermark": upto} for name in names]
            await connection.execute(insert(feed_label_marks), marks)

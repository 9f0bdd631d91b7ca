"""Which tags, sections, authors and sources occur, for those that have a feed for each."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, delete, insert, select, tuple_

from feeds.kit.database import Database, Lock
from feeds.labels import Kind, Label
from feeds.store.tables import ANOTHER_GENERATION, feed_label_marks, feed_labels

_CHUNK = 500


class LabelStore:
    """All SQL about labels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def labels(self, kinds: Collection[Kind]) -> list[Label]:
        """Return the labels of these kinds that have occurred, in the order of their names."""
        return await self._database.reading(_labels, [str(kind) for kind in kinds])

    async def marks(self) -> dict[Kind, int]:
        """Return for each kind the change up to which labels have been looked for."""
        return await self._database.reading(_marks)

    async def note(self, labels: Collection[Label], kinds: Collection[Kind], upto: int) -> None:
        """Record labels that occur, and that `kinds` have been looked for up to `upto`."""
        await self._database.writing_lightly(Lock.PUBLISH, _note, labels, kinds, upto)


def _labels(connection: Connection, kinds: Sequence[str]) -> list[Label]:
    query = select(feed_labels).where(feed_labels.c.kind.in_(kinds))
    rows = connection.execute(query.order_by(feed_labels.c.kind, feed_labels.c.slug))
    return [Label(Kind(kind), slug, value) for kind, slug, value in rows]


def _marks(connection: Connection) -> dict[Kind, int]:
    rows = connection.execute(select(feed_label_marks))
    return {Kind(kind): watermark for kind, watermark in rows}


def _note(
    connection: Connection, labels: Collection[Label], kinds: Collection[Kind], upto: int
) -> None:
    rows = {(str(x.kind), x.slug): x.value for x in labels}
    found = list(rows)
    name = tuple_(feed_labels.c.kind, feed_labels.c.slug)
    for start in range(0, len(found), _CHUNK):
        known = select(feed_labels).where(name.in_(found[start : start + _CHUNK]))
        for kind, slug, _ in connection.execute(known):
            del rows[kind, slug]
    if rows:
        connection.execute(
            insert(feed_labels),
            [{"kind": kind, "slug": slug, "value": value} for (kind, slug), value in rows.items()],
        )
        connection.execute(ANOTHER_GENERATION)
    names = [str(kind) for kind in kinds]
    connection.execute(delete(feed_label_marks).where(feed_label_marks.c.kind.in_(names)))
    connection.execute(
        insert(feed_label_marks), [{"kind": name, "watermark": upto} for name in names]
    )

"""One new article to fresh committed bytes of the five feeds it affects, of 1,000 feeds.

At 1,000, 100,000 and 1,000,000 stored articles on SQLite, as publishing would have left them; the
reference is bare feedgen rendering the same five feeds from memory, in two formats, with no store
at all.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from filling import FEEDS, ITEMS, SITE, TAGS, an_article, fill, specs
from measuring import bare_feedgen, figure

from feeds.kit.database import Database
from feeds.library import Press, publish
from feeds.publish import DatabaseShelf
from feeds.store import HISTORY, ArchiveManifest, ArticleStore, FeedIndex, LabelStore

SIZES = (1_000, 100_000, 1_000_000)
TURNS = 41


async def measure(path: Path, size: int) -> tuple[float, float]:
    """Return the median milliseconds of ours and of the reference."""
    empty = Database(f"sqlite:///{path}")
    await empty.migrate([HISTORY])
    await empty.close()
    await asyncio.to_thread(fill, path, size)
    database = Database(f"sqlite:///{path}")
    store, index = ArticleStore(database), FeedIndex(database)
    shelf, archives = DatabaseShelf(database), ArchiveManifest(database)
    press = Press(store, index, shelf, archives, LabelStore(database), SITE, specs())
    await publish(press, datetime.now(UTC))
    ours, reference = [], []
    for turn in range(TURNS):
        article = an_article(size + turn + 1)
        began = time.perf_counter()
        await store.ingest([article], datetime.now(UTC))
        published = await publish(press, datetime.now(UTC))
        ours.append(time.perf_counter() - began)
        assert published.feeds == TAGS, published
        live = [await index.live(f"f{tag[3:]}", ITEMS) for tag in article.tags]
        began = time.perf_counter()
        for entries in live:
            bare_feedgen(entries)
        reference.append(time.perf_counter() - began)
    await database.close()
    return statistics.median(ours) * 1000, statistics.median(reference) * 1000


def main() -> None:
    sizes = [int(argument) for argument in sys.argv[1:]] or SIZES
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            ours, reference = asyncio.run(measure(Path(folder) / "bench.db", size))
        figure(
            f"one article to 5 of {FEEDS} feeds, {size:,} stored",
            ours,
            reference,
            "ms",
            reference / ours,
        )


if __name__ == "__main__":
    main()

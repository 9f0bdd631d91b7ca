"""Choosing a new feed among 100,000 stored articles, and what one change costs of 1,000 feeds.

The first on SQLite, for a feed of one tag, of one phrase, and of everything; the reference reads
every article and asks the selection. The second in memory; the reference asks every selection.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from filling import FEEDS, an_article, fill, specs
from measuring import figure, median_seconds

from feeds import Query
from feeds.kit.database import Database
from feeds.selections import Selections
from feeds.store import HISTORY, ArticleStore

SIZE = 100_000
CHOSEN = {
    "one tag": Query(tags=("tag7",)),
    "a phrase": Query(words=("report 000000500", "no such words")),
    "everything": Query(),
}


async def by_reading(store: ArticleStore, upto: int, query: Query) -> int:
    """Return how many articles `query` admits of all that are read."""
    after = count = 0
    while entries := await store.arrived(after, upto, 500):
        after = entries[-1].arrival or upto
        count += sum(query.admits(entry.article) for entry in entries)
    return count


async def by_condition(store: ArticleStore, upto: int, query: Query) -> int:
    """Return how many the database finds, as choosing a feed asks it."""
    after = count = 0
    while found := await store.standings(after, upto, 5_000, query):
        after, count = found[-1].arrival, count + len(found)
    return count


async def choosing(path: Path, size: int) -> None:
    empty = Database(f"sqlite:///{path}")
    await empty.migrate([HISTORY])
    await empty.close()
    await asyncio.to_thread(fill, path, size)
    database = Database(f"sqlite:///{path}")
    store = ArticleStore(database)
    for name, query in CHOSEN.items():
        began = time.perf_counter()
        ours = await by_condition(store, size, query)
        between = time.perf_counter()
        assert await by_reading(store, size, query) == ours
        taken, reference = between - began, time.perf_counter() - between
        title = f"a new feed of {name} ({ours:,}) of {size:,}"
        figure(title, taken * 1000, reference * 1000, "ms", reference / taken)
    await database.close()


def following() -> None:
    queries = {spec.name: spec.select for spec in specs()}
    together, articles = Selections(queries), [an_article(number) for number in range(1, 101)]

    def each() -> list[list[str]]:
        return [[name for name, query in queries.items() if query.admits(one)] for one in articles]

    def ours() -> list[list[str]]:
        return [together.admitting(one) for one in articles]

    assert ours() == each()
    taken, reference = (median_seconds(work) * 1_000_000 / len(articles) for work in (ours, each))
    figure(f"one change of {FEEDS:,} feeds", taken, reference, "us", reference / taken)


def main() -> None:
    sizes = [int(argument) for argument in sys.argv[1:]] or [SIZE]
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(choosing(Path(folder) / "bench.db", size))
    following()


if __name__ == "__main__":
    main()

"""One new article to fresh committed bytes of the five feeds it affects, of 1,000 feeds.

At 1,000, 100,000 and 1,000,000 stored articles on SQLite; the reference is bare feedgen rendering
the same five feeds from memory, in two formats, with no store at all.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from measuring import a_moment, bare_feedgen, figure

from feeds import Article, Content, Date, Document, FeedSpec, Place, Query, Site, from_document
from feeds.kit.database import EPOCH, Database
from feeds.library import Press, publish
from feeds.publish import DatabaseShelf
from feeds.store import HISTORY, ArchiveManifest, ArticleStore, FeedIndex, LabelStore
from feeds.store.rows import values_of

FEEDS, ITEMS, TAGS = 1_000, 50, 5
SIZES = (1_000, 100_000, 1_000_000)
TURNS = 15
WORDS = "The bridge over the river carries traffic again after a year of work. " * 6


def tags_of(number: int) -> tuple[str, ...]:
    return tuple(f"tag{(number * TAGS + part) % FEEDS}" for part in range(TAGS))


def an_article(number: int) -> Article:
    document = Document(
        source="bench",
        place=Place("bench"),
        id=str(number),
        title=f"Article number {number}",
        published=Date(a_moment(number % 400_000)),
        tags=tags_of(number),
    )
    return from_document(document, Content(html=f"<p>{WORDS}</p>", text=WORDS))


def specs() -> tuple[FeedSpec, ...]:
    return tuple(
        FeedSpec(name=f"f{n}", title=f"Feed {n}", select=Query(tags=(f"tag{n}",)), items=ITEMS)
        for n in range(FEEDS)
    )


def fill(path: Path, size: int) -> None:
    """Write `size` articles and their memberships past the store, as ingest would have."""
    stamp = int((a_moment(0) - EPOCH).total_seconds()) * 1_000_000
    values = values_of(an_article(0))
    names = [*values, "revision", "arrival", "arrived_at", "change", "changed_at", "revised"]
    names.append("revised_at")

    def rows() -> Iterator[list[object]]:
        plain = {
            key: json.dumps(value) if isinstance(value, list) else value
            for key, value in values.items()
        }
        plain["published"] = stamp
        for number in range(1, size + 1):
            plain["id"] = f"{number:032d}"
            plain["key"] = f"id:{number}"
            plain["tags"] = json.dumps(tags_of(number))
            plain["own_iri"] = ""
            ledger = [1, number, stamp + number, number, stamp + number, number, stamp + number]
            yield [*plain.values(), *ledger]

    with sqlite3.connect(path) as db:
        db.execute("PRAGMA synchronous=OFF")
        marks = ", ".join("?" * len(names))
        db.executemany(f"INSERT INTO articles ({', '.join(names)}) VALUES ({marks})", rows())
        db.executemany(
            "INSERT INTO feed_members (feed, article_id, arrival, shown) VALUES (?, ?, ?, ?)",
            (
                (f"f{(n * TAGS + part) % FEEDS}", f"{n:032d}", n, n)
                for n in range(1, size + 1)
                for part in range(TAGS)
            ),
        )
        db.execute(
            "INSERT INTO article_ledger VALUES (1, ?, ?, ?, ?)", (size, size, stamp + size, 0)
        )
        db.executemany(
            "INSERT INTO feed_states VALUES (?, ?, '', ?, ?, ?, -1)",
            [(spec.name, spec.selection_key, size, size, stamp) for spec in specs()],
        )
    db.close()


async def measure(path: Path, size: int) -> tuple[float, float]:
    """Return the median milliseconds of ours and of the reference."""
    database = Database(f"sqlite:///{path}")
    await database.migrate([HISTORY])
    await asyncio.to_thread(fill, path, size)
    store, index = ArticleStore(database), FeedIndex(database)
    site = Site(name="Riverside Courier", url="https://news.example.org")
    press = Press(
        store,
        index,
        DatabaseShelf(database),
        ArchiveManifest(database),
        LabelStore(database),
        site,
        specs(),
    )
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

"""A SQLite store of any size in a steady state, filled past the store: a million takes a minute.

Articles with ids, keys and openings of their own; feeds with members, full archives and fifty
versions of each document, as ingesting and publishing one after the other would have left them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, pairwise
from pathlib import Path

from measuring import a_moment

from feeds import Article, Content, Date, Document, FeedSpec, Place, Query, Site, from_document
from feeds.article import mint_id
from feeds.feed import Format
from feeds.kit.instants import EPOCH
from feeds.kit.text import normalise
from feeds.library.press import rendering_key
from feeds.store.rows import values_of

FEEDS, ITEMS, TAGS, VERSIONS = 1_000, 50, 5, 50
GROUPS = FEEDS // TAGS  # tags that occur together, and so feeds that have the same articles
SITE = Site(name="Riverside Courier", url="https://news.example.org")
STAMP = int((a_moment(0) - EPOCH).total_seconds()) * 1_000_000
WORDS = "The bridge over the river carries traffic again after a year of work. " * 6


def tags_of(number: int) -> tuple[str, ...]:
    return tuple(f"tag{(number * TAGS + part) % FEEDS}" for part in range(TAGS))


def words_of(number: int) -> str:
    return f"Report {number:09d} from the bridge. {WORDS}"


def an_article(number: int) -> Article:
    words = words_of(number)
    document = Document(
        source="bench",
        place=Place("bench"),
        id=str(number),
        title=f"Article number {number}",
        published=Date(a_moment(number % 400_000)),
        tags=tags_of(number),
    )
    return from_document(document, Content(html=f"<p>{words}</p>", text=words))


def specs() -> tuple[FeedSpec, ...]:
    return tuple(
        FeedSpec(name=f"f{n}", title=f"Feed {n}", select=Query(tags=(f"tag{n}",)), items=ITEMS)
        for n in range(FEEDS)
    )


def fill(path: Path, size: int) -> None:
    """Write `size` articles and all that publishing them would have left into an empty store."""
    with closing(sqlite3.connect(path)) as db:
        for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-200000"):
            db.execute(f"PRAGMA {setting}")
        later = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql != ''")
        indexes = later.fetchall()
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}")
        _fill_articles(db, size)
        _fill_feeds(db, size)
        for _, statement in indexes:
            db.execute(statement)
        db.commit()
        db.execute("PRAGMA journal_mode=WAL")


def _fill_articles(db: sqlite3.Connection, size: int) -> None:
    like = an_article(1)
    plain = _plain(values_of(like))
    _insert(db, "articles", (plain | _own(like, number) for number in range(1, size + 1)))
    keys: Iterator[dict[str, object]] = (
        {"source": "bench", "key": _key(like, n), "article_id": _id(like, n)}
        for n in range(1, size + 1)
    )
    _insert(db, "article_keys", keys)
    last: dict[str, object] = {
        "arrival": size,
        "change": size,
        "arrived_at": STAMP + size,
        "sealed_at": 0,
    }
    _insert(db, "article_ledger", [{"id": 1} | last])


def _own(like: Article, number: int) -> dict[str, object]:
    """Return what the article `number` has in its row that others have not."""
    words = words_of(number)
    own = {
        "id": _id(like, number),
        "key": _key(like, number),
        "fingerprint": f"{number:064x}",
        "title": f"Article number {number}",
        "html": f"<p>{words}</p>",
        "text": words,
        "tags": json.dumps(tags_of(number)),
        "opening": f"report{number:09d}fromthebridgethebridge"[:32],
        "normalised": f" article number {number} \n{normalise(words)}",
        "names": "\n".join(
            ["", *(f"tags:{tag}" for tag in tags_of(number)), "sources:bench", "languages:", ""]
        ),
        "published": int((a_moment(number % 400_000) - EPOCH).total_seconds()) * 1_000_000,
    }
    ledger = {
        "revision": 1,
        "arrival": number,
        "arrived_at": STAMP + number,
        "change": number,
        "changed_at": STAMP + number,
        "revised": number,
        "revised_at": STAMP + number,
    }
    return own | ledger


def _key(like: Article, number: int) -> str:
    return like.key.replace("1", str(number))


def _id(like: Article, number: int) -> str:
    return mint_id(like.source, _key(like, number))


def _fill_feeds(db: sqlite3.Connection, size: int) -> None:
    like = an_article(1)
    for number, spec in enumerate(specs()):
        group = number // TAGS
        if number % TAGS == 0:
            arrivals = range(group or GROUPS, size + 1, GROUPS)
            members = sorted((_id(like, number), number) for number in arrivals)
        _insert(db, "feed_members", _members(spec.name, members))
        _insert(db, "feed_archives", _archives(spec.name, arrivals, group % ITEMS))
        _insert(db, "feed_versions", _versions(spec.name, size))
        state: dict[str, object] = {
            "feed": spec.name,
            "selection_key": spec.selection_key,
            "rendered": -1,
        }
        state["rendering_key"] = rendering_key(spec, SITE)
        _insert(db, "feed_states", [state | {"touched": size, "touched_at": STAMP + size}])
    _insert(db, "feed_ledger", [{"id": 1, "watermark": size, "generation": 1}])


def _members(feed: str, members: Iterable[tuple[str, int]]) -> Iterator[dict[str, object]]:
    for id_, number in members:
        numbers: dict[str, object] = {"arrival": number, "shown": number, "change": number}
        yield {"feed": feed, "article_id": id_} | numbers


def _archives(feed: str, arrivals: Sequence[int], waiting: int) -> Iterator[dict[str, object]]:
    """Return archives of all but the last `waiting`, which are not enough for another one."""
    covered = arrivals[: len(arrivals) - waiting] if len(arrivals) > waiting else ()
    ends = [0, *sorted(covered[-1 - n] for n in range(0, len(covered) - ITEMS + 1, ITEMS))]
    for number, (after, upto) in enumerate(pairwise(ends), start=1):
        span: dict[str, object] = {"feed": feed, "number": number, "after": after, "upto": upto}
        yield span | {"change": upto, "changed_at": STAMP + upto}


def _versions(feed: str, size: int) -> Iterator[dict[str, object]]:
    for form in Format:
        for age in range(VERSIONS):
            etag = f"{age:06d}{form}{feed:>20}"
            yield {"feed": feed, "format": str(form), "etag": etag, "change": size - age}


def _insert(db: sqlite3.Connection, table: str, rows: Iterable[dict[str, object]]) -> None:
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    marks = ", ".join(f":{name}" for name in first)
    statement = f"INSERT INTO {table} ({', '.join(first)}) VALUES ({marks})"
    db.executemany(statement, chain([first], rows))


def _plain(row: dict[str, object]) -> dict[str, object]:
    return {
        key: json.dumps(value) if isinstance(value, list) else value for key, value in row.items()
    }

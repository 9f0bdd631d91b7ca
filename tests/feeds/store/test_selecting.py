"""What a selection admits and what the database finds for it are the same, on both databases."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text

from feeds import Query
from feeds.kit.database import Database
from feeds.store import ArticleStore
from feeds.store.selecting import condition
from feeds.store.tables import articles
from tests.conftest import NOW
from tests.feeds.builders import an_article
from tests.feeds.spellings import a_known, a_wanted
from tests.laws import law

MANY = 10**6


def test_everything_has_a_condition_but_what_is_too_large() -> None:
    tags = tuple(f"t{number}" for number in range(500))
    assert condition(Query(tags=tags)) is not None
    assert condition(Query(tags=(*tags, "one more"))) is None
    assert condition(Query(words=tags[:8])) is not None
    assert condition(Query(words=tags[:8], exclude=Query(words=("one more",)))) is None
    assert condition(_deep(14)) is not None
    assert condition(_deep(15)) is None


async def found(store: ArticleStore, query: Query) -> list[str]:
    entries = await store.arrived(0, MANY, MANY, query)
    standings = await store.standings(0, MANY, MANY, query)
    ids = [entry.article.id for entry in entries]
    assert [standing.id for standing in standings] == ids
    assert [(s.arrival, s.revised, s.change, s.changed_at) for s in standings] == [
        (entry.arrival, entry.revised, entry.change, entry.changed_at) for entry in entries
    ]
    return ids


@law(2, thorough=20, suppressed=(HealthCheck.function_scoped_fixture,))
@given(st.integers(0, 2**32))
async def test_the_database_finds_what_a_selection_admits(database: Database, seed: int) -> None:
    random, store = Random(seed), ArticleStore(database)
    # Articles of earlier examples stay: they are asked about again.
    await store.ingest([a_known(random, random.randint(0, 99)).article for _ in range(30)], NOW)
    articles = [entry.article for entry in await store.arrived(0, MANY, MANY)]
    for _ in range(40):
        query = a_wanted(random).query
        assert await found(store, query) == [one.id for one in articles if query.admits(one)], query


HOSTILE = (
    Query(),
    Query(exclude=Query()),
    Query(any=(Query(exclude=Query()),)),
    Query(tags=("a",), exclude=Query(tags=("a",))),
    Query(tags=("%",)),
    Query(tags=("_",)),
    Query(tags=("\\", "'; --")),
    Query(words=("100 %", "a_b")),
    Query(words=("%",)),
    Query(words=("w\x00ord", "\ud800")),
    Query(tags=("\x00", "\ud800", "t\x00ag")),
    Query(languages=("d\x00e",)),
    Query(languages=("de\ntags:a",)),
    Query(sections=("s\ntags:a",)),
    Query(sources=("paper\n",)),
    Query(words=("long " * 2_500,)),
    Query(words=("x" * 11_000,)),
    Query(tags=("y" * 11_000,)),
    Query(words=(*(f"w{number}" for number in range(492, 499)), "w499")),
    Query(words=(*(f"w{number}" for number in range(400)), "ordinary")),
    Query(tags=(*(f"t{number}" for number in range(499)), "a")),
    Query(tags=(*(f"t{number}" for number in range(2_000)), "a")),
    Query(tags=("",), words=("",)),
    Query(any=tuple(Query(tags=(f"t{number}",), sections=("s",)) for number in range(9))),
    Query(any=(*(Query(tags=(f"t{number}",)) for number in range(249)), Query(tags=("a",)))),
    Query(any=(*(Query(tags=(f"t{number}",)) for number in range(600)), Query(tags=("a",)))),
)


async def test_no_selection_is_too_long_or_too_strange(database: Database) -> None:
    store = ArticleStore(database)
    kinds: list[dict[str, object]] = [
        {"tags": ("a", "%"), "text": "An ordinary word."},
        {"tags": ("_", "\\"), "text": "At 100 % of a_b, axb."},
        {"tags": ("'; --",), "text": "long " * 2_500, "language": "de"},
        {"tags": ("t7", "tag"), "section": "s", "text": "x" * 11_000},
        {"tags": (), "text": "w499"},
    ]
    written = [an_article(path=f"{n}.md", title="T", **kind) for n, kind in enumerate(kinds)]
    await store.ingest(written, NOW)
    for query in (*HOSTILE, _deep(13), _deep(14), _deep(60)):
        admitted = [article.id for article in written if query.admits(article)]
        assert await found(store, query) == admitted, query.canonical[:200]


def _deep(levels: int) -> Query:
    query = Query(tags=("a",))
    for _ in range(levels):
        query = Query(exclude=query, languages=("", "de"))
    return query


async def test_a_limit_counts_what_is_selected(database: Database) -> None:
    store = ArticleStore(database)
    names = ("a", "b") * 6
    written = [an_article(path=f"{n}.md", tags=(tag,)) for n, tag in enumerate(names)]
    await store.ingest(written, NOW)
    large = Query(tags=("b", *(f"t{number}" for number in range(600))))
    for query in (Query(tags=("b",)), large):
        first = await store.arrived(0, 12, 4, query)
        assert [entry.arrival for entry in first] == [2, 4, 6, 8]
        rest = await store.arrived(8, 11, 4, query)
        assert [entry.arrival for entry in rest] == [10]


async def test_an_edit_is_selected_by_what_it_says_now(database: Database) -> None:
    store = ArticleStore(database)
    before = an_article(tags=("a",), text="Before.")
    await store.ingest([before, replace(before, tags=("b",), text="After.", fingerprint="")], NOW)
    assert not await found(store, Query(tags=("a",)))
    assert not await found(store, Query(words=("before",)))
    assert await found(store, Query(tags=("b",), words=("after",)))


async def test_a_window_is_walked_by_its_index_and_not_sorted(sqlite: Database) -> None:
    query = Query(tags=("a",), words=("word",))

    def plan(connection: Connection) -> list[str]:
        said = condition(query)
        assert said is not None
        asked = select(articles.c.id).where(articles.c.arrival > 0, said)
        asked = asked.order_by(articles.c.arrival)
        compiled = asked.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        rows = connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))
        return [row.detail for row in rows]

    assert await sqlite.reading(plan) == [
        "SEARCH articles USING INDEX articles_by_arrival (arrival>?)"
    ]

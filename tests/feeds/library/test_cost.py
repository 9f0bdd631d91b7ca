"""What one article costs depends on the feeds it is in, not on others nor on what is stored."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event

from feeds import Article, Query
from feeds.kit.database import Database
from feeds.library import Press, publish
from tests.conftest import NOW
from tests.feeds.builders import a_feed
from tests.feeds.builders import an_article as an_article_with
from tests.feeds.library.builders import a_press

# Tables of one row, and an index of nothing but what lags behind: to read all of them is cheap.
SMALL = {
    "article_ledger",
    "feed_ledger",
    "shelf_ledger",
    "feed_states USING INDEX feed_states_stale",
}
SCAN = re.compile(r"SCAN (?!CONSTANT ROW|anon_\d+)(.+)")
TOUCHED = [a_feed(name=f"t{n}", select=Query(tags=("touched",)), items=4) for n in range(5)]


def an_article(number: int, *tags: str) -> Article:
    text = f"Words of number {number}, enough of them to be told from those of another."
    return an_article_with(id=f"a{number}", path="", title=f"{number}", text=text, tags=tags)


@dataclass
class Heard:
    """What was said to the database: statements with values, and commits that wait or do not."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    durable: int = 0
    light: int = 0


@contextmanager
def listening() -> Iterator[Heard]:
    """Hear everything that is said to a database."""
    heard = Heard()

    def executed(_c: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        heard.statements.append((statement, values))

    def committed(connection: Connection) -> None:
        lightly = connection.get_execution_options().get("lightly", False)
        heard.durable += not lightly
        heard.light += bool(lightly)

    events: dict[str, Callable[..., None]] = {
        "before_cursor_execute": executed,
        "commit": committed,
    }
    for name, hear in events.items():
        event.listen(Engine, name, hear)
    try:
        yield heard
    finally:
        for name, hear in events.items():
            event.remove(Engine, name, hear)


async def one_article(database: Database, *, others: int, stored: int) -> tuple[Press, Heard]:
    """Publish one article for the touched feeds beside `others` and `stored` articles."""
    feeds = [a_feed(name=f"o{n}", select=Query(tags=(f"other{n}",))) for n in range(others)]
    press = a_press(database, *TOUCHED, *feeds)
    for batch in ([an_article(number, "touched") for number in range(6)], many(stored)):
        await press.store.ingest(batch, NOW)
        await publish(press, NOW)
    await publish(press, NOW)
    with listening() as heard:
        await press.store.ingest([an_article(9, "touched")], NOW)
        assert (await publish(press, NOW)).feeds == len(TOUCHED)
    return press, heard


def many(stored: int) -> list[Article]:
    return [an_article(100 + number, f"other{number % 7}") for number in range(stored)]


async def test_every_question_on_the_way_is_answered_from_an_index(sqlite: Database) -> None:
    _, heard = await one_article(sqlite, others=20, stored=30)
    scans = set()
    with closing(sqlite3.connect(str(sqlite.path))) as connection:
        for statement, values in heard.statements:
            if statement.startswith(("PRAGMA", "BEGIN")):
                continue
            row = values[0] if isinstance(values, list) else values
            for *_, plan in connection.execute(f"EXPLAIN QUERY PLAN {statement}", row):
                found = SCAN.match(plan)
                if found and found[1] not in SMALL:
                    scans.add((plan, statement))
    assert not scans


async def test_it_takes_as_many_statements_however_much_there_is(store_url: str) -> None:
    database = Database(store_url)
    _, heard = await one_article(database, others=20, stored=30)
    await database.close()
    said = [statement for statement, _ in heard.statements if "PRAGMA" not in statement]
    assert len(said) <= 40, "\n".join(said)
    rows = max(len(values) for _, values in heard.statements if isinstance(values, list))
    assert rows <= 3 * len(TOUCHED)


async def test_only_the_article_and_the_documents_wait_for_the_disk(sqlite: Database) -> None:
    _, heard = await one_article(sqlite, others=5, stored=5)
    assert (heard.durable, heard.light) == (2, 1)


async def test_words_that_were_written_before_are_not_even_read(sqlite: Database) -> None:
    press, _ = await one_article(sqlite, others=0, stored=0)
    shown = (await press.index.shown({"t0": 4}))["t0"]
    assert len(shown) > 1
    known = press.kept.known(shown, TOUCHED[0], press.site)
    assert {one.name for one in known} == {one.id for one in shown}


async def test_nothing_new_costs_a_few_questions(sqlite: Database) -> None:
    press, _ = await one_article(sqlite, others=20, stored=0)
    with listening() as heard:
        assert (await publish(press, NOW)).feeds == 0
    assert len([one for one, _ in heard.statements if one.startswith("SELECT")]) <= 3
    assert heard.durable == heard.light == 0

"""Statements over rows on the bare driver: all rows, or none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    CTE,
    BigInteger,
    Column,
    Executable,
    MetaData,
    Table,
    Text,
    create_engine,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import sqlite

from feeds.kit.rows import MOST, Bare, RowStatement, in_one_piece
from tests.laws import law

ENTRIES = Table(
    "entries", MetaData(), Column("number", BigInteger, primary_key=True), Column("words", Text)
)
THERE = MOST + 5


def renamed(given: CTE) -> Executable:
    words = select(given.c.words).where(given.c.number == ENTRIES.c.number).scalar_subquery()
    named = ENTRIES.c.number.in_(select(given.c.number))
    return update(ENTRIES).where(named).values(words=words)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        made.execute("CREATE TABLE entries (number INTEGER PRIMARY KEY, words TEXT)")
        made.executemany("INSERT INTO entries VALUES (?, 'old')", [(n,) for n in range(THERE)])
        made.execute("BEGIN IMMEDIATE")
        yield made


def named(connection: sqlite3.Connection) -> int:
    query = "SELECT count(*) FROM entries WHERE words = 'new'"
    found: int = connection.execute(query).fetchone()[0]
    return found


@pytest.fixture
def rename() -> RowStatement:
    return RowStatement(sqlite.dialect(), {"number": BigInteger(), "words": Text()}, renamed)


@pytest.mark.parametrize("count", [0, 1, THERE])
def test_a_row_for_each_is_changed_and_counted(
    connection: sqlite3.Connection, rename: RowStatement, count: int
) -> None:
    assert rename.changes_each(connection, [(number, "new") for number in range(count)])
    connection.execute("COMMIT")
    assert named(connection) == count


@pytest.mark.parametrize("missing", [0, THERE])
def test_where_one_is_not_there_none_is_changed_and_what_stood_before_stays(
    connection: sqlite3.Connection, rename: RowStatement, missing: int
) -> None:
    rename.run(connection, [(3, "new")])
    rows = [(number if number != missing else -1, "new") for number in range(THERE + 1)]
    assert not rename.changes_each(connection, rows)
    assert named(connection) == 1
    connection.execute("COMMIT")
    assert named(connection) == 1


def test_a_driver_that_does_not_count_changes_nothing(
    connection: sqlite3.Connection, rename: RowStatement
) -> None:
    class Uncounted:
        def execute(self, statement: str, parameters: object = (), /) -> object:
            raise AssertionError(statement)

    bare: Bare = Uncounted()
    assert not rename.changes_each(bare, [(1, "new")])


WORDS = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@law(20)
@given(st.dictionaries(st.integers(-(2**63), 2**63 - 1), WORDS, max_size=20))
def test_rows_in_one_piece_are_those_that_come_one_by_one(entries: dict[int, str | None]) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        ENTRIES.create(connection)
        for number, words in entries.items():
            connection.execute(insert(ENTRIES).values(number=number, words=words))
        found = in_one_piece(connection, select(ENTRIES.c.number, ENTRIES.c.words))
        assert {row[0]: row[1] for row in found} == entries
    engine.dispose()

"""Entries that are written together: in order, in one commit, and nobody is told too early."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    CTE,
    BigInteger,
    Column,
    Executable,
    MetaData,
    Table,
    Text,
    insert,
    inspect,
    select,
)
from sqlalchemy.types import TypeEngine

from feeds.errors import StoreError
from feeds.kit import committing, engines
from feeds.kit.commits import LINGER, Commits
from feeds.kit.committing import CommitLine
from feeds.kit.database import Database
from feeds.kit.rows import Bare, RowStatement

ENTRIES = Table(
    "entries", MetaData(), Column("number", BigInteger, primary_key=True), Column("words", Text)
)


class Book:
    """A table that entries are written to; `commits` has how many came with each commit."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.commits: list[int] = []
        self.threads: list[threading.Thread] = []  # in which they were made
        kinds: dict[str, TypeEngine[Any]] = {"number": BigInteger(), "words": Text()}
        self._insert = RowStatement(database.dialect, kinds, self._statement)
        self.door: Commits[tuple[int, str | None], int] = database.commits(self._write)

    @staticmethod
    def _statement(given: CTE) -> Executable:
        return insert(ENTRIES).from_select(["number", "words"], select(given))

    def _write(self, connection: Bare, entries: Sequence[tuple[int, str | None]]) -> list[int]:
        self.commits.append(len(entries))
        self.threads.append(threading.current_thread())
        self._insert.run(connection, entries)
        return [number for number, _ in entries]

    async def read(self) -> list[int]:
        async with self.database.read() as connection:
            query = select(ENTRIES.c.number).order_by(ENTRIES.c.number)
            return list((await connection.execute(query)).scalars())


@pytest.fixture
async def book(database: Database) -> AsyncIterator[Book]:
    async with database.write() as connection:
        await connection.run_sync(ENTRIES.metadata.create_all)
    yield Book(database)
    async with database.write() as connection:
        await connection.run_sync(ENTRIES.metadata.drop_all)


@pytest.fixture
async def filed(sqlite: Database) -> Book:
    """A book that is a file's."""
    async with sqlite.write() as connection:
        await connection.run_sync(ENTRIES.metadata.create_all)
    return Book(sqlite)


async def test_whoever_waits_shares_a_commit_with_all_who_wait(book: Book) -> None:
    outcomes = await asyncio.gather(*(book.door.put((number, "x")) for number in range(150)))
    assert outcomes == list(range(150))
    assert await book.read() == outcomes
    assert sum(book.commits) == 150
    assert len(book.commits) <= 2


async def test_what_is_added_goes_with_the_next_commit_or_soon_by_itself(book: Book) -> None:
    book.door.add((1, None))
    assert await book.door.put((2, None)) == 2
    assert await book.read() == [1, 2]
    book.door.add((3, None))
    await asyncio.sleep(0.3)
    assert await book.read() == [1, 2, 3]


async def test_what_was_added_is_on_the_disk_once_it_is_settled(book: Book) -> None:
    await book.door.settle()
    book.door.add((1, "x"))
    await book.door.settle()
    assert await book.read() == [1]
    assert book.commits == [1]


async def test_a_commit_that_fails_is_told_to_all_and_writes_nothing(book: Book) -> None:
    await book.door.put((1, "x"))
    both = await asyncio.gather(
        book.door.put((2, "x")), book.door.put((1, "again")), return_exceptions=True
    )
    assert [type(one) for one in both] == [StoreError, StoreError]
    assert await book.read() == [1]
    assert await book.door.put((3, "x")) == 3


async def test_what_was_added_is_written_once_that_works_again(book: Book) -> None:
    await book.door.put((1, "x"))
    book.door.add((2, "x"))
    with pytest.raises(StoreError):
        await book.door.put((1, "again"))
    await book.door.settle()
    assert await book.read() == [1, 2]


async def test_a_turn_that_cannot_be_had_is_told_and_the_next_one_is_tried(
    sqlite: Database, tmp_path: Path
) -> None:
    async with sqlite.write() as connection:
        await connection.run_sync(ENTRIES.metadata.create_all)
    other = Database(f"sqlite:///{sqlite.path}")
    book, lock = Book(other), tmp_path / "store.db-lock"
    lock.rename(tmp_path / "aside")
    lock.mkdir()
    with pytest.raises(StoreError, match="Is a directory"):
        await book.door.put((1, "x"))
    lock.rmdir()
    (tmp_path / "aside").rename(lock)
    assert await book.door.put((2, "x")) == 2
    assert await book.read() == [2]
    await other.close()


async def test_who_stops_waiting_holds_up_nobody(book: Book) -> None:
    async with book.database.write():
        gone = asyncio.ensure_future(book.door.put((1, "x")))
        await asyncio.sleep(0.05)
        gone.cancel()
    assert await book.door.put((2, "x")) == 2


async def test_other_writers_get_their_turn_in_between(book: Book) -> None:
    """On SQLite there is one writer at a time, and a crowd at this door is not let in before it."""
    others = 0
    done = asyncio.Event()

    async def crowd() -> None:
        number = 100
        while not done.is_set():
            number += 1
            await book.door.put((number, "x"))

    crowding = asyncio.create_task(crowd())
    for number in range(5):
        async with book.database.write() as connection:
            await connection.execute(insert(ENTRIES).values(number=number))
            others += 1
    done.set()
    await crowding
    assert others == 5


async def test_a_connection_that_is_gone_is_made_anew(book: Book) -> None:
    if book.database.is_sqlite:
        pytest.skip("nobody can take a file's connection away")
    await book.door.put((1, "x"))
    async with book.database.write() as connection:
        await connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    with pytest.raises(StoreError):
        await book.door.put((2, "x"))
    assert await book.door.put((3, "x")) == 3
    assert await book.read() == [1, 3]


class Watch:
    """A clock for commits, all of which take as long as it says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        self._now = 0.0
        monkeypatch.setattr(committing, "perf_counter", self._look)

    def _look(self) -> float:
        self._now += self.seconds
        return self._now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


async def put_some(book: Book, first: int) -> bool:
    """Put twenty entries, one after the other; return whether a thread made the last commit."""
    for number in range(first, first + 20):
        await book.door.put((number, "x"))
    return book.threads[-1] is not threading.current_thread()


async def test_only_quick_commits_to_a_file_are_made_where_others_would_wait(
    book: Book, watch: Watch
) -> None:
    assert await put_some(book, 0) is not book.database.is_sqlite
    watch.seconds = 1.5 * committing._QUICK
    assert await put_some(book, 20)
    watch.seconds = 0.75 * committing._QUICK
    for number in range(40, 80, 20):
        in_a_thread = await put_some(book, number)
    assert in_a_thread is not book.database.is_sqlite
    assert await book.read() == list(range(80))
    assert book.commits == [1] * 80


async def test_what_is_written_late_is_written_before_the_connection_goes(
    book: Book, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_then: list[int] = []
    close = CommitLine.close

    async def looked(line: CommitLine[Any, Any]) -> None:
        by_then.append(len(book.commits))
        await close(line)

    monkeypatch.setattr(CommitLine, "close", looked)
    watch.seconds = committing._QUICK / 4
    await put_some(book, 10)

    def told(_: int) -> None:
        book.door.add((3, "x"))

    def failed(error: Exception) -> None:
        raise error

    book.door.add((1, "x"))
    book.door.hand_in((2, "x"), told, failed)
    closing = asyncio.ensure_future(book.door.close())
    asyncio.get_running_loop().call_soon(time.sleep, 2 * LINGER)  # so that the timer is due
    await closing
    await asyncio.sleep(5 * LINGER)
    assert by_then == [len(book.commits)]


def log_of(database: Database) -> int:
    """How many octets the log beside the file has."""
    return Path(f"{database.path}-wal").stat().st_size


async def test_the_log_of_a_file_has_its_size_soon(sqlite: Database, filed: Book) -> None:
    await filed.door.put((0, "x"))
    assert log_of(sqlite) < 1_000_000  # whoever writes little needs no more
    await put_some(filed, 1)
    size = log_of(sqlite)
    assert size > 4_000_000
    for number in range(21, 321, 20):
        await put_some(filed, number)
    assert log_of(sqlite) == size
    assert await filed.read() == list(range(321))
    async with sqlite.read() as reading:
        assert "room" not in await reading.run_sync(lambda sync: inspect(sync).get_table_names())


async def test_of_a_disk_with_little_left_nothing_is_taken_beforehand(
    sqlite: Database, filed: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_LITTLE", 2**40)
    await put_some(filed, 0)
    assert log_of(sqlite) < 1_000_000


@contextmanager
def another_program(database: Database) -> Iterator[None]:
    """Somebody else writes to the file."""
    with closing(sqlite3.connect(str(database.path), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("COMMIT")


async def test_the_first_commit_waits_for_another_program_at_the_file(
    sqlite: Database, filed: Book
) -> None:
    with another_program(sqlite):
        waiting = asyncio.ensure_future(filed.door.put((1, "x")))
        await asyncio.sleep(0.1)
        assert not waiting.done()
    assert await waiting == 1
    assert await filed.read() == [1]


async def test_who_waits_for_another_program_at_the_file_keeps_nobody_else_waiting(
    sqlite: Database, filed: Book, watch: Watch
) -> None:
    assert not await put_some(filed, 0)
    with another_program(sqlite):
        waiting = asyncio.ensure_future(filed.door.put((20, "x")))
        await asyncio.sleep(0.1)
        assert not waiting.done()
    assert await waiting == 20
    assert filed.threads[-1] is not threading.current_thread()
    assert not await put_some(filed, 21)
    await filed.door.close()
    assert await filed.read() == list(range(41))

"""The door to the database says what is wrong in one line, without a secret, and lets go."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from feeds.errors import NewerStore, StoreError
from feeds.kit import database as databases
from feeds.kit import turns
from feeds.kit.database import Database, Lock
from feeds.store import HISTORY


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3cret@h:port/db",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://u:s3cret@h/db",
        "s3cret",
        "sqlite:////dev/null/below/store.db",
    ],
)
def test_an_address_that_is_none_is_one_plain_error(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Database(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgresql://u:s3cret@h/db", "postgresql://u@h/db?password=s3cret"]
)
async def test_a_password_is_not_part_of_the_name(url: str) -> None:
    database = Database(url)
    assert "s3cret" not in database.name
    await database.close()


async def test_a_write_that_fails_or_is_cancelled_lets_the_next_one_in(
    database: Database, store_url: str
) -> None:
    other = Database(store_url)
    with pytest.raises(ZeroDivisionError):
        async with database.write():
            raise ZeroDivisionError

    async def hold() -> None:
        async with database.write():
            await asyncio.sleep(60)

    holding = asyncio.create_task(hold())
    await asyncio.sleep(0.1)
    waiting = asyncio.create_task(hold())
    await asyncio.sleep(0.1)
    for task in (waiting, holding):
        task.cancel()
    await asyncio.wait([waiting, holding])
    for writer in (database, other):
        async with asyncio.timeout(5), writer.write() as connection:
            await connection.execute(text("SELECT 1"))
    await other.close()


async def test_a_writer_that_is_cancelled_in_a_statement_keeps_nobody_out(sqlite: Database) -> None:
    """Not even while what was raised, and with it the statement, is still in somebody's hand."""
    begun = asyncio.Event()

    async def write() -> None:
        async with sqlite.write() as connection:
            await connection.execute(text("INSERT INTO shelf_ledger (id, serial) VALUES (1, 5)"))
            begun.set()
            await connection.execute(LONG)

    writing = asyncio.create_task(write())
    await begun.wait()
    await asyncio.sleep(0.01)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError) as kept:
        await writing
    async with asyncio.timeout(10), sqlite.write() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM shelf_ledger")) == 0
    del kept


async def test_a_writer_of_another_process_is_waited_for_with_patience(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    other = Database(f"sqlite:///{sqlite.path}")
    async with sqlite.write():
        with pytest.raises(StoreError, match="another process has been writing"):
            async with other.write():
                pass
    async with other.write():
        pass
    await other.close()


async def test_what_fails_is_not_kept(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO shelf_ledger (id, serial) VALUES (1, 5)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM shelf_ledger")) == 0


async def test_readers_that_are_all_taken_are_a_store_error(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service rides out a store error; anything else ends it."""
    monkeypatch.setattr(sqlite._readers.pool, "_timeout", 0.05)
    async with asyncio.timeout(5):
        held = [sqlite.read() for _ in range(databases.READERS)]
        for reader in held:
            await reader.__aenter__()
        with pytest.raises(StoreError):
            async with sqlite.read():
                pass
        for reader in held:
            await reader.__aexit__(None, None, None)


def test_a_file_of_another_kind_is_a_store_error(tmp_path: Path) -> None:
    async def look() -> None:
        (tmp_path / "store.db").write_bytes(b"No database, but a letter to the editor." * 99)
        database = Database(f"sqlite:///{tmp_path / 'store.db'}")
        try:
            with pytest.raises(StoreError):
                async with database.read() as connection:
                    await connection.execute(text("SELECT * FROM articles"))
        finally:
            await database.close()

    asyncio.run(look())


LONG = text(
    "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 500000)"
    " SELECT max(n) FROM numbers"
)
SERIAL = text("SELECT coalesce(max(serial), 0) FROM shelf_ledger")


def _serial(connection: Connection) -> int:
    return int(connection.scalar(SERIAL) or 0)


def _put(connection: Connection, serial: int, *, fail: bool = False) -> int:
    connection.execute(
        text("INSERT INTO shelf_ledger (id, serial) VALUES (:serial, :serial)"), {"serial": serial}
    )
    if fail:
        raise ZeroDivisionError
    return serial


async def test_work_is_done_in_one_transaction_or_not_at_all(database: Database) -> None:
    assert await database.writing(Lock.PUBLISH, _put, 1) == 1
    assert await database.writing_lightly(Lock.PUBLISH, _put, serial=2) == 2
    for write in (database.writing, database.writing_lightly):
        with pytest.raises(ZeroDivisionError):
            await write(Lock.PUBLISH, _put, 3, fail=True)
    assert await database.reading(_serial) == 2


async def test_whoever_only_reads_cannot_write(sqlite: Database) -> None:
    with pytest.raises(StoreError):
        await sqlite.reading(_put, 1)


async def test_work_that_was_begun_is_carried_through(database: Database, store_url: str) -> None:
    """Else the next writer would come in while it is still writing."""
    begun = threading.Event()

    def slowly(connection: Connection) -> None:
        begun.set()
        _put(connection, 7)
        time.sleep(0.05)

    writing = asyncio.create_task(database.writing(Lock.PUBLISH, slowly))
    await asyncio.to_thread(begun.wait) if database.is_sqlite else await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    other = Database(store_url)
    assert await other.writing(Lock.PUBLISH, _serial) == (7 if database.is_sqlite else 0)
    await other.close()


async def test_a_durable_commit_waits_for_the_disk_after_a_light_one(sqlite: Database) -> None:
    def synchronous(connection: Connection) -> int:
        return int(connection.scalar(text("PRAGMA synchronous")) or 0)

    lightly, full = sqlite.writing_lightly, sqlite.writing
    said = [await write(Lock.PUBLISH, synchronous) for write in (full, lightly, full, lightly)]
    assert said == [2, 1, 2, 1]


async def test_tables_of_a_newer_version_are_refused(sqlite: Database) -> None:
    await sqlite.migrate([HISTORY])
    async with sqlite.write() as connection:
        await connection.execute(text("UPDATE alembic_version_feeds SET version_num = '9999'"))
    with pytest.raises(NewerStore, match="a newer version of this program"):
        await sqlite.migrate([HISTORY])


async def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    await database.migrate([HISTORY])
    made = [tmp_path / f"new.db{kind}" for kind in ("", "-wal", "-shm")]
    assert {file.stat().st_mode & 0o777 for file in made} == {0o600}
    await database.close()

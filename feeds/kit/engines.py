"""Store addresses, and how SQLite's connections are set up. Runs no statements of ours."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine

from feeds.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

Insert = postgresql.Insert | sqlite.Insert


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


def probe(path: Path) -> None:
    """Fail at once where the file is no store: a thread of the driver fails again, too late."""
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master")


def prepare_sqlite(engine: AsyncEngine, *, begin: str, read_only: bool) -> None:
    """Take transactions into our own hands and set what durability and speed ask for."""
    sync: Engine = engine.sync_engine

    @event.listens_for(sync, "connect")
    def connected(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=30000")
        cursor.execute("PRAGMA foreign_keys=ON")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        else:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    @event.listens_for(sync, "begin")
    def began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

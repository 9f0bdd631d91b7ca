"""Looks at whether a store is whole, and at what holds it; changes nothing."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sqlalchemy import Connection

from feeds.kit.database import Database

MENDED = (3, 51, 3)  # the SQLite that mends a fault of write-ahead logs


@dataclass(frozen=True, slots=True)
class Integrity:
    """What holds a store, and how it is: `damage` is empty where none was found.

    `free` is the share of a SQLite file that holds nothing, `octets` its size; 0 on PostgreSQL.
    """

    engine: str
    damage: str = ""
    octets: int = 0
    free: float = 0.0
    old: bool = False


async def integrity(database: Database) -> Integrity:
    """Return how the store is; on SQLite every page is read once. Raises StoreError."""
    if database.is_sqlite:
        return await database.reading(_sqlite)
    return await database.reading(_postgresql)


def _sqlite(connection: Connection) -> Integrity:
    def number(pragma: str) -> int:
        return int(connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one())

    said = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    pages, size = number("page_count"), number("page_size")
    return Integrity(
        f"SQLite {sqlite3.sqlite_version}",
        "" if said == "ok" else said,
        pages * size,
        number("freelist_count") / max(pages, 1),
        sqlite3.sqlite_version_info < MENDED,
    )


def _postgresql(connection: Connection) -> Integrity:
    version = str(connection.exec_driver_sql("SHOW server_version").scalar_one())
    return Integrity(f"PostgreSQL {version.split(maxsplit=1)[0]}")

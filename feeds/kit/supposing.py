"""Supposing: a store on which things may be tried, of which nothing stays.

Some tables are shadowed by temporary copies of the same names, which both databases look at first.
The rest is the store's own, as it was at the beginning; whatever is written is taken back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Concatenate, NoReturn, ParamSpec, TypeVar

from sqlalchemy import Connection, Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable

from feeds.errors import StoreError
from feeds.kit.database import Database, Lock
from feeds.kit.histories import History
from feeds.kit.strides import Stride

P = ParamSpec("P")
T = TypeVar("T")


class Supposed(Database):
    """A store on one connection, for one task: whatever it runs sees what it wrote before.

    Nobody else does, so that no lock is taken. It has no connections but this one.
    """

    def __init__(self, store: Database, connection: AsyncConnection) -> None:
        self.is_sqlite, self.name, self.path = store.is_sqlite, store.name, store.path
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        """The words of this database."""
        return self._connection.dialect

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give the connection."""
        yield self._connection

    @asynccontextmanager
    async def write(self, *locks: Lock, lightly: bool = False) -> AsyncIterator[AsyncConnection]:
        """Give the connection."""
        yield self._connection

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[AsyncConnection]:
        """Give the connection, and take back what is done on it from here."""
        async with self._connection.begin_nested() as begun:
            yield self._connection
            await begun.rollback()

    async def reading(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what `work` makes of the connection, and of the arguments."""
        return await self._connection.run_sync(work, *args, **kwargs)

    def commits(self, write: object) -> NoReturn:
        """Refuse: what is handed in there stays."""
        raise StoreError(f"store {self.name}: nothing stays of what is supposed")

    def driver(self) -> NoReturn:
        """Refuse: what is done there stays."""
        raise StoreError(f"store {self.name}: nothing stays of what is supposed")

    async def migrate(self, histories: Sequence[History]) -> None:
        """Do nothing: the tables are those of the store."""

    async def close(self) -> None:
        """Do nothing: the connection is of whoever gave it."""

    async def _writing(
        self,
        lock: Lock | None,
        work: Callable[[Connection], T],
        *,
        durable: bool,
        stride: Stride | None = None,
        first: bool = False,
    ) -> T:
        return await self._connection.run_sync(work)


@asynccontextmanager
async def supposing(store: Database, tables: Sequence[Table]) -> AsyncIterator[Database]:
    """Give `store` as one on which rows of `tables` may be written, and no others.

    Raises StoreError when the database cannot be used.
    """
    async with store.scratch() as connection:
        for table in tables:
            await _shadow(connection, table, sqlite=store.is_sqlite)
        yield Supposed(store, connection)


async def _shadow(connection: AsyncConnection, table: Table, *, sqlite: bool) -> None:
    """Put a temporary copy with the same rows before a table; it points to no other."""
    where = "main" if sqlite else await connection.scalar(_SCHEMA, {"name": table.name})
    own = table.to_metadata(MetaData(), schema=where)
    copy = table.to_metadata(MetaData(), schema="temp" if sqlite else "pg_temp")
    await connection.execute(CreateTable(copy, include_foreign_key_constraints=()))
    names = [column.name for column in table.columns]
    await connection.execute(insert(copy).from_select(names, select(*own.columns)))
    for index in copy.indexes:
        await connection.execute(CreateIndex(index))
    if sqlite:
        return
    # The copy counts by itself from the last number; and its size is only known when it is told.
    for column in copy.primary_key:
        if not isinstance(column.type, Integer):
            continue
        counter = func.pg_get_serial_sequence(f"pg_temp.{table.name}", column.name)
        await connection.execute(select(func.setval(counter, func.max(column))))
    await connection.execute(text(f"ANALYZE pg_temp.{table.name}"))


_SCHEMA = text(
    "SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
    " WHERE pg_class.oid = to_regclass(:name)"
)

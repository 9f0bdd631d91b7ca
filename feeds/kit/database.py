"""The one door to the database: engines, transactions, locks and migrations.

On SQLite writers take turns, those of different processes by a file lock; PostgreSQL has advisory
locks. Knows nothing of articles or readers.
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from feeds.errors import NewerStore, StoreError
from feeds.kit.commits import Commits
from feeds.kit.committing import Write
from feeds.kit.engines import (
    SqliteThreads,
    bare_engine,
    parse_url,
    prepare_sqlite,
    probe,
    told,
)
from feeds.kit.histories import History, is_newer, upgrade
from feeds.kit.strides import Stride
from feeds.kit.troubles import translated
from feeds.kit.turns import FileTurns, NoTurns

if TYPE_CHECKING:
    import psycopg

    DriverConnection = psycopg.AsyncConnection[tuple[Any, ...]]

Insert = postgresql.Insert | sqlite.Insert
P = ParamSpec("P")
T = TypeVar("T")
Entry = TypeVar("Entry")
Outcome = TypeVar("Outcome")

READERS = 4

# Seconds that a transaction of large work should take. Nobody is to wait for more than 0.1 s, be it
# for everything that is written on SQLite, or for a row that is held on PostgreSQL. Nobody waits
# there for what holds none, and many small transactions take longer than a few.
_ALONE = 0.02
_HOLDING = 0.06
_HOLDING_NOTHING = 0.25


class Lock(enum.IntEnum):
    """What writers of one kind exclude each other from, for the length of a transaction."""

    MIGRATE = 0x50524401
    INGEST = 0x50524402  # arrival and change numbers are given in commit order
    PUBLISH = 0x50524403
    OPEN = 0x50524404
    CARRY = 0x50524405


class Database:
    """Connections to one store.

    `read()` gives a connection for a few statements, `write()` one within a transaction that is
    committed at the end. `reading` and `writing` do the same for a plain function of a connection,
    which on SQLite runs in a thread from beginning to end: a tenth of what it costs to go into one
    for each statement. Raises StoreError, whose text holds no password.
    """

    def __init__(self, url: str) -> None:
        parsed = parse_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.name = told(parsed)
        self.path = Path(parsed.database or "") if self.is_sqlite else None
        self._url = parsed
        self._commits: list[Commits[Any, Any]] = []
        self._turns: FileTurns | None = None
        self._threads: SqliteThreads | None = None
        if self.path is not None:
            with translated(self.name):
                self.path.parent.mkdir(parents=True, exist_ok=True)
            self._turns = FileTurns(self.path, self.name)
            self._threads = SqliteThreads(parsed, READERS)
            self._readers = create_async_engine(parsed, pool_size=READERS, max_overflow=0)
            self._writer = create_async_engine(parsed, pool_size=1, max_overflow=0)
            prepare_sqlite(self._readers.sync_engine, read_only=True)
            prepare_sqlite(self._writer.sync_engine, read_only=False)
        else:
            self._readers = create_async_engine(parsed, pool_size=10, pool_pre_ping=True)
            self._writer = self._readers

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that must not write."""
        with translated(self.name):
            async with self._readers.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self, *locks: Lock, lightly: bool = False) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction that holds `locks` until it has committed.

        What is written `lightly` is on the disk, on SQLite, with the next commit that waits for it.
        """
        writer = self._writer.execution_options(lightly=True) if lightly else self._writer
        with translated(self.name):
            async with self._exclusively(), writer.begin() as connection:
                if not self.is_sqlite:
                    for lock in sorted(locks):
                        await connection.execute(
                            text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(lock)}
                        )
                yield connection

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection for temporary tables: whatever is done on it is taken back."""
        with translated(self.name):
            async with self._readers.connect() as connection:
                await self._query_only(connection, "OFF")
                try:
                    yield connection
                finally:
                    await connection.rollback()
                    await self._query_only(connection, "ON")

    async def reading(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what `work` makes of a connection that must not write, and of the arguments."""
        with translated(self.name):
            if self._threads is not None:
                return await self._threads.read(
                    lambda connection: work(connection, *args, **kwargs)
                )
            async with self._readers.connect() as connection:
                return await connection.run_sync(work, *args, **kwargs)

    async def writing(
        self,
        lock: Lock | None,
        work: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Let `work` write in a transaction under `lock`; it is on the disk when this returns."""
        return await self._writing(
            lock, lambda connection: work(connection, *args, **kwargs), durable=True
        )

    async def writing_first(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same for short work that somebody waits for: it goes before what else waits here."""
        return await self._writing(
            None, lambda connection: work(connection, *args, **kwargs), durable=True, first=True
        )

    async def writing_lightly(
        self,
        lock: Lock | None,
        work: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same for what may be lost, whole, if power fails before the next durable commit."""
        return await self._writing(
            lock, lambda connection: work(connection, *args, **kwargs), durable=False
        )

    async def striding(
        self,
        stride: Stride,
        lock: Lock | None,
        work: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same, and let `stride` know for how long nobody else could write."""
        return await self._writing(
            lock,
            lambda connection: work(connection, *args, **kwargs),
            durable=False,
            stride=stride,
        )

    def commits(self, write: Write[Entry, Outcome]) -> Commits[Entry, Outcome]:
        """Return where entries are handed in that `write` writes together (see Commits)."""
        made = Commits(bare_engine(self._url), self.name, self._turns or NoTurns(), write)
        self._commits.append(made)
        return made

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[DriverConnection]:
        """Give a connection of the bare driver that commits each statement; PostgreSQL only."""
        import psycopg  # noqa: PLC0415 - not needed on SQLite

        with translated(self.name):
            async with self._readers.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                pooled = await connection.get_raw_connection()
                found = pooled.driver_connection
                assert isinstance(found, psycopg.AsyncConnection), "the driver of PostgreSQL"
                try:
                    yield found
                except psycopg.Error as error:
                    await connection.invalidate()
                    words = str(error).strip().splitlines() or [type(error).__name__]
                    raise StoreError(f"store {self.name}: {words[0]}") from error

    @property
    def dialect(self) -> Dialect:
        """The words of this database, for statements on the bare driver."""
        return self._writer.dialect

    async def migrate(self, histories: Sequence[History]) -> None:
        """Bring every history to its head; does nothing, and cheaply, where they are there.

        Raises NewerStore where one of them is beyond its head.
        """
        if self.path is not None and self.path.exists():
            with translated(self.name):
                await asyncio.to_thread(probe, self.path)
        if await self._up_to_date(histories):
            return
        if self.path is not None and not self.path.exists():
            with translated(self.name):
                self.path.touch(mode=0o600)  # it will hold keys and addresses; its log goes by it
        async with self.write(Lock.MIGRATE) as connection:
            for history in histories:
                await connection.run_sync(upgrade, history)

    def insert_new(self, table: Table) -> Insert:
        """Return an insert that passes over rows whose key is there, in this database's words."""
        if self.is_sqlite:
            return sqlite.insert(table).on_conflict_do_nothing()
        return postgresql.insert(table).on_conflict_do_nothing()

    async def close(self) -> None:
        """Close every connection."""
        for commits in self._commits:
            await commits.close()
        await self._readers.dispose()
        if self._writer is not self._readers:
            await self._writer.dispose()
        if self._threads is not None:
            await self._threads.close()
        if self._turns is not None:
            self._turns.close()

    async def _up_to_date(self, histories: Sequence[History]) -> bool:
        if self.path is not None and not self.path.exists():
            return False
        try:
            async with self._readers.connect() as connection:
                for history in histories:
                    found = await connection.execute(
                        text(f"SELECT version_num FROM {history.table}")  # noqa: S608 - our name
                    )
                    revisions = found.scalars().all()
                    if any(is_newer(revision, history) for revision in revisions):
                        raise NewerStore(self.name)
                    if revisions != [history.head]:
                        return False
        except SQLAlchemyError:
            return False
        return True

    async def _writing(
        self,
        lock: Lock | None,
        work: Callable[[Connection], T],
        *,
        durable: bool,
        stride: Stride | None = None,
        first: bool = False,
    ) -> T:
        if self._threads is None:
            async with self.write(*([lock] if lock else ())) as connection:
                if not durable:
                    await connection.execute(text("SET LOCAL synchronous_commit = off"))
                holds = stride is None or stride.holds
                with _measured(stride, _HOLDING if holds else _HOLDING_NOTHING):
                    return await connection.run_sync(work)
        with translated(self.name):
            async with self._exclusively(first=first):
                with _measured(stride, _ALONE):
                    return await self._threads.write(work, durable=durable)

    async def _query_only(self, connection: AsyncConnection, switch: str) -> None:
        if self.is_sqlite:
            await connection.exec_driver_sql(f"PRAGMA query_only={switch}")

    def _exclusively(self, *, first: bool = False) -> AbstractAsyncContextManager[None]:
        return self._turns.alone(first=first) if self._turns is not None else _freely()


@contextmanager
def _measured(stride: Stride | None, wished: float) -> Iterator[None]:
    began = time.perf_counter()
    yield
    if stride is not None:
        stride.took(time.perf_counter() - began, wished)


@asynccontextmanager
async def _freely() -> AsyncIterator[None]:
    yield

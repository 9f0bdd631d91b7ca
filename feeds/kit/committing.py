"""The line of commits: one connection of the bare driver, and transactions one after the other.

A thread makes them; on SQLite, where they take less than it costs to hand them to a thread and
back, whoever asks for them does. On PostgreSQL a transaction that was in another's way is tried
again. Refuses to know when it may write, and what.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import perf_counter
from typing import Generic, TypeVar

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from feeds.errors import StoreError
from feeds.kit.engines import BUSY_PATIENCE, make_room
from feeds.kit.rows import Bare

Entry = TypeVar("Entry")
Outcome = TypeVar("Outcome")
Write = Callable[[Bare, Sequence[Entry]], Sequence[Outcome]]

_TRIES = 4
_AGAIN = frozenset({"40001", "40P01"})  # serialisation failure, deadlock: nothing was written
_BUSY = 5  # SQLITE_BUSY: another program is writing to the file, nothing was written
_QUICK = 0.002  # seconds that commits take, as a rule, where nobody is kept waiting by them
_WEIGHT = 1 / 8  # of the last commit in what is the rule
_MANY = 8  # commits, after which there will be more; a thread makes them still


class CommitLine(Generic[Entry, Outcome]):
    """One connection of the bare driver, used by its thread or by an event loop, never by both."""

    def __init__(self, engine: Engine, name: str, write: Write[Entry, Outcome]) -> None:
        self._engine = engine
        self._is_file = engine.dialect.name == "sqlite"
        self._name = name
        self._write = write
        self._thread: Thread | None = None
        self._handed_in: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._pooled: PoolProxiedConnection | None = None
        self._usual = 4 * _QUICK  # seconds that a commit takes; not known yet
        self._patience: int | None = None  # of the connection with other programs; as it was made
        self._made = 0  # commits

    def transact(
        self, entries: Sequence[Entry], told: Callable[[Sequence[Outcome] | Exception], None]
    ) -> None:
        """Write `entries` in one transaction; call `told` in this loop with what came of it.

        That may be before this returns.
        """
        if self._is_file and self._usual < _QUICK:
            outcomes = self._at_once(entries)
            if outcomes is not None:
                told(outcomes)
                return
        loop = asyncio.get_running_loop()

        def work() -> None:
            loop.call_soon_threadsafe(told, self._tried(entries, BUSY_PATIENCE))

        if self._thread is None:
            self._thread = Thread(target=self._run, name="commits", daemon=True)
            self._thread.start()
        self._handed_in.put(work)

    async def close(self) -> None:
        """Close the connection where it was used last, and end the thread."""
        if self._thread is not None:
            self._handed_in.put(self._drop)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
        self._drop()
        self._engine.dispose()

    def _run(self) -> None:
        """Do what is handed in, until the connection is dropped for good."""
        while True:
            work = self._handed_in.get()
            work()
            if work == self._drop:
                return

    def _at_once(self, entries: Sequence[Entry]) -> Sequence[Outcome] | Exception | None:
        """Write without a wait for others; None where another program is writing."""
        outcomes = self._tried(entries, 0)
        cause = outcomes.__cause__ if isinstance(outcomes, StoreError) else None
        return None if getattr(cause, "sqlite_errorcode", 0) & 0xFF == _BUSY else outcomes

    def _tried(self, entries: Sequence[Entry], patience: int) -> Sequence[Outcome] | Exception:
        """Write; return what failed, for those who wait."""
        began = perf_counter()
        try:
            outcomes: Sequence[Outcome] | Exception = self._transact(entries, patience)
        except Exception as error:  # noqa: BLE001 - it is for those who wait
            outcomes = error
        took = perf_counter() - began
        if took > self._usual or not isinstance(outcomes, Exception):  # a failure may be quick
            self._usual += (took - self._usual) * _WEIGHT
        return outcomes

    def _transact(self, entries: Sequence[Entry], patience: int) -> Sequence[Outcome]:
        tries = _TRIES
        while True:
            try:
                return self._once(entries, patience)
            except self._driver_error as error:
                tries -= 1
                if tries and getattr(error, "sqlstate", None) in _AGAIN:
                    continue
                words = str(error).strip().splitlines() or [type(error).__name__]
                raise StoreError(f"store {self._name}: {words[0]}") from error

    def _once(self, entries: Sequence[Entry], patience: int) -> Sequence[Outcome]:
        try:
            if self._pooled is None:
                self._pooled = self._engine.raw_connection()
            connection = self._pooled.driver_connection
            assert connection is not None, "a connection that was just made"
            if self._is_file:
                self._made += 1
                if self._made == _MANY:
                    make_room(connection, Path(self._engine.url.database or ""))
                    self._patience = None
                if patience != self._patience:
                    connection.execute(f"PRAGMA busy_timeout={patience}")
                    self._patience = patience
                connection.execute("BEGIN IMMEDIATE")
            outcomes = self._write(connection, entries)
            connection.commit()
        except BaseException:
            self._take_back()
            raise
        return outcomes

    def _take_back(self) -> None:
        """Roll back; a connection that cannot even do that is dropped."""
        if self._pooled is None:
            return
        try:
            self._pooled.rollback()
        except self._driver_error:
            self._drop()

    def _drop(self) -> None:
        if self._pooled is not None:
            self._pooled.invalidate()
            self._pooled = self._patience = None

    @property
    def _driver_error(self) -> type[Exception]:
        driver = self._engine.dialect.dbapi
        assert driver is not None, "an engine has a driver"
        return driver.Error

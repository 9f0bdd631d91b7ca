"""The thread that commits: one connection of the bare driver, and transactions one after the other.

On PostgreSQL a transaction that was in another's way is tried again. Refuses to know when it may
write, and what.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from feeds.errors import StoreError
from feeds.kit.rows import Bare

Entry = TypeVar("Entry")
Outcome = TypeVar("Outcome")
Write = Callable[[Bare, Sequence[Entry]], Sequence[Outcome]]

_TRIES = 4
_AGAIN = frozenset({"40001", "40P01"})  # serialisation failure, deadlock: nothing was written


class CommitThread(Generic[Entry, Outcome]):
    """One connection of the bare driver and the thread that alone uses it."""

    def __init__(self, engine: Engine, name: str, write: Write[Entry, Outcome]) -> None:
        self._engine = engine
        self._name = name
        self._write = write
        self._thread: Thread | None = None
        self._handed_in: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._pooled: PoolProxiedConnection | None = None

    def transact(
        self, entries: Sequence[Entry], told: Callable[[Sequence[Outcome] | Exception], None]
    ) -> None:
        """Write `entries` in one transaction; call `told` in this loop with what came of it."""
        loop = asyncio.get_running_loop()

        def work() -> None:
            try:
                outcomes: Sequence[Outcome] | Exception = self._transact(entries)
            except Exception as error:  # noqa: BLE001 - it is for those who wait
                outcomes = error
            loop.call_soon_threadsafe(told, outcomes)

        if self._thread is None:
            self._thread = Thread(target=self._run, name="commits", daemon=True)
            self._thread.start()
        self._handed_in.put(work)

    async def close(self) -> None:
        """Close the connection in its thread, and end that."""
        if self._thread is not None:
            self._handed_in.put(self._drop)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
        self._engine.dispose()

    def _run(self) -> None:
        """Do what is handed in, until the connection is dropped for good."""
        while True:
            work = self._handed_in.get()
            work()
            if work == self._drop:
                return

    def _transact(self, entries: Sequence[Entry]) -> Sequence[Outcome]:
        tries = _TRIES
        while True:
            try:
                return self._once(entries)
            except self._driver_error as error:
                tries -= 1
                if tries and getattr(error, "sqlstate", None) in _AGAIN:
                    continue
                words = str(error).strip().splitlines() or [type(error).__name__]
                raise StoreError(f"store {self._name}: {words[0]}") from error

    def _once(self, entries: Sequence[Entry]) -> Sequence[Outcome]:
        try:
            if self._pooled is None:
                self._pooled = self._engine.raw_connection()
            connection = self._pooled.driver_connection
            assert connection is not None, "a connection that was just made"
            if self._engine.dialect.name == "sqlite":
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
            self._pooled = None

    @property
    def _driver_error(self) -> type[Exception]:
        driver = self._engine.dialect.dbapi
        assert driver is not None, "an engine has a driver"
        return driver.Error

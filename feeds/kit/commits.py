"""Entries of many, written together: whoever waits shares one commit with all others who wait.

On SQLite the commit is made in a thread by the bare driver, within the turn of all writers, and is
on the disk before anybody is told so; on PostgreSQL over one connection. Knows nothing of what is
written.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Generic, TypeVar

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from feeds.errors import StoreError
from feeds.kit.rows import Bare
from feeds.kit.troubles import translated

Entry = TypeVar("Entry")
Outcome = TypeVar("Outcome")
Told = Callable[[Outcome], None]
Failed = Callable[[Exception], None]
Write = Callable[[Bare, Sequence[Entry]], Sequence[Outcome]]

LINGER = 0.02  # seconds that an entry waits for the commit of others, where nobody waits for it
_TRIES = 4
_AGAIN = frozenset({"40001", "40P01"})  # serialisation failure, deadlock: nothing was written


class Commits(Generic[Entry, Outcome]):
    """A place where entries are handed in, to be written with those of others.

    `write` writes some of them, in the order in which they came, within one transaction, and
    returns an outcome for each. To be used within one event loop.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        turn: Callable[[], AbstractAsyncContextManager[None]],
        write: Write[Entry, Outcome],
    ) -> None:
        self._line = _Line(engine, name, write)
        self._name = name
        self._turn = turn
        self._added: list[Entry] = []
        self._waiting: list[tuple[Entry, Told[Outcome], Failed]] = []
        self._settling: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def put(self, entry: Entry) -> asyncio.Future[Outcome]:
        """Return what will have the outcome of `entry` once it is on the disk.

        It has a StoreError where that failed; then nobody can tell whether the entry was written.
        """
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.hand_in(entry, partial(_told, future), partial(_failed, future))
        return future

    def hand_in(self, entry: Entry, told: Told[Outcome], failed: Failed) -> None:
        """Do as `put` does, and call one of two that must not fail: nobody need wait in a task."""
        self._waiting.append((entry, told, failed))
        self._start()

    def add(self, entry: Entry) -> None:
        """Write `entry` before whatever is put from now on, or soon; nobody is told how it went.

        Where that fails it is written with the next commit: it must not matter if it is written
        twice.
        """
        self._added.append(entry)
        if self._timer is None and self._task is None:
            self._timer = asyncio.get_running_loop().call_later(LINGER, self._start)

    async def settle(self) -> None:
        """Wait until all that was added is on the disk; StoreError where that failed."""
        if self._added or self._task is not None:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._settling.append(future)
            self._start()
            await future

    async def close(self) -> None:
        """Let the connection go, once what is being written has been."""
        if self._timer is not None:
            self._timer.cancel()
        while self._task is not None:
            await asyncio.wait([self._task])
        await self._line.close()

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            await self._commit()
            while self._waiting or self._settling:
                await self._commit()
        finally:
            self._task = None
            if self._added:
                self._timer = asyncio.get_running_loop().call_later(LINGER, self._start)

    async def _commit(self) -> None:
        added: list[Entry] = []
        waiting: list[tuple[Entry, Told[Outcome], Failed]] = []
        settling: list[asyncio.Future[None]] = []
        outcomes: Sequence[Outcome] = ()
        failed: Exception | None = None
        try:
            with translated(self._name):
                async with self._turn():
                    # Whoever has come while we waited for our turn is taken along.
                    added, self._added = self._added, []
                    waiting, self._waiting = self._waiting, []
                    settling, self._settling = self._settling, []
                    entries = [*added, *(one[0] for one in waiting)]
                    outcomes = await self._line.transact(entries) if entries else ()
        except Exception as error:  # noqa: BLE001 - it is for those who wait
            failed = error
            self._added = added + self._added
            waiting, self._waiting = waiting + self._waiting, []
            settling, self._settling = settling + self._settling, []
        if failed is None:
            for (_, told, _), outcome in zip(waiting, outcomes[len(added) :], strict=True):
                told(outcome)
        else:
            for _, _, refused in waiting:
                refused(failed)
        for settled in settling:
            _told(settled, None) if failed is None else _failed(settled, failed)


def _told(future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not future.done():  # whoever has gone away does not want to know
        future.set_result(outcome)


def _failed(future: asyncio.Future[Outcome], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


class _Line(Generic[Entry, Outcome]):
    """One connection of the bare driver and the thread that alone uses it."""

    def __init__(self, engine: Engine, name: str, write: Write[Entry, Outcome]) -> None:
        self._engine = engine
        self._name = name
        self._write = write
        self._thread: ThreadPoolExecutor | None = None
        self._pooled: PoolProxiedConnection | None = None

    async def transact(self, entries: Sequence[Entry]) -> Sequence[Outcome]:
        """Write `entries` in one transaction; carried through, even where we are cancelled."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="commits")
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._thread, self._transact, entries)
        try:
            return await asyncio.shield(running)
        finally:
            while not running.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([running])

    async def close(self) -> None:
        """Close the connection in its thread, and end that."""
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
            self._thread.shutdown()
            self._thread = None
        self._engine.dispose()

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

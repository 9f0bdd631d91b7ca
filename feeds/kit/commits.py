"""Entries of many, written together: whoever waits shares one commit with all others who wait.

The commit is made by the bare driver, on SQLite within the turn of all writers, and is on the disk
before anybody is told so. All of that is calls and one thread at most, for at thousands of commits
a second the turns of tasks would cost more than what is written. Knows nothing of that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, NamedTuple, Protocol

from sqlalchemy import Engine

from feeds.errors import StoreError
from feeds.kit.committing import CommitLine, Entry, Outcome, Write
from feeds.kit.troubles import translated

Told = Callable[[Outcome], None]
Failed = Callable[[Exception], None]

LINGER = 0.02  # seconds after which an entry that nobody waits for need not wait for others


class Turns(Protocol):
    """What keeps other writers out meanwhile."""

    def enter_at_once(self) -> bool:
        """Begin a turn if that takes no wait."""

    async def enter(self) -> None:
        """Wait for a turn and begin it."""

    def leave(self) -> None:
        """End the turn."""


class _Batch(NamedTuple, Generic[Entry, Outcome]):
    """What is written together: entries nobody waits for, then those somebody waits for."""

    added: list[Entry]
    waiting: list[tuple[Entry, Told[Outcome], Failed]]
    settling: list[asyncio.Future[None]]


class Commits(Generic[Entry, Outcome]):
    """A place where entries are handed in, to be written with those of others.

    `write` writes some of them, in the order in which they came, within one transaction, and
    returns an outcome for each. To be used within one event loop.
    """

    def __init__(
        self, engine: Engine, name: str, turns: Turns, write: Write[Entry, Outcome]
    ) -> None:
        self._line = CommitLine(engine, name, write)
        self._name = name
        self._turns = turns
        self._next: _Batch[Entry, Outcome] = _Batch([], [], [])
        self._under_way = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._entering: asyncio.Task[None] | None = None  # kept, for the loop does not keep it
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
        self._next.waiting.append((entry, told, failed))
        if not self._under_way:
            self._start()

    def add(self, entry: Entry) -> None:
        """Write `entry` before whatever is put from now on, or soon; nobody is told how it went.

        Where that fails it is written with the next commit: it must not matter if it is written
        twice.
        """
        self._next.added.append(entry)
        if self._timer is None:  # it may find that all has been written, which most often has
            self._timer = asyncio.get_running_loop().call_later(LINGER, self._linger_no_more)

    async def settle(self) -> None:
        """Wait until all that was added is on the disk; StoreError where that failed."""
        if self._next.added or self._under_way:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._next.settling.append(future)
            self._start()
            await future

    async def close(self) -> None:
        """Let the connection go, once what is being written has been."""
        while self._under_way:  # the timer may have begun another
            await self._idle.wait()
        if self._timer is not None:
            self._timer.cancel()
        await self._line.close()

    def _linger_no_more(self) -> None:
        self._timer = None
        if self._next.added:
            self._start()

    def _start(self) -> None:
        if not self._under_way:
            self._under_way = True
            self._idle.clear()
            self._begin_soon()

    def _begin_soon(self) -> None:
        """Begin once all that the loop has at hand has had the time to hand in something.

        What has come meanwhile too: one more look at it costs less than one more commit.
        """
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._begin)

    def _begin(self) -> None:
        try:
            with translated(self._name):
                entered = self._turns.enter_at_once()
        except Exception as error:  # noqa: BLE001 - it is for those who wait
            self._end(self._take(), error)
            return
        if entered:
            self._commit()
        else:
            self._entering = asyncio.get_running_loop().create_task(self._enter())

    async def _enter(self) -> None:
        try:
            with translated(self._name):
                await self._turns.enter()
        except Exception as error:  # noqa: BLE001 - as above
            self._end(self._take(), error)
        except asyncio.CancelledError:  # with the loop: nobody else knows this task
            self._end(self._take(), StoreError(f"store {self._name}: not written any more"))
            raise
        else:
            self._commit()

    def _commit(self) -> None:
        """Write what is there by now: whoever came while we waited is taken along."""
        batch = self._take()
        entries = [*batch.added, *(one[0] for one in batch.waiting)]
        if entries:
            self._line.transact(entries, partial(self._committed, batch))
        else:
            self._committed(batch, ())

    def _take(self) -> _Batch[Entry, Outcome]:
        batch, self._next = self._next, _Batch([], [], [])
        return batch

    def _committed(
        self, batch: _Batch[Entry, Outcome], outcomes: Sequence[Outcome] | Exception
    ) -> None:
        try:
            with translated(self._name):
                self._turns.leave()
        except Exception as error:  # noqa: BLE001 - as above
            outcomes = error
        self._end(batch, outcomes)

    def _end(self, batch: _Batch[Entry, Outcome], outcomes: Sequence[Outcome] | Exception) -> None:
        if isinstance(outcomes, Exception):
            self._next.added[:0] = batch.added
            for _, _, refused in batch.waiting:
                refused(outcomes)
            for settled in batch.settling:
                _failed(settled, outcomes)
        else:
            own = outcomes[len(batch.added) :]
            for (_, told, _), outcome in zip(batch.waiting, own, strict=True):
                told(outcome)
            for settled in batch.settling:
                _told(settled, None)
        if self._next.waiting or self._next.settling:
            self._begin_soon()
            return
        self._under_way = False
        self._idle.set()
        if self._next.added and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LINGER, self._linger_no_more)


def _told(future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not future.done():  # whoever has gone away does not want to know
        future.set_result(outcome)


def _failed(future: asyncio.Future[Outcome], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)

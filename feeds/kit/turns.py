"""Turns at one file: writers of this process by a queue in memory, of other processes by flock.

Turns are fair: whoever is to be next holds a second lock meanwhile, and a writer that has just had
its turn has to wait for that one first. Within a process, those for whom somebody waits at a page
go before large work. Knows nothing of what is written in a turn.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from feeds.errors import StoreError

PATIENCE = 60.0  # seconds that a writer waits for the writers of other processes
_PAUSE = 0.004  # seconds between two looks, at most
_FIRST_IN_A_ROW = 16  # turns that go to those who are let in first, before one of the others


class FileTurns:
    """Turns of all who write to the file at `path`; lock files beside it are made when needed."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        self._line = _Line()
        self._handles: tuple[int, int] | None = None

    @asynccontextmanager
    async def alone(self, *, first: bool = False) -> AsyncIterator[None]:
        """Keep other writers out. Raises StoreError where another process does not end its turn.

        Who is to be `first` goes before all others of this process who wait: for short turns only.

        Before SQLite 3.51.3, two connections that write and checkpoint at once can corrupt the
        write-ahead log: https://sqlite.org/wal.html#walresetbug
        """
        await self.enter(first=first)
        try:
            yield
        finally:
            self.leave()

    def enter_at_once(self) -> bool:
        """Begin a turn if nobody else has one or waits for it; whoever does has to `leave`."""
        if not self._line.enter_at_once():
            return False
        entered = False
        try:
            mine, following = self._opened()
            if _locked(following):
                try:
                    entered = _locked(mine)
                finally:
                    fcntl.flock(following, fcntl.LOCK_UN)
        finally:
            if not entered:
                self._line.leave()
        return entered

    async def enter(self, *, first: bool = False) -> None:
        """Begin a turn as `alone` does; whoever does has to `leave`."""
        await self._line.enter(first=first)
        try:
            mine, following = self._opened()
            await self._lock(following)
            try:
                await self._lock(mine)
            finally:
                fcntl.flock(following, fcntl.LOCK_UN)
        except BaseException:
            self._line.leave()
            raise

    def leave(self) -> None:
        """End the turn."""
        try:
            fcntl.flock(self._opened()[0], fcntl.LOCK_UN)
        finally:
            self._line.leave()

    def close(self) -> None:
        """Let the lock files go."""
        for handle in self._handles or ():
            os.close(handle)
        self._handles = None

    def _opened(self) -> tuple[int, int]:
        if self._handles is None:
            self._handles = self._open("lock"), self._open("next")
        return self._handles

    def _open(self, what: str) -> int:
        return os.open(f"{self._path}-{what}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    async def _lock(self, handle: int) -> None:
        waited, pause = 0.0, 0.0005
        while not _locked(handle):
            if waited > PATIENCE:
                raise StoreError(
                    f"another process has been writing to {self._name} for {waited:.0f} s"
                )
            await asyncio.sleep(pause)
            waited += pause
            pause = min(pause * 2, _PAUSE)


class NoTurns:
    """Turns where nobody has to wait for anybody."""

    def enter_at_once(self) -> bool:
        """Begin a turn."""
        return True

    async def enter(self) -> None:
        """Begin a turn."""

    def leave(self) -> None:
        """End it."""


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _Line:
    """Those of one event loop who wait for each other: one is in, and hands on to the next."""

    def __init__(self) -> None:
        self._taken = False
        self._first: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._in_a_row = 0

    def enter_at_once(self) -> bool:
        """Enter if nobody else is in; whoever enters has to `leave`."""
        if self._taken:
            return False
        self._taken = True
        return True

    async def enter(self, *, first: bool) -> None:
        """Wait until nobody else is in; whoever enters has to `leave`."""
        if self.enter_at_once():
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._first if first else self._others).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # it was our turn already
                self.leave()
            raise

    def leave(self) -> None:
        """Let the next one in."""
        while place := self._next():
            if not place.done():
                place.set_result(None)
                return
        self._taken = False

    def _next(self) -> asyncio.Future[None] | None:
        """Take the next one out; nobody waits for ever, however many are let in first."""
        if self._first and (self._in_a_row < _FIRST_IN_A_ROW or not self._others):
            self._in_a_row += 1
            return self._first.popleft()
        self._in_a_row = 0
        return self._others.popleft() if self._others else None

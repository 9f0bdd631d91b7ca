"""Turns at one file: writers of this process by a lock in memory, of other processes by flock.

Turns are fair: whoever is to be next holds a second lock meanwhile, and a writer that has just had
its turn has to wait for that one first. Knows nothing of what is written in a turn.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from feeds.errors import StoreError

PATIENCE = 60.0  # seconds that a writer waits for the writers of other processes
_PAUSE = 0.004  # seconds between two looks, at most


class FileTurns:
    """Turns of all who write to the file at `path`; lock files beside it are made when needed."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        self._turn = asyncio.Lock()
        self._handles: tuple[int, int] | None = None

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Keep other writers out. Raises StoreError where another process does not end its turn.

        Before SQLite 3.51.3, two connections that write and checkpoint at once can corrupt the
        write-ahead log: https://sqlite.org/wal.html#walresetbug
        """
        async with self._turn:
            if self._handles is None:
                self._handles = self._open("lock"), self._open("next")
            mine, following = self._handles
            await self._lock(following)
            try:
                await self._lock(mine)
            finally:
                fcntl.flock(following, fcntl.LOCK_UN)
            try:
                yield
            finally:
                fcntl.flock(mine, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let the lock files go."""
        for handle in self._handles or ():
            os.close(handle)
        self._handles = None

    def _open(self, what: str) -> int:
        return os.open(f"{self._path}-{what}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    async def _lock(self, handle: int) -> None:
        waited, pause = 0.0, 0.0005
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waited > PATIENCE:
                    raise StoreError(
                        f"another process has been writing to {self._name} for {waited:.0f} s"
                    ) from None
                await asyncio.sleep(pause)
                waited += pause
                pause = min(pause * 2, _PAUSE)
            else:
                return

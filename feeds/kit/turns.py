"""Turns at one file: writers of this process by a lock in memory, of other processes by flock.

Knows nothing of what is written in a turn.
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


class FileTurns:
    """Turns of all who write to the file at `path`; the lock file beside it is made when needed."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        self._turn = asyncio.Lock()
        self._handle: int | None = None

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Keep other writers out. Raises StoreError where another process does not end its turn.

        Before SQLite 3.51.3, two connections that write and checkpoint at once can corrupt the
        write-ahead log: https://sqlite.org/wal.html#walresetbug
        """
        async with self._turn:
            if self._handle is None:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._handle = os.open(f"{self._path}-lock", flags, 0o644)
            await self._lock(self._handle)
            try:
                yield
            finally:
                fcntl.flock(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let the lock file go."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    async def _lock(self, handle: int) -> None:
        waited, pause = 0.0, 0.001
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
                pause = min(pause * 2, 0.02)
            else:
                return

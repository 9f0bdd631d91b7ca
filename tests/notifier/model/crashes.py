"""A store that dies: just before a transaction commits, or just after, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock


class Crash(Exception):
    """The process dies."""


class FragileDatabase(Database):
    """A store that dies in the transaction after so many others; `survive` ends that."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._left: int | None = None
        self._after = False

    def die(self, transactions: int, *, after: bool) -> None:
        """Die in the transaction after these, before or after it has committed."""
        self._left, self._after = transactions, after

    def survive(self) -> None:
        """Die no more."""
        self._left = None

    @asynccontextmanager
    async def write(self, *locks: Lock, lightly: bool = False) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction, and perhaps die with it."""
        dies = self._left == 0
        if self._left is not None:
            self._left -= 1
        async with super().write(*locks, lightly=lightly) as connection:
            yield connection
            if dies and not self._after:
                raise Crash
        if dies:
            raise Crash

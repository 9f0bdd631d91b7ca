"""A store that dies: just before a transaction commits, or just after, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from feeds.kit.database import Database, Lock
from feeds.kit.strides import Stride

T = TypeVar("T")


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
        with self._perhaps_dying() as before:
            async with super().write(*locks, lightly=lightly) as connection:
                yield connection
                before()

    async def _writing(
        self,
        lock: Lock | None,
        work: Callable[[Connection], T],
        *,
        durable: bool,
        stride: Stride | None = None,
        first: bool = False,
    ) -> T:
        if not self.is_sqlite:  # this is written through `write`
            return await super()._writing(lock, work, durable=durable, stride=stride, first=first)
        with self._perhaps_dying() as before:

            def dying(connection: Connection) -> T:
                done = work(connection)
                before()
                return done

            return await super()._writing(lock, dying, durable=durable, stride=stride, first=first)

    @contextmanager
    def _perhaps_dying(self) -> Iterator[Callable[[], None]]:
        """Give what is to be called just before a commit; die after it, if that is due."""
        dies = self._left == 0
        if self._left is not None:
            self._left -= 1

        def before() -> None:
            if dies and not self._after:
                raise Crash

        yield before
        if dies:
            raise Crash

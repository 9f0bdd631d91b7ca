"""Letters that take long to write, those we sign, written before a connection asks for them.

Two threads write, some letters at a time, for a signature leaves the interpreter to others. What is
written here is only bytes: whether it may be sent is asked for when it is sent. Letters that nobody
signs are not waited for, and written by whoever sends them.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from notifier.delivery.delivery import Chunk, Letter
from notifier.errors import InvalidMessage
from notifier.mailing.letters import Writer
from notifier.mailing.supply import Piece, Supply
from notifier.settings import DkimProfile

_AT_A_TIME = 32  # letters that one thread writes before it tells; with fewer, telling costs most
_THREADS = 2
_TURN = 0.0001  # seconds after which one thread lets another have the interpreter
_USUAL_TURN = sys.getswitchinterval()  # looked at once: rounds may overlap
_RUNS = _THREADS + 1  # of letters that are handed to them: none waits for us with the next one


class Written(NamedTuple):
    """A piece, and the letter for relays of a profile; None where it has yet to be written."""

    piece: Piece
    letter: Letter | None
    profile: DkimProfile | None


class Ahead:
    """What the connections of one round take: pieces of `supply`, with letters once it `signs`.

    `most` is how many letters are kept.
    """

    def __init__(self, supply: Supply, writer: Writer, over: asyncio.Event, most: int) -> None:
        self._supply = supply
        self._writer = writer
        self._over = over
        self._most = most
        self._profile: DkimProfile | None = None
        self._signing: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(_THREADS, "signing")
        self._written: deque[Written] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[Ahead]:
        """Yield itself; whatever is being written at the end is forgotten."""
        watching = asyncio.create_task(self._end())
        try:
            yield self
        finally:
            sys.setswitchinterval(_USUAL_TURN)
            tasks = [watching, *([self._signing] if self._signing else ())]
            for task in tasks:
                task.cancel()
            try:
                await asyncio.wait(tasks)
            finally:
                self._threads.shutdown(wait=False, cancel_futures=True)

    def sign(self, profile: DkimProfile | None) -> None:
        """Write for relays of `profile` from now on, where we sign for them."""
        self._profile = profile
        if self._signing is None and self._writer.signs(profile):
            sys.setswitchinterval(_TURN)  # else a thread waits for all of what the loop has at hand
            self._signing = asyncio.create_task(self._sign())

    async def wait(self) -> bool:
        """Wait until there is something to take; False where nothing more is, or it is over."""
        if self._signing is None:
            return await self._supply.wait()
        while not self._over.is_set():
            if self._written:
                return True
            if self._signing.done():
                self._signing.result()
                return False
            self._news.clear()
            await self._news.wait()
        return False

    def begin(self, profile: DkimProfile | None) -> tuple[Piece, Letter] | None:
        """Take the next piece with its letter for relays of `profile`, where that takes no wait."""
        written: Written | None = None
        if self._signing is None:
            piece = self._supply.look()
        elif self._written and not self._over.is_set():
            written = self._written[0]
            piece = written.piece
        else:
            piece = None
        if piece is None or not piece.job.wanted:
            return None
        letter = written.letter if written and written.profile == profile else None
        if letter is None and not self._writer.signs(profile):
            letter = self._letter(piece, profile)
        if letter is not None:
            self._pass_on()
            return piece, letter
        return None

    def take(self) -> Written | None:
        """Return the next piece, if there is one; `Supply.end` it in any case."""
        if self._signing is None:
            piece = self._supply.take()
            return Written(piece, None, None) if piece else None
        if self._over.is_set() or not self._written:
            return None
        written = self._written[0]
        self._pass_on()
        return written

    def _pass_on(self) -> None:
        if self._signing is None:
            self._supply.pass_on()
        else:
            self._written.popleft()
            self._room.set()

    def drop(self, chunk: Chunk) -> None:
        """Take nothing more of `chunk`."""
        for one in [one for one in self._written if one.piece.chunk == chunk]:
            self._written.remove(one)
            self._supply.end(one.piece)
        self._room.set()
        self._supply.drop(chunk)

    async def _sign(self) -> None:
        runs = asyncio.Semaphore(_RUNS)
        try:
            async with asyncio.TaskGroup() as group:
                while await self._supply.wait():
                    while len(self._written) >= self._most:
                        self._room.clear()
                        await self._room.wait()
                    await runs.acquire()
                    taken = (self._supply.take() for _ in range(_AT_A_TIME))
                    pieces = [piece for piece in taken if piece is not None]
                    group.create_task(self._some(pieces, self._profile, runs))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        finally:
            self._news.set()

    async def _some(
        self, pieces: Sequence[Piece], profile: DkimProfile | None, runs: asyncio.Semaphore
    ) -> None:
        try:
            loop = asyncio.get_running_loop()
            self._written += await loop.run_in_executor(self._threads, self._write, pieces, profile)
            self._news.set()
        finally:
            runs.release()

    def _write(self, pieces: Sequence[Piece], profile: DkimProfile | None) -> list[Written]:
        return [Written(piece, self._letter(piece, profile), profile) for piece in pieces]

    def _letter(self, piece: Piece, profile: DkimProfile | None) -> Letter | None:
        if not piece.job.wanted:
            return None
        try:
            return self._writer.write(piece.job, piece.words, profile)
        except InvalidMessage:
            return None  # told of where it is sent

    async def _end(self) -> None:
        await self._over.wait()
        self._news.set()
        self._room.set()

"""What the connections of a round work on: chunks claimed ahead of them, kept, and given back.

All connections take from one supply, so that one that is held up holds up its own letter only. A
chunk is given back once all of its letters have ended; what of it was not begun is due again.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.errors import StoreError
from notifier.delivery.carriers.queue import WorkQueue
from notifier.delivery.delivery import Chunk, Job
from notifier.delivery.ledger import Ledger
from notifier.mailing.letters import Words, Writer

_MOST = 80  # chunks that are claimed at once
_FIRST = 4  # the first time; less from then on where that is enough for long
_EDITIONS = 32  # that are kept ready to be filled
_OFTEN = 0.5  # seconds: whoever needs more so soon is given twice as much

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Piece:
    """One delivery to be made, and the words of it."""

    chunk: Chunk
    job: Job
    words: Words


class Supply:
    """Pieces for the connections of one round, to be entered; `over` ends it.

    `pause` says, in the end, how long what was not sent has to wait; `lease` is how long a claim
    lasts that is not kept.
    """

    def __init__(
        self,
        queue: WorkQueue,
        ledger: Ledger,
        writer: Writer,
        clock: Clock,
        over: asyncio.Event,
        pause: Callable[[], timedelta],
        lease: timedelta,
    ) -> None:
        self.failed: StoreError | None = None
        self._queue = queue
        self._ledger = ledger
        self._writer = writer
        self._clock = clock
        self._over = over
        self._pause = pause
        self._lease = lease
        self._pieces: deque[Piece] = deque()
        self._left: dict[Chunk, int] = {}  # of each chunk that is held: pieces that have not ended
        self._ended: list[Chunk] = []
        self._kept: OrderedDict[str, Words] = OrderedDict()
        self._exhausted = False
        self._low = asyncio.Event()
        self._news = asyncio.Event()
        self._most = 2 * _FIRST  # halved before it is used
        self._enough = 0
        self._fetched_at = -math.inf
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Supply:
        """Begin to claim, and to keep what is claimed."""
        self._low.set()
        for work in (self._restock(), self._keep(), self._end()):
            self._tasks.append(asyncio.create_task(work))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Give back what is held; where that fails, its lease ends by itself.

        A claim that is under way is waited for: of one that is cut off nobody knows what it took,
        and that would lie there for the length of a lease.
        """
        self._closed = True
        self._low.set()
        restocking, *others = self._tasks
        for task in others:
            task.cancel()
        await asyncio.wait(self._tasks)
        if self._left or self._ended:
            try:
                held = [*self._ended, *self._left]
                await self._queue.give_back(held, self._clock(), self._pause())
            except StoreError as error:
                self.failed = self.failed or error
        if kind is None and not restocking.cancelled():
            restocking.result()  # a mistake of ours must be seen

    async def wait(self) -> bool:
        """Wait until there is something to take; False when there is nothing more, or `over`."""
        while not self._over.is_set():
            if self._pieces:
                return True
            if self._exhausted:
                return False
            self._news.clear()
            await self._news.wait()
        return False

    def look(self) -> Piece | None:
        """Return the piece that `take` would."""
        return None if self._over.is_set() or not self._pieces else self._pieces[0]

    def take(self) -> Piece | None:
        """Return the next piece, if there is one; `end` it in any case."""
        return None if self._over.is_set() or not self._pieces else self.pass_on()

    def pass_on(self) -> Piece:
        """Take the piece that `look` has just returned."""
        piece = self._pieces.popleft()
        if len(self._pieces) <= self._enough:
            self._low.set()
        return piece

    def end(self, piece: Piece) -> None:
        """Note that there is nothing more to be done about `piece` in this round."""
        self._leave(piece.chunk, 1)

    def drop(self, chunk: Chunk) -> None:
        """Take nothing more of `chunk`, which is not ours any more, or not as we know it."""
        kept = [piece for piece in self._pieces if piece.chunk != chunk]
        dropped = len(self._pieces) - len(kept)
        if dropped:
            self._pieces = deque(kept)
            self._leave(chunk, dropped)
            self._low.set()

    def _leave(self, chunk: Chunk, count: int) -> None:
        left = self._left[chunk] - count
        if left:
            self._left[chunk] = left
        else:
            del self._left[chunk]
            self._ended.append(chunk)

    async def _restock(self) -> None:
        try:
            while not self._exhausted:
                await self._low.wait()
                if self._closed:
                    return
                self._low.clear()
                await self._fetch()
                self._news.set()
        except StoreError as error:
            self.failed = error
            self._over.set()
        except Exception:
            self._over.set()  # nobody must wait for what does not come
            raise

    async def _fetch(self) -> None:
        """Give back what has ended, and claim more: twice as much where that was needed soon."""
        ended, self._ended = self._ended, []
        if ended:
            await self._queue.give_back(ended, self._clock(), timedelta(0))
        now = asyncio.get_running_loop().time()
        often = now - self._fetched_at < _OFTEN
        self._most = min(2 * self._most, _MOST) if often else max(self._most // 2, 1)
        self._fetched_at = now
        claimed = await self._queue.claim(self._most, self._clock())
        self._exhausted = not claimed
        if claimed:
            self._left |= dict.fromkeys(claimed, 0)
            await self._read(claimed)

    async def _read(self, claimed: Sequence[Chunk]) -> None:
        found = await self._ledger.jobs_of(claimed, self._clock())
        for chunk, jobs in found.items():
            words = {name: await self._words(name) for name in {job.edition_id for job in jobs}}
            self._left[chunk] += len(jobs)
            self._pieces += [Piece(chunk, job, words[job.edition_id]) for job in jobs]
            self._leave(chunk, 0)
        self._enough = len(self._pieces) // 2
        if not self._pieces:
            self._low.set()

    async def _words(self, edition_id: str) -> Words:
        """Return the words of an edition; those that were used last are kept at hand."""
        if edition_id not in self._kept:
            self._kept[edition_id] = await self._writer.words(edition_id)
            if len(self._kept) > _EDITIONS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(edition_id)
        return self._kept[edition_id]

    async def _keep(self) -> None:
        """Keep the claims alive while answers may take their time."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            with contextlib.suppress(StoreError):  # the next time the store may be there again
                if held := [*self._left]:
                    await self._queue.keep(held, self._clock())

    async def _end(self) -> None:
        await self._over.wait()
        self._news.set()

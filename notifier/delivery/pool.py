"""What the sessions of one relay share: seats for connections, the pace, and what it is like.

Waits on behalf of a session, and says nothing to a server. How fast it may go is for `pace`.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from time import monotonic
from typing import Any

from notifier.delivery.delivery import Answer, Verdict
from notifier.delivery.pace import Limits, Pace

_ACCEPTED = Verdict.ACCEPTED  # to look it up for each letter costs a call
_LOCK_STEP = 3600.0  # seconds without pipelining after a surprise


class Pool:
    """The connections to one relay, each on a seat; to be used within one event loop.

    `taken` is how many messages the relay has taken from this address before.
    """

    def __init__(self, limits: Limits, taken: int = 0) -> None:
        self.pace = Pace(limits=limits, taken=taken)
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._seats = 0
        self._lock_step_until = -math.inf
        self._judged: Pace | None = None  # the pace of which the next three are told
        self._unlimited = False
        self._settled = False
        self._most = 0

    @property
    def crowded(self) -> bool:
        """Tell whether more sessions have a seat than the pace allows by now."""
        return self._seats > self.pace.connections

    @property
    def pipelines(self) -> bool:
        """Tell whether commands may go in groups: not for an hour after a surprise."""
        return monotonic() >= self._lock_step_until

    @property
    def at_once(self) -> bool:
        """Tell whether one more letter may go at this moment, with no turn to be waited for."""
        if self.pace is not self._judged:
            self._judge()
        return (
            self._unlimited
            and self._seats <= self._most
            and (self._settled or self.pace.free_at <= monotonic())
        )

    def surprised(self) -> None:
        """Note that the relay does not do with groups of commands what it should."""
        self._lock_step_until = monotonic() + _LOCK_STEP

    async def sit(self, stop: asyncio.Event | None = None) -> bool:
        """Take a seat once there is one; False when `stop` was set before. First come, first."""
        if self._seats < self.pace.connections and not self._waiting:
            self._seats += 1
            return True
        seat: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(seat)
        try:
            await _until(seat, stop)
        except asyncio.CancelledError:
            if seat.done():
                self.leave()
            raise
        finally:
            if not seat.done():
                self._waiting.remove(seat)
        return seat.done()

    def leave(self) -> None:
        """Give a seat back."""
        self._seats -= 1
        self._admit()

    async def turn(self, stop: asyncio.Event | None = None) -> bool:
        """Wait until one more letter may go; False when `stop` was set before."""
        while True:
            reserved_at = monotonic()
            when, self.pace = self.pace.reserve(reserved_at)
            if when > reserved_at and not await _pause(when - reserved_at, stop):
                return False
            if self.pace.slowed_at <= reserved_at:  # else the moment was one of a faster pace
                return True

    def learn(self, answer: Answer, began: float) -> None:
        """Go by `answer` to a letter that began at `began`, in seconds of the monotonic clock."""
        if self.pace is not self._judged:
            self._judge()
        if self._settled and answer.verdict is _ACCEPTED:
            return
        self.pace = self.pace.after(answer, began, monotonic())
        self._admit()

    def _judge(self) -> None:
        """Look at the pace, which is a new one: it hardly ever is, and each letter asks."""
        self._judged = pace = self.pace
        self._unlimited, self._most = math.isinf(pace.rate), pace.connections
        self._settled = pace.is_settled

    def _admit(self) -> None:
        while self._waiting and self._seats < self.pace.connections:
            self._waiting.popleft().set_result(None)
            self._seats += 1


async def _until(done: asyncio.Future[None], stop: asyncio.Event | None) -> None:
    """Wait for `done` or `stop`; neither is cancelled with us."""
    if stop is None:
        await asyncio.wait([done])
        return
    told = asyncio.create_task(stop.wait())
    either: set[asyncio.Future[Any]] = {done, told}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()


async def _pause(seconds: float, stop: asyncio.Event | None) -> bool:
    """Wait for so many seconds; False when `stop` was set before."""
    if stop is None:
        await asyncio.sleep(seconds)
        return True
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return True
    return False

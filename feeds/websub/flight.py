"""Requests that are under way: bounded in all, per host, and for those that failed before.

So that one slow callback, or many of one host, or many that are dead, delay nobody else.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from feeds.websub.queue import LOOKED_AT


class Job(Protocol):
    """What stands in a queue: the host it goes to, and how often it has failed."""

    @property
    def host(self) -> str: ...  # noqa: D102 - the class says it
    @property
    def attempts(self) -> int: ...  # noqa: D102


AnyJob = TypeVar("AnyJob", bound=Job)


class Queue(Protocol[AnyJob]):
    """Where jobs stand until somebody takes them."""

    async def waiting(
        self, now: datetime, full_hosts: Collection[str], *, firsts_only: bool
    ) -> Sequence[AnyJob]:
        """Return jobs that are due; nothing is claimed yet."""
        ...

    async def claim(
        self, chosen: Sequence[AnyJob], now: datetime, until: datetime
    ) -> Sequence[AnyJob]:
        """Take those of `chosen` that nobody else has taken, until `until`."""
        ...


class Flight:
    """At most `limit` jobs at once, `per_host` to one host, half of them ones that failed before.

    `landed` is called whenever one ends.
    """

    def __init__(self, limit: int, per_host: int, landed: Callable[[], None]) -> None:
        self._limit = limit
        self._per_host = per_host
        self._landed = landed
        self._tasks: dict[asyncio.Task[None], Job] = {}
        self._failures: list[BaseException] = []

    @property
    def full_hosts(self) -> list[str]:
        """The hosts that nothing more may go to now."""
        counts = Counter(job.host for job in self._tasks.values())
        return [host for host, count in counts.items() if count >= self._per_host]

    @property
    def full(self) -> bool:
        """Whether nothing more may start."""
        return len(self._tasks) >= self._limit

    @property
    def full_of_failed(self) -> bool:
        """Whether nothing more may start that failed before."""
        return sum(job.attempts > 0 for job in self._tasks.values()) >= max(self._limit // 2, 1)

    def choose(self, waiting: Sequence[AnyJob]) -> list[AnyJob]:
        """Return those of `waiting`, in their order, that may start beside what is under way."""
        hosts = Counter(job.host for job in self._tasks.values())
        failed = sum(job.attempts > 0 for job in self._tasks.values())
        chosen: list[AnyJob] = []
        for job in waiting:
            again = job.attempts > 0
            if len(self._tasks) + len(chosen) >= self._limit:
                break
            if hosts[job.host] >= self._per_host:
                continue
            if again and failed >= max(self._limit // 2, 1):
                continue
            hosts[job.host] += 1
            failed += again
            chosen.append(job)
        return chosen

    async def fill(
        self,
        queue: Queue[AnyJob],
        clock: Callable[[], datetime],
        lease: timedelta,
        work: Callable[[AnyJob], Coroutine[None, None, None]],
    ) -> None:
        """Claim for `lease` what is due and has room, and start `work` on each."""
        while not self.full:
            now = clock()
            waiting = await queue.waiting(now, self.full_hosts, firsts_only=self.full_of_failed)
            chosen = self.choose(waiting)
            for job in await queue.claim(chosen, now, now + lease):
                self.start(job, work(job))
            if not chosen or len(waiting) < LOOKED_AT:
                return

    def start(self, job: Job, work: Coroutine[None, None, None]) -> None:
        """Let `work` for `job` run."""
        task = asyncio.create_task(work)
        self._tasks[task] = job
        task.add_done_callback(self._ended)

    def check(self) -> None:
        """Raise what a job has raised since the last time, if any has."""
        failures, self._failures = self._failures, []
        if failures:
            raise failures[0]

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))
            await asyncio.sleep(0)  # the callbacks of the tasks come after us

    async def stop(self) -> None:
        """Break off what is under way; its claims run out by themselves."""
        for task in self._tasks:
            task.cancel()
        await self.settle()

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        if not task.cancelled() and (failure := task.exception()):
            self._failures.append(failure)
        self._landed()

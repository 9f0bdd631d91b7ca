"""The metronome: rings bells at intervals, and does nothing else; the only user of APScheduler.

What is due is computed by whoever hears the bell, so a late ring, a missed one or one too many
are all the same. Jobs do no work: a shutdown would cancel it.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler


class Metronome:
    """Rings each bell every so often, from `start` until `stop`."""

    def __init__(self) -> None:
        self._names: dict[asyncio.Event, str] = {}
        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def every(self, interval: timedelta, bell: asyncio.Event) -> None:
        """Set `bell` every `interval`, and at once; from now on, if it had another interval."""
        bell.set()
        name = self._names.setdefault(bell, str(len(self._names)))
        self._scheduler.add_job(
            _ring,
            "interval",
            seconds=interval.total_seconds(),
            args=[bell],
            id=name,
            replace_existing=True,
        )

    def beat(self, interval: timedelta, bell: asyncio.Event) -> None:
        """Set `bell` every `interval` from `start` on; unlike `every`, a proof that we ring."""
        self._scheduler.add_job(
            _ring,
            "interval",
            seconds=interval.total_seconds(),
            args=[bell],
            next_run_time=datetime.now(UTC),
        )

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


async def _ring(bell: asyncio.Event) -> None:
    """A coroutine, for those run in the loop; a plain function would run in a thread."""
    bell.set()

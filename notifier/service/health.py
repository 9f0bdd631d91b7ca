"""Whether the service lives, and whether it is of use: what `/livez` and `/readyz` are told.

It lives while its event loop and its scheduler do. It is ready while, besides, its configuration
is in force, its store answers and its socket is open. A broken edit makes nothing unready, for the
last good configuration works on; it is named all the same.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from feeds.errors import StoreError

INTERVAL = 1.0  # seconds from one beat to the next
SILENCE = 30.0  # seconds without a beat after which the scheduler counts as dead
PATIENCE = 2.0  # seconds for the store to answer
OK = "ok"


@dataclass(slots=True)
class Pulse:
    """The beats of the scheduler; all times are seconds of the monotonic clock."""

    interval: float = INTERVAL
    last: float | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def beat(self, now: float) -> float:
        """Note a beat, and return how much later it came than it should."""
        lag = 0.0 if self.last is None else max(now - self.last - self.interval, 0.0)
        self.last = now
        self.begun.set()
        return lag

    def state(self, now: float) -> str:
        """Return OK, or what is wrong."""
        if self.last is None:
            return "it has not begun"
        silent = now - self.last
        return OK if silent < SILENCE else f"no beat for {silent:.0f} s"


@dataclass(slots=True)
class Health:
    """What is asked about the service; `look` reads something in the store.

    `listening` and `stopping` are for the service to set, `edit` for what stands in the way of the
    last edit of the configuration.
    """

    look: Callable[[], Awaitable[object]]
    pulse: Pulse = field(default_factory=Pulse)
    listening: bool = False
    stopping: bool = False
    edit: str = ""

    def live(self) -> Mapping[str, str]:
        """Return each part that life depends on, with OK or what is wrong."""
        begun = self.pulse.begun.is_set()  # a long first look is no death
        return {"scheduler": self.pulse.state(time.monotonic()) if begun else OK}

    async def ready(self) -> Mapping[str, str]:
        """Return each part that use depends on, with OK or what is wrong."""
        return {
            "configuration": f"ok, but not the last edit: {self.edit}" if self.edit else OK,
            "store": await self._store(),
            "sockets": OK if self.listening else "not open",
            "scheduler": self.pulse.state(time.monotonic()),
            "service": "it is being stopped" if self.stopping else OK,
        }

    async def _store(self) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                await self.look()
        except TimeoutError:
            return f"no answer within {PATIENCE:.0f} s"
        except StoreError:  # whose words have the path or the host of the store
            return "it cannot be used; the log says why"
        return OK

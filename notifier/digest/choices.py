"""Choices: the schedules among which the readers of a digest may choose.

Pure; standard library only. Refuses nothing: what is not offered is said to be so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time

from notifier.schedule.language import Schedule
from notifier.schedule.rules import WallClock

EVERY_HOUR = frozenset(range(24))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What an operator offers beside a digest's own schedule.

    `hours` (0 to 23) are those to which readers may move any of the schedules that has one time a
    day, the digest's own among them.
    """

    schedules: tuple[Schedule, ...] = ()
    hours: frozenset[int] = frozenset()

    def offers(self, own: Schedule, wanted: Schedule) -> bool:
        """Tell whether readers of a digest with the schedule `own` may choose `wanted`."""
        known = (own, *self.schedules)
        return wanted in known or any(_moved(one, wanted, self.hours) for one in known)

    def told(self, own: Schedule) -> str:
        """Say what may be chosen, for people: `` `every day at 07:30`, at any hour``."""
        known = dict.fromkeys((own, *self.schedules))
        names = ", ".join(f"`{one.canonical}`" for one in known)
        if not self.hours:
            return names
        if self.hours == EVERY_HOUR:
            return f"{names}, at any full hour"
        hours = ", ".join(f"{hour:02}:00" for hour in sorted(self.hours))
        return f"{names}, also at {hours}"


def _moved(one: Schedule, wanted: Schedule, hours: frozenset[int]) -> bool:
    """Tell whether `wanted` is `one` at another of the `hours`."""
    if not (isinstance(one, WallClock) and isinstance(wanted, WallClock)):
        return False
    if len(one.times) != 1 or len(wanted.times) != 1:
        return False
    [at] = wanted.times
    return at == time(at.hour) and at.hour in hours and replace(one, times=wanted.times) == wanted

"""What a schedule is once it has been read: values that know on which dates they fall.

Pure; standard library only. Knows nothing of zones or instants (`slots` does) nor of spelling
(`language` does). Refuses nothing: the reader of the language builds these from checked parts.
"""

from __future__ import annotations

import calendar
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise

WEEKDAY_NAMES = tuple(name.lower() for name in calendar.day_name)
EVERY_DAY = frozenset(range(7))
WORKING_DAYS = frozenset(range(5))
WEEKEND = frozenset({5, 6})

LAST = -1
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": LAST}

_DAY = timedelta(days=1)
# Nine years hold three leap days, so that a schedule of 29 February shows its gap.
_SAMPLE = (date(2020, 1, 1), date(2028, 12, 31))
_RARE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Schedule(ABC):
    """When a digest is due, apart from any zone; equal and hashable by meaning, not spelling."""

    @property
    @abstractmethod
    def canonical(self) -> str:
        """The one text of this schedule in the schedule language; parsing it gives an equal one."""

    @property
    @abstractmethod
    def period(self) -> timedelta:
        """How long one issue nominally covers: the longest usual wait between two slots."""

    @property
    @abstractmethod
    def shortest_wait(self) -> timedelta:
        """The shortest nominal wait between two slots."""

    @property
    def at_once(self) -> bool:
        """Whether each article goes out by itself, as it arrives."""
        return False

    @property
    def is_interval(self) -> bool:
        """Whether the slots tile absolute time instead of following the wall clock."""
        return False


@dataclass(frozen=True, slots=True)
class AtOnce(Schedule):
    """Each article by itself; has no slots of its own."""

    @property
    def canonical(self) -> str:
        """Always `at once`."""
        return "at once"

    @property
    def period(self) -> timedelta:
        """One hour, by convention: there is nothing to measure."""
        return timedelta(hours=1)

    @property
    def shortest_wait(self) -> timedelta:
        """Nothing: articles come as they please."""
        return timedelta(0)

    @property
    def at_once(self) -> bool:
        """Always true."""
        return True


@dataclass(frozen=True, slots=True)
class Interval(Schedule):
    """Every so many minutes, 1 to 1440."""

    minutes: int

    @property
    def canonical(self) -> str:
        """`every hour`, `every 6 hours`, `every minute` or `every 15 minutes`."""
        hours, rest = divmod(self.minutes, 60)
        number, unit = (self.minutes, "minute") if rest else (hours, "hour")
        return f"every {unit}" if number == 1 else f"every {number} {unit}s"

    @property
    def period(self) -> timedelta:
        """The interval itself."""
        return timedelta(minutes=self.minutes)

    @property
    def shortest_wait(self) -> timedelta:
        """The interval itself."""
        return self.period

    @property
    def is_interval(self) -> bool:
        """Always true."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class WallClock(Schedule):
    """Certain dates, each at the same local times; `times` ascend, in whole minutes, once each."""

    times: tuple[time, ...]

    @abstractmethod
    def falls_on(self, day: date) -> bool:
        """Tell whether `day` is one of the dates."""

    @property
    def period(self) -> timedelta:
        """The longest wait between two slots over nine sample years, leap years among them."""
        return longest_gap(self)

    @property
    def shortest_wait(self) -> timedelta:
        """The shortest wait between two times of a day, or from the last one over midnight."""
        moments = [datetime.combine(_SAMPLE[0], moment) for moment in self.times]
        moments.append(moments[0] + _DAY)
        return min(later - earlier for earlier, later in pairwise(moments))

    def falls_nominally_on(self, day: date) -> bool:
        """Tell whether `day` counts for the period."""
        return self.falls_on(day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly(WallClock):
    """Days of the week, Monday 0 to Sunday 6."""

    days: frozenset[int]

    def falls_on(self, day: date) -> bool:
        """Tell whether `day` is one of these days of the week."""
        return day.weekday() in self.days

    def falls_nominally_on(self, day: date) -> bool:
        """Like `falls_on`, but a paper of all working days is a daily paper."""
        return self.days == WORKING_DAYS or self.falls_on(day)

    @property
    def canonical(self) -> str:
        """`every weekday at 07:30`, `every monday and thursday at 07:30, 12:00 and 18:00`."""
        named = {EVERY_DAY: "day", WORKING_DAYS: "weekday", WEEKEND: "weekend"}
        names = in_words([WEEKDAY_NAMES[day] for day in sorted(self.days)])
        return f"every {named.get(self.days, names)} {_at(self.times)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthDays(WallClock):
    """Days of every month by number, 1 to 31, or `LAST`; a month without that day has no slot."""

    days: frozenset[int]

    def falls_on(self, day: date) -> bool:
        """Tell whether `day` has one of the numbers or, if wanted, ends its month."""
        return day.day in self.days or (LAST in self.days and day.day == _length_of_month(day))

    @property
    def canonical(self) -> str:
        """`on day 1 and 15 of every month at 09:00`, `on the last day of every month at 09:00`."""
        numbers = in_words([str(day) for day in sorted(self.days)])
        which = "the last day" if LAST in self.days else f"day {numbers}"
        return f"on {which} of every month {_at(self.times)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthWeekday(WallClock):
    """One day of the week, Monday 0, counted within every month: 1 to 4 or `LAST`."""

    ordinals: frozenset[int]
    weekday: int

    def falls_on(self, day: date) -> bool:
        """Tell whether `day` is that day of the week, and the wanted one of its month."""
        if day.weekday() != self.weekday:
            return False
        is_last = day.day + 7 > _length_of_month(day)
        return (day.day + 6) // 7 in self.ordinals or (is_last and LAST in self.ordinals)

    @property
    def canonical(self) -> str:
        """`on the first and third monday of every month at 09:00`."""
        which = in_words([word for word, number in ORDINALS.items() if number in self.ordinals])
        return f"on the {which} {WEEKDAY_NAMES[self.weekday]} of every month {_at(self.times)}"


def in_words(items: Sequence[str]) -> str:
    """Join as people write it: `a`, `a and b`, `a, b and c`."""
    *head, last = items
    return f"{', '.join(head)} and {last}" if head else last


@lru_cache(maxsize=1024)
def longest_gap(schedule: WallClock) -> timedelta:
    """Return the longest wait between two nominal times of `schedule` in the sample years.

    A year if the sample has fewer than two, as for a date that never comes.
    """
    first, last = schedule.times[0], schedule.times[-1]
    moments = [datetime.combine(date.min, moment) for moment in schedule.times]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    previous: date | None = None
    for day in _sample_days():
        if schedule.falls_nominally_on(day):
            if previous is not None:
                gaps.append(datetime.combine(day, first) - datetime.combine(previous, last))
            previous = day
    return max(gaps) if previous is not None and gaps else _RARE


def _sample_days() -> Iterator[date]:
    day, end = _SAMPLE
    while day <= end:
        yield day
        day += _DAY


def _at(times: Sequence[time]) -> str:
    return f"at {in_words([f'{moment:%H:%M}' for moment in times])}"


def _length_of_month(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]

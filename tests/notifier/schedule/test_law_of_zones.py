"""Rule of the slots as a law: every zone of the database, at all its changes from 2000 to 2040.

The oracle knows nothing of nominal times becoming instants: it only looks at clocks, that is, asks
what an instant reads in a zone. A local time is due at the earliest instant that reads it, or, if
none does, at the instant of the change that leapt over it; a date none reads is not due at all.
The slow run tries all changes; each day, changes that are alike but for their date are tried twice.
"""

from __future__ import annotations

import zoneinfo
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from notifier.schedule.rules import EVERY_DAY, Weekly
from notifier.schedule.slots import last_slot, next_slot, slots, zone_names

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)
# The closest two changes of any zone in these years are almost seven days apart.
STRIDE = timedelta(days=6)
GRID = [FIRST + STRIDE * n for n in range((LAST - FIRST) // STRIDE + 1)]
SECOND, MINUTE, HOUR = (timedelta(seconds=s) for s in (1, 60, 3600))


def reads(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def changes(zone: ZoneInfo) -> tuple[tuple[datetime, timedelta, timedelta], ...]:
    """Return every change as (first instant of the new offset, offset before, offset after).

    The first of them is no change but the beginning, so that zones without any are tried as well.
    """
    seen = [instant.astimezone(zone).utcoffset() or timedelta() for instant in GRID]
    found = [(FIRST, seen[0], seen[0])]
    for low, (before, after) in zip(GRID, pairwise(seen), strict=False):
        if before != after:
            minutes = range(STRIDE // MINUTE)
            wait = bisect_left(
                minutes, True, key=lambda m: offset(low + m * MINUTE, zone) != before
            )
            found.append((low + wait * MINUTE, before, after))
            assert offset(found[-1][0] - SECOND, zone) == before, "a change within a minute"
    return tuple(found)


def data(name: str) -> bytes:
    """Return the compiled rules of a zone, from where zoneinfo finds them."""
    folders = [*map(Path, zoneinfo.TZPATH), resources.files("tzdata") / "zoneinfo"]
    return next(path.read_bytes() for f in folders if (path := f.joinpath(name)).is_file())


def kinds() -> dict[str, tuple[datetime, ...]]:
    """Return one zone of each kind with its changes; zones alike in all of them are one kind."""
    alike = {data(name): name for name in zone_names()}
    kinds = {changes(ZoneInfo(name)): name for name in alike.values()}
    return {name: tuple(change[0] for change in found) for found, name in kinds.items()}


class Clock:
    """What the clocks of a zone show around one change of their offset."""

    def __init__(self, name: str, change: datetime) -> None:
        self.zone = ZoneInfo(name)
        self.name, self.change = name, change
        self.before = reads(change - SECOND, self.zone) + SECOND
        self.after = reads(change, self.zone)
        # A day of looking around a change is enough; where it is a day itself, two.
        around = 14 * HOUR + abs(self.after - self.before)
        self.start, self.end = change - around, change + around
        looks = [self.start + 5 * HOUR * n for n in range(2 * around // (5 * HOUR) + 1)]
        looks += [change - SECOND, change, self.end]
        self.dates = sorted({reads(look, self.zone).date() for look in looks})
        self.offsets = {offset(look, self.zone) for look in looks}

    def first_reading(self, nominal: datetime) -> datetime:
        """Return the earliest instant that reads `nominal`, else the change that leapt over it."""
        guesses = [(nominal - off).replace(tzinfo=UTC) for off in self.offsets]
        readings = [guess for guess in guesses if reads(guess, self.zone) == nominal]
        if readings:
            return min(readings)
        assert self.before <= nominal < self.after, f"{self.name} {nominal} is read nowhere"
        return self.change

    def due(self, times: tuple[time, ...]) -> list[tuple[str, datetime, date]]:
        """Return what is due within the window: identity, instant and local date."""
        found: dict[datetime, datetime] = {}
        for day in self.dates:
            for moment in times:
                nominal = datetime.combine(day, moment)
                found.setdefault(self.first_reading(nominal), nominal)
        return [
            (f"{nominal:%Y-%m-%dT%H:%M} {self.name}", instant, nominal.date())
            for instant, nominal in sorted(found.items())
            if self.start < instant <= self.end
        ]

    @property
    def kind(self) -> tuple[object, ...]:
        """What the clocks show around the change, but for the date: on which day it falls."""
        return (self.before.time(), self.after - self.before, offset(self.change, self.zone))

    @property
    def telling_times(self) -> tuple[time, ...]:
        """The times of day at and around the leap, inside it, and at the ends of the day."""
        low, high = sorted((self.before, self.after))
        middle = (low + (high - low) / 2).replace(second=0)
        near = [low - MINUTE, low, middle, high - MINUTE, high]
        return tuple(sorted({moment.time() for moment in near} | {time(0)}))


def test_the_oracle_sees_the_changes_that_are_known() -> None:
    apia, berlin, tucuman = (
        {change[0] for change in changes(ZoneInfo(name))[1:]}
        for name in ("Pacific/Apia", "Europe/Berlin", "America/Argentina/Tucuman")
    )
    assert datetime(2011, 12, 30, 10, tzinfo=UTC) in apia
    assert len(berlin) == 2 * 41
    assert tucuman >= {datetime(2004, 6, 1, 3, tzinfo=UTC), datetime(2004, 6, 13, 4, tzinfo=UTC)}


def test_every_kind_of_change_has_its_slots() -> None:
    """Of the changes that are alike but for their date, the last is tried."""
    last = {clock.kind: clock for clock in all_clocks()}
    assert len(last) > 150
    for clock in last.values():
        check(clock)


@pytest.mark.slow
def test_every_zone_has_its_slots_at_all_its_changes() -> None:
    for clock in all_clocks():
        check(clock)


def all_clocks() -> Iterator[Clock]:
    return (Clock(name, change) for name, changes in kinds().items() for change in changes)


def check(clock: Clock) -> None:
    check_all_times_together(clock)
    check_a_daily_time_inside_the_change(clock)


def check_all_times_together(clock: Clock) -> None:
    schedule = Weekly(days=EVERY_DAY, times=clock.telling_times)
    found = list(slots(schedule, clock.name, clock.start, clock.end))
    assert [(s.identity, s.instant, s.local_date) for s in found] == clock.due(schedule.times)
    until = list(slots(schedule, clock.name, clock.start, clock.change))
    assert until == [slot for slot in found if slot.instant <= clock.change]
    assert last_slot(schedule, clock.name, clock.change) == until[-1]
    just_before = clock.change - SECOND
    assert next_slot(schedule, clock.name, just_before) == next(
        slot for slot in found if slot.instant > just_before
    )


def check_a_daily_time_inside_the_change(clock: Clock) -> None:
    low, high = sorted((clock.before, clock.after))
    moment = (low + (high - low) / 2).replace(second=0).time()
    schedule = Weekly(days=EVERY_DAY, times=(moment,))
    found = slots(schedule, clock.name, clock.start, clock.end)
    due = [(day, clock.first_reading(datetime.combine(day, moment))) for day in clock.dates]
    assert [(slot.local_date, slot.instant) for slot in found] == [
        (day, instant) for day, instant in due if clock.start < instant <= clock.end
    ]

"""From a schedule and a zone to slots: the moments at which a digest is due.

Wall-clock schedules name local times. The slot of a local time is the first instant at which the
zone's clocks read that time *or a later one*. This one rule gives all of them: a time that does not
exist moves to the first instant after the gap, one that occurs twice counts the first time, and
slots ascend with their nominal times. A date that no clock in the zone shows (Apia, 2011-12-30)
has none; nominal times that meet on one instant are one slot, under the earliest name.

Intervals tile absolute time. All tiles of a zone are counted from midnight, local standard time, of
1 January 2024 (standard time: the smaller of the offsets of January and July that year). So the
waits are always exactly the interval, `every hour` is on the local hour also in zones of 30 and 45
minutes, `every 6 hours` is at 00:00, 06:00, 12:00 and 18:00 in standard time and moves with the
clocks in summer.

Pure: time is an argument. Refuses naive moments (ValueError) and unknown zones (KeyError).
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from notifier.schedule.rules import Interval, Schedule, WallClock

# Longer than eight years, the longest wait between two leap days (2096 to 2104).
_HORIZON = timedelta(days=3000)
_EARLIEST = datetime(2, 1, 1, tzinfo=UTC)
_LATEST = datetime(9990, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_MIDNIGHT = time()
_SECOND = timedelta(seconds=1)
_INSTANT = timedelta(microseconds=1)
# Names some systems add to the database; what they mean depends on the machine.
_NOT_ZONES = {"localtime", "Factory", "posixrules"}
_OTHER_TREES = ("posix/", "right/")  # the same once more, the latter with leap seconds
_NAME = re.compile(r"[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,3}")


@dataclass(frozen=True, slots=True)
class Slot:
    """One moment at which a lane is due.

    `identity` is its name in the ledger, `instant` is in UTC. `local_date` is the nominal local
    date it stands for, None for slots without a zone (`arrival:N`, `extra:...`).
    """

    identity: str
    instant: datetime
    local_date: date | None = None


def slots(schedule: Schedule, zone: str, after: datetime, upto: datetime) -> Iterator[Slot]:
    """Yield the slots with instants in `(after, upto]`, ascending; `at once` has none.

    Windows tile: the slots of (a, b] and of (b, c] are those of (a, c]. Nothing is yielded before
    the year 2 or after 9989.
    """
    start, end = _bounded(after), _bounded(upto)
    if isinstance(schedule, Interval):
        return _interval_slots(schedule, zone, start, end)
    if isinstance(schedule, WallClock):
        return _clock_slots(schedule, zone, start, end)
    return iter(())


@lru_cache(maxsize=1024)  # thousands of lanes ask the same at one instant
def next_slot(schedule: Schedule, zone: str, after: datetime) -> Slot | None:
    """Return the first slot later than `after`; None if there is none within eight years."""
    start = _bounded(after)
    return next(slots(schedule, zone, start, start + _HORIZON), None)


@lru_cache(maxsize=1024)
def last_slot(schedule: Schedule, zone: str, upto: datetime) -> Slot | None:
    """Return the last slot not later than `upto`; None if there is none within eight years."""
    end = _bounded(upto)
    if upto < end:
        return None
    if isinstance(schedule, Interval):
        return _interval_slot(schedule, zone, _tile(schedule, zone, end))
    return _last_clock_slot(schedule, zone, end) if isinstance(schedule, WallClock) else None


def at_once_slot(arrival: int, instant: datetime) -> Slot:
    """Return the slot of one article by itself; `instant` is when it arrived."""
    return Slot(f"arrival:{arrival}", instant.astimezone(UTC))


def again_slot(arrival: int, instant: datetime) -> Slot:
    """Return the slot at `instant` of what is owed again up to `arrival`, in a lane `at once`."""
    moment = instant.astimezone(UTC)
    return Slot(f"arrival:{arrival}:{moment.isoformat()}", moment)


def extra_slot(instant: datetime) -> Slot:
    """Return the slot of a digest that is sent by hand at `instant`."""
    moment = instant.astimezone(UTC)
    return Slot(f"extra:{moment.isoformat()}", moment)


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Tell whether `name` is a zone of the IANA database, in its exact spelling."""
    if name in _NOT_ZONES or name.startswith(_OTHER_TREES) or not _NAME.fullmatch(name):
        return False
    if sys.platform in {"darwin", "win32"}:  # where a file is found in any spelling
        return name in _zone_set()
    try:
        ZoneInfo(name)  # one file; to look through all of them takes a hundred times as long
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Return the names of all zones of the IANA database, ascending."""
    return tuple(sorted(available_timezones() - _NOT_ZONES))


@lru_cache(maxsize=1)
def _zone_set() -> frozenset[str]:
    return frozenset(zone_names())


@lru_cache(maxsize=1024)
def _place(zone: str) -> ZoneInfo:
    # zoneinfo itself keeps eight zones: with more it would read files again and again.
    if not is_zone(zone):
        raise ZoneInfoNotFoundError(zone)
    return ZoneInfo(zone)


def _bounded(moment: datetime) -> datetime:
    """Return `moment` in UTC, within the years that calendars can reckon in both directions."""
    if moment.utcoffset() is None:
        raise ValueError("a moment without a zone is no instant")
    return max(_EARLIEST, min(_LATEST, moment)).astimezone(UTC)


def _clock_slots(schedule: WallClock, zone: str, after: datetime, upto: datetime) -> Iterator[Slot]:
    place = _place(zone)
    clock = after.astimezone(place)
    day, last = clock.date(), upto.astimezone(place).date() + _DAY
    # What the clock reads now has been reached: the slots to come have later nominal times.
    first = bisect_right(schedule.times, clock.time())
    previous = after
    while day <= last:
        if schedule.falls_on(day) and _exists(day, place):
            for moment in schedule.times[first:]:
                instant = _first_reading(day, moment, place)
                if instant > upto:
                    return
                if instant > previous:
                    previous = instant
                    yield Slot(f"{day}T{moment:%H:%M} {zone}", instant, day)
        first = 0
        day += _DAY


def _last_clock_slot(schedule: WallClock, zone: str, end: datetime) -> Slot | None:
    place = _place(zone)
    # Where clocks went back, a nominal time up to a day past the present reading has been reached.
    day = end.astimezone(place).date() + _DAY
    for _ in range(min(_HORIZON.days, (end - _EARLIEST).days)):
        if schedule.falls_on(day) and _exists(day, place):
            instant = _last_reading(schedule.times, day, place, end)
            if instant is not None:
                return next(_clock_slots(schedule, zone, instant - _INSTANT, instant))
        day -= _DAY
    return None


def _first_reading(day: date, moment: time, place: ZoneInfo) -> datetime:
    """Return the first instant at which clocks read `day` and `moment`, or later (PEP 495).

    With fold=0 the offset before a change is applied, with fold=1 the one after it: they differ
    inside a fold, where fold=0 is the earlier instant, and inside a gap, where it is the later.
    """
    nominal = datetime.combine(day, moment, place)
    early = nominal.astimezone(UTC)
    late = nominal.replace(fold=1).astimezone(UTC)
    if early <= late:
        return early
    # The gap ends after `late` and not after `early`; changes happen on whole seconds.
    wall = nominal.replace(tzinfo=None)
    wait = bisect_left(
        range((early - late) // _SECOND),
        True,
        key=lambda seconds: (
            (late + seconds * _SECOND).astimezone(place).replace(tzinfo=None) >= wall
        ),
    )
    return late + wait * _SECOND


def _exists(day: date, place: ZoneInfo) -> bool:
    """Tell whether clocks show `day` at all: its midnight, or the end of a gap on the same date."""
    return _first_reading(day, _MIDNIGHT, place).astimezone(place).date() == day


def _last_reading(
    times: tuple[time, ...], day: date, place: ZoneInfo, upto: datetime
) -> datetime | None:
    """Return the last instant of `times` on `day` that is not after `upto`, if there is one."""

    def instant(moment: time) -> datetime:
        return _first_reading(day, moment, place)

    count = bisect_right(times, upto, key=instant)
    return instant(times[count - 1]) if count else None


@lru_cache(maxsize=1024)
def _anchor(zone: str) -> datetime:
    """Return midnight, local standard time, of 1 January 2024: the origin of the zone's tiles."""
    place = _place(zone)
    january = datetime(2024, 1, 1, tzinfo=place).astimezone(UTC)
    july = datetime(2024, 7, 1, tzinfo=place).astimezone(UTC) - timedelta(days=182)
    return max(january, july)


def _tile(schedule: Interval, zone: str, instant: datetime) -> int:
    return (instant - _anchor(zone)) // schedule.period


def _interval_slots(
    schedule: Interval, zone: str, after: datetime, upto: datetime
) -> Iterator[Slot]:
    number = _tile(schedule, zone, after) + 1
    while (slot := _interval_slot(schedule, zone, number)).instant <= upto:
        yield slot
        number += 1


def _interval_slot(schedule: Interval, zone: str, number: int) -> Slot:
    instant = _anchor(zone) + number * schedule.period
    local = instant.astimezone(_place(zone))
    return Slot(f"{local.isoformat(timespec='minutes')} {zone}", instant, local.date())

"""Schedules and moments, made at random, and short ways to ask for slots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from hypothesis import strategies as st

from notifier.schedule.language import parse_schedule
from notifier.schedule.rules import (
    LAST,
    AtOnce,
    Interval,
    MonthDays,
    MonthWeekday,
    Schedule,
    WallClock,
    Weekly,
)
from notifier.schedule.slots import Slot, slots

TRICKY_ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "America/Nuuk",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Pyongyang",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
)

zones = st.sampled_from(TRICKY_ZONES)
times = (
    st.sets(st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 59))), min_size=1)
    .map(sorted)
    .map(tuple)
)
day_sets = st.frozensets(st.integers(0, 6), min_size=1)
weekly = st.builds(Weekly, days=day_sets, times=times)
daily = st.builds(Weekly, days=st.just(frozenset(range(7))), times=times.map(lambda t: t[:1]))
month_days = st.builds(
    MonthDays,
    days=st.frozensets(st.integers(1, 31), min_size=1) | st.just(frozenset({LAST})),
    times=times,
)
month_weekdays = st.builds(
    MonthWeekday,
    ordinals=st.frozensets(st.sampled_from((1, 2, 3, 4, LAST)), min_size=1),
    weekday=st.integers(0, 6),
    times=times,
)


def cron_field(low: int, high: int) -> st.SearchStrategy[str]:
    value = st.integers(low, high)
    ranges = st.tuples(value, value).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.tuples(st.just("*") | ranges, st.integers(1, high - low)).map(
        lambda pair: f"{pair[0]}/{pair[1]}"
    )
    part = value.map(str) | ranges | steps
    return st.just("*") | st.lists(part, min_size=1, max_size=3).map(",".join)


_names = st.sampled_from(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
_name_ranges = st.tuples(_names, _names).map("-".join)
cron_lines = st.tuples(
    cron_field(0, 59),
    cron_field(0, 23),
    cron_field(1, 31),
    cron_field(1, 12),
    st.just("*") | st.lists(_names | _name_ranges, min_size=1, max_size=3).map(",".join),
).map(lambda fields: " ".join(("cron", *fields)))
crons = cron_lines.map(parse_schedule)

intervals = st.builds(Interval, st.integers(1, 1440))
wall_clocks: st.SearchStrategy[WallClock] = weekly | month_days | month_weekdays
schedules: st.SearchStrategy[Schedule] = wall_clocks | crons | intervals
all_schedules: st.SearchStrategy[Schedule] = schedules | st.just(AtOnce())

_START = datetime(2000, 1, 1, tzinfo=UTC)
moments = st.integers(0, 40 * 365 * 24 * 60).map(lambda minute: _START + timedelta(minutes=minute))


def at(text: str) -> datetime:
    """Return the instant of ISO `text`, UTC where it says no offset."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def between(schedule: str, zone: str, after: str, upto: str) -> list[Slot]:
    """Return the slots of a schedule in words."""
    return list(slots(parse_schedule(schedule), zone, at(after), at(upto)))


def told(found: Sequence[Slot]) -> list[str]:
    """Return each slot as `nominal time -> instant in UTC`, without zone and year."""
    return [f"{slot.identity.split()[0][5:]} -> {slot.instant:%m-%dT%H:%M}" for slot in found]

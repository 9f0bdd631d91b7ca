from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.schedule.language import parse_schedule
from notifier.schedule.rules import Interval, Schedule, Weekly
from notifier.schedule.slots import (
    Slot,
    at_once_slot,
    extra_slot,
    is_zone,
    last_slot,
    next_slot,
    slots,
    zone_names,
)
from tests.laws import law
from tests.notifier.schedule.schedules import (
    at,
    between,
    crons,
    daily,
    intervals,
    moments,
    schedules,
    told,
    zones,
)

SECOND = timedelta(seconds=1)
days = st.integers(0, 20).map(lambda number: timedelta(days=number))


# The nights of the clocks, by name.

NIGHTS = [
    # Berlin leaps from 02:00 to 03:00, and goes back from 03:00 to 02:00, at 01:00 UTC.
    ("every day at 02:30", "Europe/Berlin", "2026-03-29", ["03-29T02:30 -> 03-29T01:00"]),
    ("every day at 02:30", "Europe/Berlin", "2026-10-25", ["10-25T02:30 -> 10-25T00:30"]),
    (
        "every day at 02:15, 02:30, 03:00 and 03:15",
        "Europe/Berlin",
        "2026-03-29",
        ["03-29T02:15 -> 03-29T01:00", "03-29T03:15 -> 03-29T01:15"],
    ),
    (
        "every day at 01:59, 02:00, 02:59 and 03:00",
        "Europe/Berlin",
        "2026-10-25",
        [
            "10-25T01:59 -> 10-24T23:59",
            "10-25T02:00 -> 10-25T00:00",
            "10-25T02:59 -> 10-25T00:59",
            "10-25T03:00 -> 10-25T02:00",
        ],
    ),
    ("every day at 02:30", "America/New_York", "2026-03-08", ["03-08T02:30 -> 03-08T07:00"]),
    ("every day at 01:30", "America/New_York", "2026-11-01", ["11-01T01:30 -> 11-01T05:30"]),
    # Lord Howe moves by half an hour only.
    (
        "every day at 02:00, 02:29 and 02:30",
        "Australia/Lord_Howe",
        "2026-10-04",
        ["10-04T02:00 -> 10-03T15:30"],
    ),
    (
        "every day at 01:45 and 02:00",
        "Australia/Lord_Howe",
        "2026-04-05",
        ["04-05T01:45 -> 04-04T14:45", "04-05T02:00 -> 04-04T15:30"],
    ),
    # Where the gap is at midnight, the day begins at 01:00.
    ("every day at midnight", "Africa/Cairo", "2026-04-24", ["04-24T00:00 -> 04-23T22:00"]),
    ("every day at 23:30", "Africa/Cairo", "2026-10-29", ["10-29T23:30 -> 10-29T20:30"]),
    ("every day at 00:00", "Africa/Cairo", "2026-10-30", ["10-30T00:00 -> 10-29T22:00"]),
    ("every day at midnight", "America/Santiago", "2026-09-06", ["09-06T00:00 -> 09-06T04:00"]),
    ("every day at 23:15", "America/Santiago", "2026-04-04", ["04-04T23:15 -> 04-05T02:15"]),
    # The last hour of Saturday is left out: its slot comes with the first moment of Sunday.
    ("every day at 23:30", "America/Nuuk", "2024-03-30", ["03-30T23:30 -> 03-31T01:00"]),
    # Samoa crossed the date line: 30 December 2011 was never shown.
    ("every day at 07:30", "Pacific/Apia", "2011-12-29", ["12-29T07:30 -> 12-29T17:30"]),
    ("every day at 07:30", "Pacific/Apia", "2011-12-30", []),
    ("every day at 00:00", "Pacific/Apia", "2011-12-30", []),
    ("every day at 00:00", "Pacific/Apia", "2011-12-31", ["12-31T00:00 -> 12-30T10:00"]),
    ("every day at 12:00", "Pacific/Kwajalein", "1993-08-21", []),
    ("every day at 12:00", "Pacific/Kwajalein", "1993-08-20", ["08-20T12:00 -> 08-21T00:00"]),
    # Morocco puts its clocks back for the month of Ramadan.
    ("every day at 02:30", "Africa/Casablanca", "2026-02-15", ["02-15T02:30 -> 02-15T01:30"]),
    ("every day at 02:30", "Africa/Casablanca", "2026-03-22", ["03-22T02:30 -> 03-22T02:00"]),
    # Troll moves by two hours.
    (
        "every day at 01:30 and 02:59",
        "Antarctica/Troll",
        "2026-03-29",
        ["03-29T01:30 -> 03-29T01:00"],
    ),
    (
        "every day at 01:30, 02:30 and 03:00",
        "Antarctica/Troll",
        "2026-10-25",
        [
            "10-25T01:30 -> 10-24T23:30",
            "10-25T02:30 -> 10-25T00:30",
            "10-25T03:00 -> 10-25T03:00",
        ],
    ),
    # Lines of cron follow the wall clock too, with a wildcard for the hour as well.
    ("cron 30 2 * * *", "Europe/Berlin", "2026-10-25", ["10-25T02:30 -> 10-25T00:30"]),
    (
        "cron 30 1-3 * * *",
        "Europe/Berlin",
        "2026-03-29",
        [
            "03-29T01:30 -> 03-29T00:30",
            "03-29T02:30 -> 03-29T01:00",
            "03-29T03:30 -> 03-29T01:30",
        ],
    ),
]


@pytest.mark.parametrize(("schedule", "zone", "day", "expected"), NIGHTS)
def test_a_night_of_the_clocks(schedule: str, zone: str, day: str, expected: list[str]) -> None:
    start, end = at(day) - timedelta(days=2), at(day) + timedelta(days=2)
    around = slots(parse_schedule(schedule), zone, start, end)
    assert told([slot for slot in around if f"{slot.local_date}" == day]) == expected


def test_a_midnight_passed_before_clocks_went_back_over_it_is_not_forgotten() -> None:
    # At 00:01 on 7 November 2010, 02:31 UTC, clocks in St. John's went back to 23:01.
    found = between("every day at midnight", "America/St_Johns", "2010-11-07", "2010-11-07T02:45")
    assert told(found) == ["11-07T00:00 -> 11-07T02:30"]
    midnight = parse_schedule("every day at midnight")
    assert last_slot(midnight, "America/St_Johns", at("2010-11-07T02:45")) == found[0]
    assert (
        between("every day at midnight", "America/St_Johns", "2010-11-07T02:45", "2010-11-08") == []
    )


def test_the_last_slot_before_a_date_that_was_left_out_is_on_the_date_before_it() -> None:
    morning, after = parse_schedule("every day at 07:30"), at("2011-12-30T12:00")
    found = last_slot(morning, "Pacific/Apia", after)
    assert found is not None
    assert found.identity == "2011-12-29T07:30 Pacific/Apia"


def test_a_cron_line_of_every_hour_does_not_repeat_the_hour_that_occurs_twice() -> None:
    found = between("cron 0 * * * *", "Europe/Berlin", "2026-10-24T22:30", "2026-10-25T03:30")
    assert [slot.instant.hour for slot in found] == [23, 0, 2, 3]
    found = between("cron 0 * * * *", "Europe/Berlin", "2026-03-28T23:30", "2026-03-29T03:30")
    assert [slot.instant.hour for slot in found] == [0, 1, 2, 3]
    assert found[1].identity == "2026-03-29T02:00 Europe/Berlin"


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
def test_every_15_minutes_goes_evenly_through_both_nights(night: str) -> None:
    found = between("every 15 minutes", "Europe/Berlin", f"{night}T00:00", f"{night}T03:00")
    assert [slot.instant for slot in found] == [
        at(f"{night}T00:00") + timedelta(minutes=15 * step) for step in range(1, 13)
    ]
    assert len({slot.identity for slot in found}) == 12


def test_an_interval_names_the_offset_so_that_the_repeated_hour_has_two_names() -> None:
    found = between("every hour", "Europe/Berlin", "2026-10-25T00:00", "2026-10-25T01:00")
    found += between("every hour", "Europe/Berlin", "2026-10-24T23:30", "2026-10-25T00:00")
    assert [slot.identity for slot in found] == [
        "2026-10-25T02:00+01:00 Europe/Berlin",
        "2026-10-25T02:00+02:00 Europe/Berlin",
    ]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", ["00:00+00:00", "06:00+00:00", "12:00+00:00", "18:00+00:00"]),
        ("Europe/Paris", ["00:00+01:00", "06:00+01:00", "12:00+01:00", "18:00+01:00"]),
        ("Asia/Kolkata", ["00:00+05:30", "06:00+05:30", "12:00+05:30", "18:00+05:30"]),
        ("Asia/Kathmandu", ["00:00+05:45", "06:00+05:45", "12:00+05:45", "18:00+05:45"]),
        ("America/St_Johns", ["00:00-03:30", "06:00-03:30", "12:00-03:30", "18:00-03:30"]),
        # It is summer there: the tiles of standard time, an hour later on the clock.
        ("Australia/Sydney", ["01:00+11:00", "07:00+11:00", "13:00+11:00", "19:00+11:00"]),
    ],
)
def test_every_6_hours_counts_from_midnight_of_standard_time(
    zone: str, expected: list[str]
) -> None:
    place = ZoneInfo(zone)
    midnight = datetime(2026, 1, 15, tzinfo=place) - SECOND
    found = slots(parse_schedule("every 6 hours"), zone, midnight, midnight + timedelta(days=1))
    assert [slot.identity.split()[0][11:] for slot in found] == expected


def test_a_slot_carries_its_name_its_instant_and_its_local_date() -> None:
    slot = next_slot(parse_schedule("every day at 07:30"), "Europe/Paris", at("2026-11-22T12:00"))
    expected = at("2026-11-23T06:30")
    assert slot == Slot("2026-11-23T07:30 Europe/Paris", expected, date(2026, 11, 23))
    assert slot.instant.tzinfo is UTC


def test_slots_without_a_schedule_are_named_after_what_caused_them() -> None:
    moment = at("2026-11-23T07:30+01:00")
    assert at_once_slot(812, moment) == Slot("arrival:812", at("2026-11-23T06:30"))
    assert extra_slot(moment) == Slot("extra:2026-11-23T06:30:00+00:00", at("2026-11-23T06:30"))


def test_at_once_has_no_slots_of_its_own() -> None:
    schedule, now = parse_schedule("at once"), at("2026-11-23")
    assert list(slots(schedule, "UTC", now, now + timedelta(days=99))) == []
    assert next_slot(schedule, "UTC", now) is None
    assert last_slot(schedule, "UTC", now) is None


def test_a_date_that_never_comes_has_no_slot_and_a_rare_one_is_found() -> None:
    now = at("2096-03-01")
    assert next_slot(parse_schedule("cron 0 0 30 feb *"), "UTC", now) is None
    assert last_slot(parse_schedule("cron 0 0 30 feb *"), "UTC", now) is None
    leap = next_slot(parse_schedule("cron 0 0 29 feb *"), "UTC", now)
    assert leap is not None
    assert leap.instant == at("2104-02-29")


def test_the_ends_of_the_calendar_are_no_trouble() -> None:
    schedule = parse_schedule("every day at 07:30")
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert last_slot(schedule, "Asia/Tokyo", first) is None
    assert next_slot(schedule, "Asia/Tokyo", first) is not None
    assert next_slot(schedule, "Asia/Tokyo", last) is None
    assert last_slot(schedule, "America/Lima", last) is not None
    assert last_slot(parse_schedule("every hour"), "America/Lima", first) is None
    assert list(slots(schedule, "UTC", last - timedelta(days=9), last)) == []


def test_slots_are_made_only_as_they_are_asked_for() -> None:
    endless = slots(parse_schedule("cron * * * * *"), "UTC", at("0100-01-01"), at("9000-01-01"))
    assert next(endless).instant == at("0100-01-01T00:01")


def test_a_moment_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 11, 23)  # noqa: DTZ001 - the mistake itself
    with pytest.raises(ValueError, match="without a zone"):
        next_slot(parse_schedule("every hour"), "UTC", naive)


def test_zones_are_those_of_the_database() -> None:
    assert len(zone_names()) > 500
    assert all(is_zone(name) for name in ("UTC", "Europe/Paris", "America/Argentina/Ushuaia"))
    wrong = ("", "Europe", "Europe/Pariss", "europe/paris", "../UTC", "/etc/passwd", "localtime")
    assert not any(is_zone(name) for name in wrong)
    assert [name for name in zone_names() if not is_zone(name)] == []
    assert not any(is_zone(name) for name in ("Europe", "../UTC", "/etc/localtime", "UTC\n", "tz"))
    assert not any(is_zone(name) for name in ("right/UTC", "posix/UTC", "UTC\0", "Factory"))


def test_an_unknown_zone_has_no_slots_to_give() -> None:
    with pytest.raises(KeyError, match="Europe/Pariss"):
        next_slot(parse_schedule("every day at 07:30"), "Europe/Pariss", at("2026-11-23"))


# Laws for any schedule, zone and moment.


@given(schedules, zones, moments, days, days)
@law(25)
def test_windows_tile(
    schedule: Schedule, zone: str, a: datetime, first: timedelta, second: timedelta
) -> None:
    schedule, b = coarse(schedule), a + first
    whole = list(slots(schedule, zone, a, b + second))
    assert [*slots(schedule, zone, a, b), *slots(schedule, zone, b, b + second)] == whole
    instants = [slot.instant for slot in whole]
    assert all(earlier < later for earlier, later in pairwise([a, *instants]))
    assert all(instant <= b + second for instant in instants)
    assert len({slot.identity for slot in whole}) == len(whole)


@given(schedules | crons, zones, moments)
@law(30)
def test_next_and_last_agree_with_the_slots(schedule: Schedule, zone: str, now: datetime) -> None:
    following, latest = next_slot(schedule, zone, now), last_slot(schedule, zone, now)
    if following is not None:
        assert now < following.instant
        assert next(slots(schedule, zone, now, following.instant)) == following
        assert last_slot(schedule, zone, following.instant) == following
        assert last_slot(schedule, zone, following.instant - SECOND) == latest
    if latest is not None:
        assert latest.instant <= now
        assert [*slots(schedule, zone, latest.instant - SECOND, now)] == [latest]
        assert next_slot(schedule, zone, latest.instant) == following


@given(daily, zones, moments)
@law(25)
def test_a_daily_schedule_has_one_slot_for_each_date_its_zone_shows(
    schedule: Weekly, zone: str, start: datetime
) -> None:
    place = ZoneInfo(zone)
    hours = [start + timedelta(hours=n) for n in range(24 * 40)]
    shown = sorted({hour.astimezone(place).date() for hour in hours})
    found = [slot.local_date for slot in slots(schedule, zone, start, hours[-1])]
    assert found == [day for day in shown if day in found]
    assert set(shown[1:-2]) <= set(found)


@given(intervals, st.sampled_from(zone_names()), moments)
@law(25)
def test_intervals_tile_absolute_time_in_every_zone(
    schedule: Interval, zone: str, start: datetime
) -> None:
    found = list(slots(schedule, zone, start, start + 40 * schedule.period))
    assert len(found) == 40
    assert {b.instant - a.instant for a, b in pairwise(found)} == {schedule.period}
    assert [datetime.fromisoformat(slot.identity.split()[0]) for slot in found] == [
        slot.instant for slot in found
    ]


def coarse(schedule: Schedule) -> Schedule:
    """Return an interval that does not fill a window with thousands of slots."""
    return Interval(max(schedule.minutes, 47)) if isinstance(schedule, Interval) else schedule

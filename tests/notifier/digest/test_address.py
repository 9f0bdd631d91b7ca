"""Addresses of issues: a date, or a date and a time; no two slots of a digest share one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.digest.address import address_of, day_of, full_address, time_of
from notifier.schedule.language import parse_schedule
from notifier.schedule.slots import Slot, extra_slot, slots

DAILY = parse_schedule("every day at 07:30")
TWICE = parse_schedule("every day at 07:30 and 18:00")
SLOT = Slot("2026-11-23T07:30 Europe/Paris", datetime(2026, 11, 23, 6, 30, tzinfo=UTC))
AUTUMN = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # clocks in Paris go back at 01:00 UTC


def test_a_date_is_enough_where_there_is_one_slot_a_day() -> None:
    assert address_of(SLOT, "Europe/Paris", DAILY) == "2026-11-23"
    assert address_of(SLOT, "Europe/Paris", TWICE) == "2026-11-23T0730"
    assert full_address(SLOT, "Europe/Paris") == "2026-11-23T0730"


def test_a_slot_of_an_earlier_schedule_keeps_its_time() -> None:
    later = parse_schedule("every day at 08:00")
    assert address_of(SLOT, "Europe/Paris", later) == "2026-11-23T0730"


def test_what_is_sent_by_hand_has_the_seconds() -> None:
    slot = extra_slot(datetime(2026, 11, 23, 23, 30, 5, 1, tzinfo=UTC))
    assert address_of(slot, "Europe/Paris", DAILY) == "2026-11-24T003005"


def test_an_hour_that_comes_twice_is_told_apart() -> None:
    hourly = parse_schedule("every hour")
    night = slots(hourly, "Europe/Paris", AUTUMN - timedelta(hours=1), AUTUMN + timedelta(hours=2))
    found = [address_of(slot, "Europe/Paris", hourly)[10:] for slot in night]
    assert found == ["T0200", "T0200-2", "T0300"]


@given(
    st.sampled_from(["every 15 minutes", "every day at 02:30", "every day at 02:00 and 03:00"]),
    st.sampled_from(["Europe/Paris", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo"]),
    st.integers(0, 365 * 24).map(lambda hours: AUTUMN - timedelta(hours=hours)),
)
def test_no_two_slots_have_one_address_and_each_names_its_date(
    text: str, zone: str, start: datetime
) -> None:
    schedule = parse_schedule(text)
    found = list(slots(schedule, zone, start, start + timedelta(days=1)))
    addresses = [address_of(slot, zone, schedule) for slot in found]
    assert len(set(addresses)) == len(found)
    assert [day_of(address) for address in addresses] == [slot.local_date for slot in found]


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-02-30", "2026-11-23T", "2026-11-23T0730-3", "2026-11-23\n", "x"]
)
def test_what_is_no_address_has_no_day(text: str) -> None:
    assert day_of(text) is None


def test_an_address_tells_its_day_and_time() -> None:
    assert day_of("2026-11-23T073005-2") == date(2026, 11, 23)
    assert [time_of(a) for a in ("2026-11-23", "2026-11-23T1805")] == ["", "18:05"]

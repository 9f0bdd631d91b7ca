from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given

from notifier.schedule.language import Schedule, parse_schedule
from notifier.schedule.rules import WallClock
from tests.laws import law
from tests.notifier.schedule.schedules import all_schedules

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

SPELLINGS = [
    ("every day at 07:30", "every day at 07:30"),
    ("  Every  DAY\tat 7:30 ", "every day at 07:30"),
    ("every days at 07:30 and 07:30", "every day at 07:30"),
    ("every weekday and weekend at 07:30", "every day at 07:30"),
    ("every weekdays at 07:30", "every weekday at 07:30"),
    ("every fri, thu, wed, tue and mon at 07:30", "every weekday at 07:30"),
    ("every sunday, saturday at 10:00", "every weekend at 10:00"),
    ("every thursdays, and mon at 18:00, 7:30", "every monday and thursday at 07:30 and 18:00"),
    ("every monday, thursday and friday at 7:00", "every monday, thursday and friday at 07:00"),
    ("every day at 18:00, noon and midnight", "every day at 00:00, 12:00 and 18:00"),
    ("every 15 minutes", "every 15 minutes"),
    ("every 15 mins", "every 15 minutes"),
    ("every 1 minute", "every minute"),
    ("every 60 minutes", "every hour"),
    ("every 1 hours", "every hour"),
    ("every 360 minutes", "every 6 hours"),
    ("every 90 minutes", "every 90 minutes"),
    ("every 24 hours", "every 24 hours"),
    ("on day 1 of every month at 09:00", "on day 1 of every month at 09:00"),
    ("on days 15, 1 of every month at 9:00", "on day 1 and 15 of every month at 09:00"),
    ("on the last day of every month at 09:00", "on the last day of every month at 09:00"),
    ("ON LAST FRI of every month at 16:00", "on the last friday of every month at 16:00"),
    (
        "on the last and first mondays of every month at 16:00",
        "on the first and last monday of every month at 16:00",
    ),
    ("At Once", "at once"),
    ("CRON 30 7 * * MON-FRI", "cron 30 7 * * mon-fri"),
]

PERIODS = [
    ("at once", HOUR),
    ("every 15 minutes", 15 * MINUTE),
    ("every day at 07:30", DAY),
    ("every weekday at 07:30", DAY),
    ("every day at 07:30 and 18:00", 13 * HOUR + 30 * MINUTE),
    ("every weekday at 07:00 and 12:00", 19 * HOUR),
    ("every monday at 07:30", 7 * DAY),
    ("every monday, thursday at 07:30", 4 * DAY),
    ("every weekend at 10:00", 6 * DAY),
    ("on day 1 of every month at 09:00", 31 * DAY),
    ("on day 1 and 15 of every month at 09:00", 17 * DAY),
    ("on the last friday of every month at 16:00", 35 * DAY),
    ("cron 30 7 * * mon-fri", 3 * DAY),
    ("cron */10 * * * *", 10 * MINUTE),
    ("cron 0 0 1 jan *", 366 * DAY),
    ("cron 0 0 29 feb *", 1461 * DAY),
    ("cron 0 0 30 feb *", 366 * DAY),
]


@pytest.mark.parametrize(("text", "canonical"), SPELLINGS)
def test_a_schedule_has_one_canonical_text_however_it_is_written(text: str, canonical: str) -> None:
    schedule = parse_schedule(text)
    assert schedule.canonical == canonical
    assert parse_schedule(canonical) == schedule
    assert hash(parse_schedule(canonical)) == hash(schedule)


@given(all_schedules)
@law(40)
def test_the_canonical_text_reads_back_as_the_same_schedule(schedule: Schedule) -> None:
    again = parse_schedule(schedule.canonical)
    assert again == schedule
    assert again.canonical == schedule.canonical


def test_only_at_once_is_at_once_and_only_intervals_are_intervals() -> None:
    def kind(text: str) -> tuple[bool, bool]:
        schedule = parse_schedule(text)
        return schedule.at_once, schedule.is_interval

    assert kind("at once") == (True, False)
    assert kind("every 15 minutes") == (False, True)
    assert kind("every day at 07:30") == (False, False)
    assert kind("cron */15 * * * *") == (False, False)


@pytest.mark.parametrize(("text", "period"), PERIODS)
def test_the_period_is_the_longest_usual_wait(text: str, period: timedelta) -> None:
    assert parse_schedule(text).period == period


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("on day 31 of every month at 09:00", "01-31 03-31 05-31 07-31 08-31 10-31 12-31"),
        ("on the last day of every month at 09:00", "01-31 02-28 03-31 04-30 05-31 06-30"),
        ("on the first monday of every month at 09:00", "01-05 02-02 03-02 04-06 05-04 06-01"),
        ("on the fourth thursday of every month at 09:00", "01-22 02-26 03-26 04-23 05-28 06-25"),
        ("on the last friday of every month at 09:00", "01-30 02-27 03-27 04-24 05-29 06-26"),
        ("on the fourth and last friday of every month at 9:00", "01-23 01-30 02-27 03-27 04-24"),
        ("every saturday at 09:00", "01-03 01-10 01-17 01-24 01-31 02-07"),
    ],
)
def test_a_schedule_falls_on_its_dates(text: str, dates: str) -> None:
    schedule = parse_schedule(text)
    assert isinstance(schedule, WallClock)
    days = [date(2026, 1, 1) + number * DAY for number in range(365)]
    found = [f"{day:%m-%d}" for day in days if schedule.falls_on(day)]
    assert found[: len(dates.split())] == dates.split()

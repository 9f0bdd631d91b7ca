from __future__ import annotations

from datetime import date, timedelta

import pytest

from notifier.errors import InvalidSchedule
from notifier.schedule.cron import read_cron

DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]

SPELLINGS = [
    ("cron * * * * *", "cron * * * * *"),
    ("cron 0-59 */1 1-31 1-12 mon-sun", "cron * * * * *"),
    ("cron 30,0 7 * * *", "cron 0,30 7 * * *"),
    ("cron 0,15,30,45 8-18/2 * * *", "cron */15 8,10,12,14,16,18 * * *"),
    ("cron 0 9 1,2,3,15 january,feb *", "cron 0 9 1-3,15 1,2 *"),
    ("cron 0 9 * * Monday,wed,FRI", "cron 0 9 * * mon,wed,fri"),
    ("cron 0 9 * * fri-mon", "cron 0 9 * * mon,fri-sun"),
    ("cron 0 9 * * sun-tue", "cron 0 9 * * mon,tue,sun"),
    ("cron 0 9 * * mon-fri/2", "cron 0 9 * * mon,wed,fri"),
    ("  CRON   0 9 * * *  ", "cron 0 9 * * *"),
]

FIVE = "a line of cron has five fields (minute, hour, day of the month, month, day of the week)"
NAMES = "days of the week go by name, mon to sun, because programs number them differently"

# What is written, where it is wrong, what was meant, and what is said of it.
MISTAKES = [
    ("cron", "", "", f"{FIVE}, not 0"),
    ("cron 30 7 * *", "", "", f"{FIVE}, not 4"),
    ("cron 0 30 7 * * mon", "mon", "", f"{FIVE}, not 6; there is no field for seconds"),
    (
        "cron @daily",
        "@daily",
        "every day at 00:00",
        "“@daily” is not known here: write it as a schedule in words",
    ),
    ("cron 30 7 * * 1-5", "1-5", "mon-fri", f"day of the week “1-5”: {NAMES}"),
    ("cron 30 6 * * mon,0", "0", "sun", f"day of the week “0”: {NAMES}"),
    ("cron 30 6 * * 7", "7", "sun", f"day of the week “7”: {NAMES}"),
    ("cron 30 6 * * 9", "9", "", f"day of the week “9”: {NAMES}"),
    (
        "cron 30 7 * * */2",
        "*/2",
        "",
        "day of the week “*/2”: a step needs to know its first day: name the days, such as "
        "mon,wed,fri",
    ),
    ("cron 30 7 * * monn", "monn", "mon", "day of the week “monn”: allowed are mon to sun"),
    (
        "cron 30 7 * * fri#2",
        "fri#2",
        "",
        "day of the week “fri#2”: allowed are *, mon to sun, ranges, lists and steps",
    ),
    ("cron 60 7 * * *", "60", "", "minute “60”: 60 is out of range, allowed are 0 to 59"),
    ("cron 3 24 * * *", "24", "", "hour “24”: 24 is out of range, allowed are 0 to 23"),
    ("cron 3 7 L * *", "L", "", "day of the month “l”: allowed are 1 to 31"),
    (
        "cron 3 7 1,9-32 * *",
        "9-32",
        "",
        "day of the month “9-32”: 32 is out of range, allowed are 1 to 31",
    ),
    (
        "cron 30 7 ? * mon",
        "?",
        "",
        "day of the month “?”: allowed are *, 1 to 31, ranges, lists and steps",
    ),
    (
        "cron 30 7 * jann *",
        "jann",
        "jan",
        "month “jann”: allowed are 1 to 12 and jan to dec",
    ),
    ("cron 30 22-2 * * *", "22-2", "22-23,0-2", "hour “22-2”: a range goes upwards"),
    ("cron */0 * * * *", "*/0", "", "minute “*/0”: a step is a number from 1 to 59"),
    (
        "cron */90 * * * *",
        "*/90",
        "",
        "minute “*/90”: a step of 90 is too wide for a field of 60 values: "
        "“every 90 minutes” is an interval",
    ),
    ("cron 5/15 * * * *", "5/15", "5-59/15", "minute “5/15”: a step needs a range before it"),
    ("cron 1,,2 * * * *", ",2", "", "minute “”: a value is missing between the commas"),
]


@pytest.mark.parametrize(("text", "canonical"), SPELLINGS)
def test_a_line_has_one_canonical_text_however_it_is_written(text: str, canonical: str) -> None:
    assert read_cron(text).canonical == canonical
    assert read_cron(canonical) == read_cron(text)


def test_the_times_are_every_hour_with_every_minute() -> None:
    times = [f"{moment:%H:%M}" for moment in read_cron("cron 45,15 8,18 * * *").times]
    assert times == ["08:15", "08:45", "18:15", "18:45"]


@pytest.mark.parametrize(
    ("line", "admitted"),
    [
        # Either of the two day fields suffices where both are restricted.
        ("cron 0 0 13 * fri", lambda day: day.day == 13 or day.weekday() == 4),
        ("cron 0 0 */2 * mon", lambda day: day.day % 2 == 1 or day.weekday() == 0),
        # A field that admits everything does not count.
        ("cron 0 0 13 * *", lambda day: day.day == 13),
        ("cron 0 0 13 * mon-sun", lambda day: day.day == 13),
        ("cron 0 0 * * fri", lambda day: day.weekday() == 4),
        ("cron 0 0 1-31 * fri", lambda day: day.weekday() == 4),
        # The month always has to fit.
        ("cron 0 0 13 2 fri", lambda d: d.month == 2 and (d.day == 13 or d.weekday() == 4)),
        ("cron 0 0 * jun-aug *", lambda day: 6 <= day.month <= 8),
    ],
)
def test_a_line_falls_on_its_dates(line: str, admitted: object) -> None:
    assert callable(admitted)
    schedule = read_cron(line)
    assert [day for day in DAYS if schedule.falls_on(day)] == [d for d in DAYS if admitted(d)]


@pytest.mark.parametrize(("text", "place", "hint", "message"), MISTAKES)
def test_a_mistake_is_explained_where_it_stands(
    text: str, place: str, hint: str, message: str
) -> None:
    with pytest.raises(InvalidSchedule) as caught:
        read_cron(text)
    told = caught.value
    offset = text.rindex(place) if place else len(text)
    assert (str(told), told.offset, told.hint) == (message, offset, hint)

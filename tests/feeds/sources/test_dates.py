from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.document import Date
from feeds.sources.dates import parse_date

PARIS = ZoneInfo("Europe/Paris")
THE_DAY = Date(datetime(2026, 1, 17, tzinfo=UTC), day_only=True)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-17",
        "2026/01/17",
        "17/01/2026",
        "17.01.2026",
        "17. 1. 2026",
        "January 17, 2026",
        "JANUARY 17, 2026",
        "Jan. 17 2026",
        "Jan 17, 2026",
        "January 17th, 2026",
        "Saturday, January 17, 2026",
        "17 January 2026",
        "17-Jan-2026",
        "  17\u00a0January   2026 ",
        "17. Januar 2026",
        "17. Jänner 2026",
        "Samstag, 17. Januar 2026",
        "17 janvier 2026",
        "samedi 17 janvier 2026",
        "17 de enero de 2026",
        "sábado, 17 de enero de 2026",
    ],
)
def test_a_day_is_midnight_utc_and_known_to_be_a_day(text: str) -> None:
    assert parse_date(text, PARIS) == THE_DAY


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("1er février 2026", 2),
        ("1 fevrier 2026", 2),
        ("1. März 2026", 3),
        ("1 mars 2026", 3),
        ("1 mai 2026", 5),
        ("1 August 2026", 8),
        ("1er août 2026", 8),
        ("1 Sept. 2026", 9),
        ("1 de setiembre de 2026", 9),
        ("1. Okt. 2026", 10),
        ("1 déc. 2026", 12),
        ("1. Dezember 2026", 12),
        ("1 dic 2026", 12),
    ],
)
def test_months_have_names_in_four_languages(text: str, month: int) -> None:
    assert parse_date(text, UTC) == Date(datetime(2026, month, 1, tzinfo=UTC), day_only=True)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-17T08:30:00Z", "08:30"),
        ("2026-01-17t08:30:00z", "08:30"),
        ("2026-01-17T08:30:00+01:00", "07:30"),
        ("2026-01-17T08:30+0100", "07:30"),
        ("2026-01-17 08:30", "07:30"),
        ("2026-01-17T08:30", "07:30"),
        ("Sat, 17 Jan 2026 08:30:00 +0100", "07:30"),
        ("17 Jan 2026 08:30 EST", "13:30"),
        ("17/01/2026 08:30", "07:30"),
        ("January 17, 2026 at 8:30 pm", "19:30"),
        ("January 17, 2026, 12:10 a.m. UTC", "00:10"),
        ("17. Januar 2026, 18:30 Uhr", "17:30"),
        ("17 janvier 2026 à 18:30", "17:30"),
        ("17 de enero de 2026 a las 18:30", "17:30"),
    ],
)
def test_a_time_without_an_offset_is_meant_in_the_zone_of_the_source(
    text: str, moment: str
) -> None:
    expected = datetime.fromisoformat(f"2026-01-17T{moment}:00+00:00")
    assert parse_date(text, PARIS) == Date(expected)


def test_a_time_that_occurs_twice_is_the_first_one_and_one_in_the_gap_comes_after_it() -> None:
    assert parse_date("2026-10-25 02:30", PARIS) == Date(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    assert parse_date("2026-03-29 02:30", PARIS) == Date(datetime(2026, 3, 29, 1, 30, tzinfo=UTC))


def test_a_leap_second_is_the_last_second_of_its_minute() -> None:
    expected = datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert parse_date("2016-12-31T23:59:60Z", UTC) == Date(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026",
        "2026-02-30",
        "2026-13-01",
        "2026-00-10",
        "0000-01-01",
        "01/17/2026",
        "17/01/26",
        "30 February 2026",
        "17 Brumaire 2026",
        "2026-01-17T24:00Z",
        "2026-01-17T08:60Z",
        "2026-01-17T08:30 XYZ",
        "2026-01-17T08:30+01:75",
        "2026-01-17T08:30+99:00",
        "13:30 pm, January 17, 2026",
        "January 17, 2026 13:30 pm",
        "0001-01-01T00:00+14:00",
        "9999-12-31T23:59-14:00",
        "January 17, 2026 was a Saturday",
        "It was January 17, 2026",
        "٢٠٢٦-٠١-١٧",
        "2026-01-17" + " " * 100,
    ],
)
def test_what_is_no_date_gives_none(text: str) -> None:
    assert parse_date(text, PARIS) is None


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_is_read_back_from_every_numeric_style(day: date) -> None:
    expected = Date(datetime(day.year, day.month, day.day, tzinfo=UTC), day_only=True)
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y"):
        assert parse_date(day.strftime(form), PARIS) == expected


@given(
    st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001 - the offset is drawn below
    st.integers(-14 * 60, 14 * 60),
)
def test_every_instant_is_read_back(moment: datetime, minutes: int) -> None:
    at = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_date(at.isoformat(), PARIS) == Date(at)
    assert parse_date(format_datetime(at), PARIS) == Date(at.replace(microsecond=0))


@given(st.text(max_size=90))
def test_no_text_is_too_strange_to_be_judged(text: str) -> None:
    parsed = parse_date(text, PARIS)
    assert parsed is None or parsed.at.tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "hour"), [("America/New_York", 5), ("UTC", 0), ("Pacific/Honolulu", 10)]
)
def test_a_day_begins_with_midnight_where_it_was_written(zone: str, hour: int) -> None:
    found = parse_date("2026-01-17", ZoneInfo(zone))
    assert found == THE_DAY
    assert found.due == datetime(2026, 1, 17, hour, tzinfo=UTC)

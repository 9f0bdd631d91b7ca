"""What the operator is told of a schedule that cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.errors import InvalidSchedule
from notifier.schedule.language import Schedule, parse_schedule
from tests.laws import law

_DAYS = "allowed are day, weekday, weekend and monday to sunday"
_FORMS = "a schedule begins with “every”, “on”, “at once” or “cron”, such as “every day at 07:30”"
_INTERVAL = (
    "an interval is 1 to 1440 minutes, or 1 to 24 hours; longer ones name their days, "
    "such as “every day at 07:30” or “every monday at 07:30”"
)
_COLON = "is not a time of day: hours and minutes are parted by a colon, as in 07:30"
_TWELVE = "is a time of the 12-hour clock: write it in 24 hours"

# What is written, where it is wrong, what was meant, and what is said of it.
MISTAKES = [
    ("", "", "every day at 07:30", f"the schedule is empty: {_FORMS}"),
    ("  ", "", "every day at 07:30", f"the schedule is empty: {_FORMS}"),
    ("nonsense", "nonsense", "", f"{_FORMS}, not with “nonsense”"),
    ("evry day at 07:30", "evry", "every", f"{_FORMS}, not with “evry”"),
    ("daily at 07:30", "daily", "every day", f"{_FORMS}, not with “daily”"),
    ("@hourly", "@hourly", "every hour", f"{_FORMS}, not with “@hourly”"),
    ("monday at 07:30", "monday", "every monday", f"{_FORMS}, not with “monday”"),
    ("07:30", "07:30", "every day at 07:30", "the days come first, then “at” and “07:30”"),
    ("30 7 * * mon", "30", "cron 30", "a line of cron begins with the word “cron”"),
    ("* * * * *", "*", "cron *", "a line of cron begins with the word “cron”"),
    ("every", "", "", f"a day is missing here: {_DAYS}"),
    ("every wekday at 07:30", "wekday", "weekday", f"“wekday” is not a day: {_DAYS}"),
    ("every thirsday at 07:30", "thirsday", "thursday", f"“thirsday” is not a day: {_DAYS}"),
    ("every monday, at 07:30", "at", "", f"a day is missing here: {_DAYS}"),
    (
        "every monday thursday at 07:30",
        "thursday",
        "and thursday",
        "the days are parted by commas or “and”: “thursday” follows another day",
    ),
    (
        "every mon-fri at 07:30",
        "mon-fri",
        "weekday",
        "“mon-fri” is a range: days are listed one by one, or called day, weekday or weekend",
    ),
    (
        "every sat-mon at 07:30",
        "sat-mon",
        "saturday, sunday and monday",
        "“sat-mon” is a range: days are listed one by one, or called day, weekday or weekend",
    ),
    (
        "every month at 09:00",
        "month",
        "",
        "“every month” comes after its day: “on day 1 of every month at 09:00”",
    ),
    ("every day", "", "at 07:30", "the time of day is missing, such as “at 07:30”"),
    ("every day 07:30", "07:30", "at 07:30", "the word “at” is missing before “07:30”"),
    ("every day on 07:30", "on", "at", "“at” is expected here, not “on”"),
    ("every day at", "", "", "a time of day is missing here, such as 07:30"),
    ("every day at 07:30,", "", "", "a time of day is missing here, such as 07:30"),
    ("every day at 07:30, , 8:00", ", 8", "", "a time of day is missing here, such as 07:30"),
    ("every day at 7:30pm", "7:30pm", "19:30", f"“7:30pm” {_TWELVE}"),
    ("every day at 7:30 PM", "7:30", "19:30", f"“7:30 pm” {_TWELVE}"),
    ("every day at 12am", "12am", "00:00", f"“12am” {_TWELVE}"),
    ("every day at 12 p.m.", "12", "12:00", f"“12 p.m.” {_TWELVE}"),
    ("every day at 19:30pm", "19:30pm", "", f"“19:30pm” {_TWELVE}"),
    ("every day at 7.30", "7.30", "07:30", f"“7.30” {_COLON}"),
    ("every day at 7h30", "7h30", "07:30", f"“7h30” {_COLON}"),
    ("every day at 0730", "0730", "07:30", f"“0730” {_COLON}"),
    ("every day at 7", "7", "07:00", f"“7” {_COLON}"),
    (
        "every day at 24:00",
        "24:00",
        "00:00",
        "“24:00” is not a time of day: a day ends with 23:59, the midnight after it is 00:00 of "
        "the next day",
    ),
    (
        "every day at 25:00",
        "25:00",
        "",
        "“25:00” is not a time of day: a day has hours 00 to 23",
    ),
    (
        "every day at 07:60",
        "07:60",
        "",
        "“07:60” is not a time of day: an hour has minutes 00 to 59",
    ),
    (
        "every day at 07:30:00",
        "07:30:00",
        "07:30",
        "“07:30:00” has seconds: a time is hours and minutes",
    ),
    (
        "every day at nooon",
        "nooon",
        "noon",
        "“nooon” is not a time of day: write hours and minutes, such as 07:30 or 18:00; "
        "“noon” and “midnight” are known",
    ),
    (
        "every day at 07:30 18:00",
        "18:00",
        "and 18:00",
        "the times are parted by commas or “and”: “18:00” follows another time",
    ),
    (
        "every day at 07:30 Europe/Paris",
        "Europe/Paris",
        "",
        "nothing may follow the times, but “europe/paris” does; a zone stands under `timezone`",
    ),
    ("every 0 minutes", "0", "", _INTERVAL),
    ("every 1441 minutes", "1441", "", _INTERVAL),
    ("every 25 hours", "25", "", _INTERVAL),
    ("every 15", "", "minutes", "“15” of what? Minutes or hours are missing"),
    (
        "every 15 minuts",
        "minuts",
        "minutes",
        "“minuts” is not a unit of time: allowed are minutes and hours",
    ),
    (
        "every 15min",
        "15min",
        "15 minutes",
        "a space is missing in “15min”: number and unit are two words",
    ),
    (
        "every 2 days at 07:30",
        "days",
        "",
        "intervals are counted in minutes or hours; longer ones name their days, such as "
        "“every monday, thursday at 07:30” or “on day 1 and 15 of every month at 07:30”",
    ),
    (
        "every 15 minutes at 07:30",
        "at",
        "",
        "nothing may follow the interval “every 15 minutes”, but “at” does",
    ),
    (
        "on",
        "",
        "",
        "“on” is followed by “day 1” or by “the first”, second, third, fourth or last day of "
        "the week",
    ),
    (
        "on mondays at 07:30",
        "on",
        "every",
        "“on” is for days of the month: “mondays” alone goes with “every”",
    ),
    (
        "on day 32 of every month at 09:00",
        "32",
        "",
        "“32” is not a day of any month: allowed are 1 to 31",
    ),
    (
        "on day 1st of every month at 09:00",
        "1st",
        "1",
        "a day of the month is a plain number here",
    ),
    (
        "on day one of every month at 09:00",
        "one",
        "",
        "a day of the month is a number from 1 to 31",
    ),
    (
        "on the 15th of every month at 09:00",
        "15th",
        "day 15",
        "a day of the month is written “day 1”",
    ),
    ("on day 1 at 09:00", "at", "of", "“of” is expected here, not “at”"),
    ("on day 1 of evry month at 9:00", "evry", "every", "“every” is expected here, not “evry”"),
    ("on day 1 of", "", "every", "“every” is expected here at the end"),
    (
        "on the fifth friday of every month at 09:00",
        "fifth",
        "last",
        "not every month has a fifth: the last one is called “last”",
    ),
    (
        "on the 2nd friday of every month at 09:00",
        "2nd",
        "second",
        "“2nd” is written as a word: “second”",
    ),
    (
        "on the frist friday of every month at 09:00",
        "frist",
        "first",
        "“on” is followed by “day 1” or by “the first”, second, third, fourth or last day of "
        "the week, not by “frist”",
    ),
    (
        "on the last frday of every month at 09:00",
        "frday",
        "friday",
        "one day of the week, monday to sunday, is expected here, not “frday”",
    ),
    (
        "on the last weekday of every month at 09:00",
        "weekday",
        "",
        "one day of the week, monday to sunday, is expected here, not “weekday”",
    ),
    (
        "on the first day of every month at 09:00",
        "day",
        "",
        "only the last day is counted so; others have a number: “on day 1”",
    ),
    ("at onse", "onse", "once", "“once” is expected here, not “onse”"),
    ("at once please", "please", "", "nothing may follow “at once”, but “please” does"),
    (
        "at 07:30 every day",
        "at",
        "every day at",
        "only “at once” begins with “at”: the days come first, the time after them",
    ),
]

VOCABULARY = (
    "every on at once day days weekday monday mon fri-mon and , 07:30 7:30pm 24:00 noon 15 minutes",
    "hour 15min the first last fifth 1st of month cron * */15 1-5 mon-fri @daily UTC 9999999999",
)
words = st.sampled_from(" ".join(VOCABULARY).split())


@pytest.mark.parametrize(("text", "place", "hint", "message"), MISTAKES)
def test_a_mistake_is_explained_where_it_stands(
    text: str, place: str, hint: str, message: str
) -> None:
    with pytest.raises(InvalidSchedule) as caught:
        parse_schedule(text)
    told = caught.value
    offset = text.index(place) if place else len(text.rstrip())
    assert (str(told), told.offset, told.hint) == (message, offset, hint)


def test_a_schedule_has_a_bounded_length() -> None:
    with pytest.raises(InvalidSchedule, match="at most 500 characters"):
        parse_schedule("every day at 07:30" + ", 07:30" * 100)


def test_an_error_shows_no_control_characters() -> None:
    with pytest.raises(InvalidSchedule) as caught:
        parse_schedule("0\x1b[31m\u202e 7 * * mon")
    assert caught.value.hint == ""
    with pytest.raises(InvalidSchedule) as caught:
        parse_schedule("every \x1b[31mday")
    assert "\x1b" not in str(caught.value)


def outcome(text: str) -> Schedule | InvalidSchedule:
    try:
        return parse_schedule(text)
    except InvalidSchedule as error:
        return error


@given(st.text(max_size=60) | st.lists(words).map(" ".join))
@example("İİİ x")
@example("CRON 0 0 1 MONDAY 0")
@law(60)
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    found = outcome(text)
    if isinstance(found, Schedule):
        assert parse_schedule(found.canonical) == found
    else:
        assert 0 <= found.offset <= len(text)
        assert str(found).isprintable()
        assert found.hint.isprintable()

from datetime import UTC, date, datetime

import pytest
from babel.localedata import locale_identifiers

from feeds.kit import dates

AT = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)


def label(at: datetime = AT, *, day_only: bool = False, language: str = "en", zone: str) -> str:
    return dates.label(at, day_only=day_only, language=language, zone=zone, today=TODAY)


def test_an_article_of_another_day_shows_its_day_in_the_readers_zone() -> None:
    assert label(zone="America/New_York") == "November 22, 2026"
    assert label(zone="America/New_York", language="de") == "22. November 2026"


def test_an_article_of_today_shows_its_time_in_the_readers_zone() -> None:
    assert label(zone="Asia/Tokyo", language="de") == "07:30"
    assert label(zone="Europe/Athens", language="en").startswith("12:30")


def test_a_time_is_told_in_the_words_of_the_language() -> None:
    assert label(zone="Asia/Seoul", language="ko") == "오전 7:30"
    assert label(zone="Asia/Seoul", language="ar") == "7:30 ص"


@pytest.mark.slow
def test_every_language_of_babel_can_tell_the_time() -> None:
    for identifier in locale_identifiers():
        assert label(zone="Asia/Seoul", language=identifier.replace("_", "-"))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Honolulu", "UTC"])
def test_a_day_without_a_time_is_that_day_in_every_zone(zone: str) -> None:
    midnight = datetime(2026, 1, 17, tzinfo=UTC)
    assert label(midnight, day_only=True, zone=zone) == "January 17, 2026"


def test_the_day_of_the_issue_has_its_weekday() -> None:
    assert dates.long_day(TODAY, "en") == "Monday, November 23, 2026"
    assert dates.long_day(TODAY, "fr") == "lundi 23 novembre 2026"


def test_a_language_unknown_to_babel_is_written_as_english() -> None:
    assert dates.long_day(TODAY, "tlh-Latn") == "Monday, November 23, 2026"


def test_a_span_of_one_day_is_that_day() -> None:
    assert dates.interval(TODAY, TODAY, "en") == "November 23, 2026"
    assert "20" in dates.interval(date(2026, 11, 20), TODAY, "en")


def test_the_first_and_the_last_day_there_are_do_not_overflow() -> None:
    assert dates.local_date(datetime.min.replace(tzinfo=UTC), "America/New_York").year == 1
    assert dates.local_date(datetime.max.replace(tzinfo=UTC), "Asia/Tokyo").year == 9999


def test_plurals_follow_the_language() -> None:
    assert [dates.plural(n, "ar") for n in (0, 1, 2, 3, 11)] == [
        "zero",
        "one",
        "two",
        "few",
        "many",
    ]
    assert dates.plural(1, "ko") == "other"

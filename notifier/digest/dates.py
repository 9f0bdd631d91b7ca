"""Dates, counts and plurals in the reader's language; the only importer of Babel. Pure.

A language Babel does not know is written as English; an unknown zone raises KeyError, for zones
are checked where they are declared. A date that is not known is the caller's to leave out.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_time
from babel.numbers import format_decimal


def local_date(at: datetime, zone: str) -> date:
    """Return the calendar day of the aware instant `at` in the IANA `zone`."""
    try:
        return at.astimezone(ZoneInfo(zone)).date()
    except OverflowError:  # the first or last day that there is
        return at.date()


def long_day(day: date, language: str) -> str:
    """Return `day` with its weekday: `Monday, November 23, 2026`."""
    return format_date(day, "full", locale=_locale(language))


def label(at: datetime, *, day_only: bool, language: str, zone: str, today: date) -> str:
    """Return how an article is dated: the time if it is from `today`, else the day.

    A date without a time of day shows that same day in every zone.
    """
    locale = _locale(language)
    if day_only:
        return format_date(at.astimezone(UTC).date(), "long", locale=locale)
    day = local_date(at, zone)
    if day == today:
        return format_time(at, "short", tzinfo=ZoneInfo(zone), locale=locale)
    return format_date(day, "long", locale=locale)


def interval(first: date, last: date, language: str) -> str:
    """Return the days from `first` to `last`: `Nov 21 – 23, 2026`; one day by itself."""
    if first >= last:
        return format_date(last, "long", locale=_locale(language))
    written: str = format_interval(first, last, "yMMMd", locale=_locale(language))
    return written


def number(count: int, language: str) -> str:
    """Return `count` with the digits and groups of the language."""
    return format_decimal(count, locale=_locale(language))


def plural(count: int, language: str) -> str:
    """Return the plural category (CLDR: zero, one, two, few, many, other) of `count`."""
    category: str = _locale(language).plural_form(count)
    return category


@lru_cache(maxsize=256)
def _locale(language: str) -> Locale:
    for tag in (language, language.split("-", maxsplit=1)[0], "en"):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    raise AssertionError("Babel has lost its English")

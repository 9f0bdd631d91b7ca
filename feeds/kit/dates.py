"""Dates, counts, plurals and lists in the reader's language; the only importer of Babel. Pure.

A language Babel does not know is written as English; an unknown zone raises KeyError, for zones
are checked where they are declared. A date that is not known is the caller's to leave out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_time
from babel.lists import format_list
from babel.numbers import format_decimal

Width = Literal["full", "long"]


def local_date(at: datetime, zone: str) -> date:
    """Return the calendar day of the aware instant `at` in the IANA `zone`."""
    try:
        return at.astimezone(ZoneInfo(zone)).date()
    except OverflowError:  # the first or last day that there is
        return at.date()


def long_day(day: date, language: str) -> str:
    """Return `day` with its weekday: `Monday, November 23, 2026`."""
    return _written(day, "full", language)


def written_day(day: date, language: str) -> str:
    """Return `day` without its weekday: `November 23, 2026`."""
    return _written(day, "long", language)


def label(at: datetime, *, day_only: bool, language: str, zone: str, today: date) -> str:
    """Return how an article is dated: the time if it is from `today`, else the day.

    A date without a time of day shows that same day in every zone.
    """
    if day_only:
        return _written(at.astimezone(UTC).date(), "long", language)
    day = local_date(at, zone)
    if day == today:
        locale = _locale(language)
        return format_time(at, _time_pattern(locale), tzinfo=ZoneInfo(zone), locale=locale)
    return _written(day, "long", language)


def interval(first: date, last: date, language: str) -> str:
    """Return the days from `first` to `last`: `Nov 21 – 23, 2026`; one day by itself."""
    if first >= last:
        return _written(last, "long", language)
    written: str = format_interval(first, last, "yMMMd", locale=_locale(language))
    return written


def number(count: int, language: str) -> str:
    """Return `count` with the digits and groups of the language."""
    return format_decimal(count, locale=_locale(language))


def plural(count: int, language: str) -> str:
    """Return the plural category (CLDR: zero, one, two, few, many, other) of `count`."""
    category: str = _locale(language).plural_form(count)
    return category


def listing(items: Sequence[str], language: str) -> str:
    """Return `items` in one line as the language joins them: `A, B, and C`."""
    return format_list(list(items), locale=_locale(language))


@lru_cache(maxsize=256)
def _written(day: date, width: Width, language: str) -> str:
    return format_date(day, width, locale=_locale(language))  # most articles share a few days


def _time_pattern(locale: Locale) -> str:
    """The short pattern, with `오전` rather than `AM` where a language has words of its own."""
    pattern: str = locale.time_formats["short"].pattern
    periods = locale.day_periods.get("format", {})
    short, wide = (periods.get(width, {}).get("am", "") for width in ("abbreviated", "wide"))
    own_words = short.isascii() and not wide.isascii()
    return pattern.replace("a", "aaaa") if short and own_words else pattern


@lru_cache(maxsize=256)
def _locale(language: str) -> Locale:
    for tag in (language, language.split("-", maxsplit=1)[0], "en"):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    raise AssertionError("Babel has lost its English")

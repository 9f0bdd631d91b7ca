"""A date as people and programs write it, to an instant or a day. Pure.

RFC 3339 and ISO 8601 calendar dates, RFC 2822 dates, and written dates in English, German, French
and Spanish; numbers parted by slashes or dots mean day first. Refuses what no calendar has, years
of two digits and every form in which one would have to guess.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache

from feeds.document import Date

_LONGEST = 80  # characters; a longer text is prose

# Without diacritics and full stops; a name means the same month in all four languages.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janner jaenner janvier janv enero ene",
            "february feb februar fevrier fevr febrero",
            "march mar marz maerz mrz mars marzo",
            "april apr avril avr abril abr",
            "may mai mayo",
            "june jun juni juin junio",
            "july jul juli juillet juil julio",
            "august aug aout agosto ago",
            "september sep sept septembre septiembre setiembre",
            "october oct oktober okt octobre octubre",
            "november nov novembre noviembre",
            "december dec dezember dez decembre diciembre dic",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = (
    "monday mon montag mo lundi lun lunes tuesday tue tues dienstag di mardi martes "
    "wednesday wed mittwoch mi mercredi mer miercoles mie thursday thu thur thurs donnerstag do "
    "jeudi jeu jueves jue friday fri freitag fr vendredi ven viernes vie saturday sat samstag "
    "sonnabend sa samedi sam sabado sab sunday sun sonntag so dimanche dim domingo dom"
)
# RFC 2822, section 4.3, and the two names of European summer and winter.
_ZONES = {"z": 0, "utc": 0, "gmt": 0, "ut": 0, "cet": 1, "cest": 2}
_ZONES |= {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}

_DAY = r"(?P<day>[0-9]{1,2})"
_MONTH = r"(?P<month>[0-9]{1,2})"
_YEAR = r"(?P<year>[0-9]{4})"
_NAME = rf"(?P<name>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_DATES = (
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})",
    rf"{_YEAR}/{_MONTH}/{_DAY}",
    rf"{_DAY}/{_MONTH}/{_YEAR}",
    rf"{_DAY}\.\s?{_MONTH}\.\s?{_YEAR}",
    rf"{_DAY}(?:\.|st|nd|rd|th|er|º)?[ -](?:of |de )?{_NAME}(?: de| del)?,?[ -]{_YEAR}",
    rf"{_NAME} {_DAY}(?:st|nd|rd|th)?,? {_YEAR}",
)
_WEEKDAY = rf"(?:(?:{'|'.join(sorted(_WEEKDAYS.split(), key=len, reverse=True))})\.?,? )?"
_TIME = (
    r"(?:(?:t|,? (?:at |um |a las |a )?)"
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?)?"
    r"(?: ?(?P<half>am|pm|a\.m\.|p\.m\.)| uhr)?"
    r"(?: ?(?P<zone>[+-][0-9]{2}(?::?[0-9]{2})?|[a-z]{1,4}))?)?"
)


def parse_date(text: str, zone: tzinfo) -> Date | None:
    """Return the date that `text` says, as an instant in UTC, or None if it is no date.

    A time without an offset is meant in `zone`. A day without a time is `day_only`, at midnight
    UTC, as `feeds.document.Date` wants it, and begins with midnight in `zone`.
    """
    if len(text) > _LONGEST:
        return None
    plain = _plain(text)
    for form in _forms():
        match = form.fullmatch(plain)
        if match:
            try:
                return _date(match.groupdict(), zone)
            except (ValueError, OverflowError):
                return None
    return None


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_WEEKDAY + date + _TIME) for date in _DATES)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFD", text.casefold())
    letters = "".join(c for c in folded if not unicodedata.combining(c))
    return " ".join(letters.split())


def _date(parts: dict[str, str | None], zone: tzinfo) -> Date:
    """Raise ValueError or OverflowError for what no calendar or clock has."""
    name = parts.get("name")
    month = _MONTHS[name] if name else int(parts["month"] or 0)
    day = datetime(int(parts["year"] or 0), month, int(parts["day"] or 0), tzinfo=UTC)
    if parts["hour"] is None:
        return Date(day, day_only=True, begins=day.replace(tzinfo=zone).astimezone(UTC))
    second = int(parts["second"] or 0)
    at = day.replace(
        hour=_hour(int(parts["hour"]), parts["half"]),
        minute=int(parts["minute"] or 0),
        second=59 if second == 60 else second,  # a leap second (RFC 3339, 5.7) is on no clock here
        microsecond=int((parts["part"] or "0")[:6].ljust(6, "0")),
        tzinfo=_zone(parts["zone"], zone),
    )
    return Date(at.astimezone(UTC))


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if half.startswith("p") else 0)


def _zone(name: str | None, default: tzinfo) -> tzinfo:
    if name is None:
        return default
    if name[0] not in "+-":
        if name not in _ZONES:
            raise ValueError(name)
        return timezone(timedelta(hours=_ZONES[name]))
    minutes = int(name[-2:]) if len(name) > 3 else 0
    if minutes > 59:
        raise ValueError(name)
    offset = timedelta(hours=int(name[1:3]), minutes=minutes)
    return timezone(-offset if name[0] == "-" else offset)

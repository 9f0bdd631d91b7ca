"""Checks of days, hours and waits, each in words of our own. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta

from notifier.configuration import scalars
from notifier.digest.choices import EVERY_HOUR

_DAY = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}\Z")


def hold(value: object) -> timedelta:
    """Return the time span `value` says, which may be none at all: `0` or `0s`."""
    nothing = value in (0, "0", "0s", "0m") and not isinstance(value, bool)
    return timedelta(0) if nothing else scalars.duration(value)


def day(value: object) -> date:
    """Return the date `value` says, as in `2027-01-10` (ISO 8601)."""
    found = scalars.text(value).strip()
    try:
        if not _DAY.match(found):
            raise ValueError(found)  # noqa: TRY301 - both ways of being no date end alike
        return date.fromisoformat(found)
    except ValueError:
        hint = "a date is written like `2027-01-10`"
        scalars.wrong(f"`{found[:60]}` is not a date", kind="a date", hint=hint)


def hours(value: object) -> frozenset[int]:
    """Return the hours of the day, 0 to 23, that the list or number `value` says; all for `any`."""
    if value == "any":
        return EVERY_HOUR
    found = value if isinstance(value, list) else [value]
    hour = scalars.count(0, 23)
    return frozenset(hour(one) for one in found)

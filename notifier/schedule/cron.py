"""Lines of cron inside the schedule language: `cron 30 7 * * mon-fri`.

Five fields as in POSIX crontab: minute, hour, day of the month, month, day of the week; each `*`,
values, ranges, lists and steps (`*/15`, `8-18/2`). Days of the week go by name only, because
programs disagree about their numbers; months by number or name. When both day fields are
restricted a date counts if *either* admits it, as POSIX says; a field that admits all its values
(`*`, `1-31`, `*/1`) is not restricted, any other one is, `*/2` too.

The result is a set of dates and a set of local times, like every schedule of the wall clock, also
with `*` for the hour: each local time of a date comes once. Where clocks go back the repeated hour
is not run again, where they go forward the skipped times become one at the end of the gap.

Pure; standard library only. Refuses `@daily`, seconds, `?`, `L`, `W`, `#` and numbered weekdays.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time
from itertools import groupby

from notifier.errors import InvalidSchedule
from notifier.schedule.rules import WallClock
from notifier.schedule.words import closest, quoted

_PART = re.compile(r"(?:(?P<all>\*)|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\w+))?\Z")
_ALIASES = {
    "@hourly": "every hour",
    "@daily": "every day at 00:00",
    "@midnight": "every day at 00:00",
    "@weekly": "every sunday at 00:00",
    "@monthly": "on day 1 of every month at 00:00",
}


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five: its name, its values from `low` to `high`, and names for them."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    @property
    def values(self) -> frozenset[int]:
        return frozenset(range(self.low, self.high + 1))

    def named(self, word: str) -> int | None:
        """Return the value that goes by `word` or by its first three letters in full."""
        known = {name: self.low + i for i, name in enumerate(self.names)}
        return known.get(word[:3] if word in _FULL_NAMES else word)


_FULL_NAMES = {name.lower() for name in (*calendar.month_name[1:], *calendar.day_name)}
_MONTHS = tuple(name.lower() for name in calendar.month_abbr[1:])
_WEEKDAYS = tuple(name.lower() for name in calendar.day_abbr)

_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23)
_DAY = _Field("day of the month", 1, 31)
_MONTH = _Field("month", 1, 12, _MONTHS)
_WEEKDAY = _Field("day of the week", 0, 6, _WEEKDAYS)
_FIELDS = (_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron(WallClock):
    """A line of cron; `times` is every hour with every minute, weekdays count from Monday 0."""

    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def falls_on(self, day: date) -> bool:
        """Tell whether `day` is admitted: either day field suffices if both are restricted."""
        if day.month not in self.months:
            return False
        by_number, by_name = day.day in self.days, day.weekday() in self.weekdays
        if self.days == _DAY.values or self.weekdays == _WEEKDAY.values:
            return by_number and by_name
        return by_number or by_name

    @property
    def canonical(self) -> str:
        """`cron */15 8-18 * * mon-fri`: months by number, ranges and steps where they are due."""
        minutes = {moment.minute for moment in self.times}
        hours = {moment.hour for moment in self.times}
        sets = (minutes, hours, self.days, self.months, self.weekdays)
        return " ".join(["cron", *map(_written, _FIELDS, sets)])


def read_cron(text: str) -> Cron:
    """Read a line that begins with the word `cron`; raise InvalidSchedule if it is wrong."""
    _, *fields = re.finditer(r"\S+", text)
    if fields and fields[0].group().startswith("@"):
        name = fields[0].group().lower()
        raise InvalidSchedule(
            f"{quoted(name)} is not known here: write it as a schedule in words",
            offset=fields[0].start(),
            hint=_ALIASES.get(name, ""),
        )
    if len(fields) != len(_FIELDS):
        wanted = ", ".join(field.name for field in _FIELDS)
        seconds = "; there is no field for seconds" if len(fields) == 6 else ""
        raise InvalidSchedule(
            f"a line of cron has five fields ({wanted}), not {len(fields)}{seconds}",
            offset=fields[5].start() if len(fields) > 5 else len(text.rstrip()),
        )
    minutes, hours, days, months, weekdays = (
        _read_field(field, found.group().lower(), found.start())
        for field, found in zip(_FIELDS, fields, strict=True)
    )
    times = tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes))
    return Cron(times=times, days=days, months=months, weekdays=weekdays)


def _read_field(field: _Field, text: str, offset: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        try:
            found.update(_read_part(field, part))
        except _Wrong as wrong:
            message = f"{field.name} {quoted(part)}: {wrong.args[0]}"
            raise InvalidSchedule(message, offset=offset, hint=wrong.hint) from None
        offset += len(part) + 1
    return frozenset(found)


class _Wrong(Exception):
    """What is wrong with one part of a field, and what it should perhaps be."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def _read_part(field: _Field, part: str) -> Iterable[int]:
    if not part:
        raise _Wrong("a value is missing between the commas")
    match = _PART.match(part)
    if match is None:
        raise _Wrong(f"allowed are *, {_allowed(field)}, ranges, lists and steps")
    if field is _WEEKDAY:
        _refuse_numbered_weekdays(part)
    if match["all"]:
        low, high = field.low, field.high
    else:
        low = _value(field, match["low"])
        high = _value(field, match["high"]) if match["high"] else low
    step = _step(field, match)
    if low <= high:
        return range(low, high + 1, step)
    if field is _WEEKDAY:
        return [day % 7 for day in range(low, high + 8, step)]
    raise _Wrong("a range goes upwards", f"{low}-{field.high},{field.low}-{high}")


def _refuse_numbered_weekdays(part: str) -> None:
    days, _, step = part.partition("/")
    if re.search("[0-9]", days):
        named = re.sub("[0-7]", lambda number: _WEEKDAYS[int(number[0]) - 1], days)
        raise _Wrong(
            "days of the week go by name, mon to sun, because programs number them differently",
            "" if re.search("[0-9]", named) else named + (f"/{step}" if step else ""),
        )
    if days == "*" and step not in {"", "1"}:
        raise _Wrong("a step needs to know its first day: name the days, such as mon,wed,fri")


def _value(field: _Field, word: str) -> int:
    named = field.named(word)
    if named is not None:
        return named
    if not re.fullmatch("[0-9]{1,4}", word):
        raise _Wrong(f"allowed are {_allowed(field)}", closest(word, field.names))
    if int(word) not in field.values:
        raise _Wrong(f"{int(word)} is out of range, allowed are {_allowed(field)}")
    return int(word)


def _step(field: _Field, match: re.Match[str]) -> int:
    if match["step"] is None:
        return 1
    size = field.high - field.low + 1
    if not re.fullmatch("[0-9]{1,4}", match["step"]) or int(match["step"]) == 0:
        raise _Wrong(f"a step is a number from 1 to {size - 1}")
    step = int(match["step"])
    if step >= size:
        long = f": “every {step} minutes” is an interval" if field is _MINUTE else ""
        raise _Wrong(f"a step of {step} is too wide for a field of {size} values{long}")
    if match["low"] and not match["high"]:
        raise _Wrong("a step needs a range before it", f"{match['low']}-{field.high}/{step}")
    return step


def _allowed(field: _Field) -> str:
    numbers = f"{field.low} to {field.high}"
    if field is _WEEKDAY:
        return "mon to sun"
    return f"{numbers} and {field.names[0]} to {field.names[-1]}" if field.names else numbers


def _written(field: _Field, values: Iterable[int]) -> str:
    """Return the one way to write `values`: `*`, `*/n`, or ascending with ranges of three up."""
    ordered = sorted(values)
    if set(ordered) == field.values:
        return "*"
    if field is not _WEEKDAY and len(ordered) > 2:
        step = ordered[1] - ordered[0]
        if ordered == list(range(field.low, field.high + 1, step)):
            return f"*/{step}"
    return ",".join(_runs(field, ordered))


def _runs(field: _Field, ordered: list[int]) -> Iterator[str]:
    for _, group in groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0]):
        run = [_WEEKDAYS[day] if field is _WEEKDAY else str(day) for _, day in group]
        if len(run) > 2:
            yield f"{run[0]}-{run[-1]}"
        else:
            yield from run

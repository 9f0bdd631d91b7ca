"""The schedule language: the words an operator or reader writes, read into a Schedule.

    every day | weekday | weekend | monday, thursday and friday   at 07:30[, 12:00] [and 18:00]
    every minute | hour | 15 minutes | 6 hours
    on day 1 [and 15] of every month                               at 09:00
    on the first | second | third | fourth | last friday of every month   at 16:00
    on the last day of every month                                 at 09:00
    at once
    cron 30 7 * * mon-fri

Upper case, extra spaces, `mon`, `mondays`, `weekdays`, `7:30`, `noon` and `midnight` are accepted.
A month without a day 31 has no slot on it. Pure; standard library only. Refuses what it does not
understand by saying what is wrong, what is allowed and, where it can tell, what was meant.
"""

from __future__ import annotations

import re

from notifier.errors import InvalidSchedule
from notifier.schedule.cron import read_cron
from notifier.schedule.rules import (
    EVERY_DAY,
    LAST,
    ORDINALS,
    WEEKDAY_NAMES,
    WEEKEND,
    WORKING_DAYS,
    AtOnce,
    Interval,
    MonthDays,
    MonthWeekday,
    Schedule,
    Weekly,
    in_words,
)
from notifier.schedule.words import Word, Words, closest, quoted

__all__ = ["Schedule", "parse_schedule"]

_LONGEST = 500
_EXAMPLE = "every day at 07:30"

_UNITS = {"minute": 1, "minutes": 1, "min": 1, "mins": 1, "hour": 60, "hours": 60, "hr": 60}
_GROUPS = {"day": EVERY_DAY, "weekday": WORKING_DAYS, "weekend": WEEKEND}
_SHORT = {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
_NAMED = {name: number for number, name in enumerate(WEEKDAY_NAMES)}
_WEEKDAYS = (
    _NAMED
    | {f"{name}s": number for name, number in _NAMED.items()}
    | {name[:3]: number for name, number in _NAMED.items()}
    | _SHORT
)
_DAYS = (
    {name: frozenset({number}) for name, number in _WEEKDAYS.items()}
    | _GROUPS
    | {f"{name}s": days for name, days in _GROUPS.items()}
)
_HINTED_DAYS = (*_GROUPS, *_NAMED, "hour", "minute")
_OPENINGS = {
    "daily": "every day",
    "hourly": "every hour",
    "weekly": "every monday",
    "monthly": "on day 1 of every month",
    "each": "every",
    "immediately": "at once",
    "instantly": "at once",
}
_SHORT_ORDINALS = {"1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth"}
_DAYS_ALLOWED = "allowed are day, weekday, weekend and monday to sunday"


def parse_schedule(text: str) -> Schedule:
    """Read a schedule; raise InvalidSchedule, which says where, why and what was perhaps meant."""
    if len(text) > _LONGEST:
        raise InvalidSchedule(f"a schedule has at most {_LONGEST} characters", offset=_LONGEST)
    words = Words(text)
    opening = words.next
    if opening.text == "cron":
        return read_cron(text)
    readers = {"every": _every, "on": _on, "at": _at}
    if opening.text not in readers:
        raise _no_opening(opening)
    words.take()
    return readers[opening.text](words, opening)


def _no_opening(word: Word) -> InvalidSchedule:
    allowed = f"a schedule begins with “every”, “on”, “at once” or “cron”, such as “{_EXAMPLE}”"
    if not word.text:
        return word.refuse(f"the schedule is empty: {allowed}", _EXAMPLE)
    if ":" in word.text:
        return word.refuse(
            f"the days come first, then “at” and {word}", f"every day at {word.text}"
        )
    if word.text[0] in "*0123456789":
        return word.refuse("a line of cron begins with the word “cron”", f"cron {word.text}")
    hint = _OPENINGS.get(word.text.lstrip("@"), "")
    if not hint and (word.text in _DAYS or word.text in _UNITS):
        hint = f"every {word.text}"
    known = ("every", "on", "at", "cron")
    return word.refuse(f"{allowed}, not with {word}", hint or closest(word.text, known))


def _at(words: Words, opening: Word) -> Schedule:
    if not words.skip("once"):
        if closest(words.next.text, ("once",)):
            words.expect("once")  # says that it is not that word
        raise opening.refuse(
            "only “at once” begins with “at”: the days come first, the time after them",
            "every day at",
        )
    words.finish("“at once”")
    return AtOnce()


def _every(words: Words, _opening: Word) -> Schedule:
    word = words.next
    if word.text in _UNITS:
        words.take()
        return _interval(words, word, 1, _UNITS[word.text])
    if re.fullmatch("[0-9]+", word.text):
        words.take()
        return _interval(words, word, int(word.text), _unit(words, word))
    days = frozenset().union(*words.listed(_days))
    if words.next.text in _DAYS:
        raise words.next.refuse(
            f"the days are parted by commas or “and”: {words.next} follows another day",
            f"and {words.next.text}",
        )
    return Weekly(days=days, times=words.times())


def _interval(words: Words, number: Word, count: int, unit: int) -> Interval:
    minutes = count * unit
    if not 1 <= minutes <= 1440:
        raise number.refuse(
            "an interval is 1 to 1440 minutes, or 1 to 24 hours; "
            f"longer ones name their days, such as “{_EXAMPLE}” or “every monday at 07:30”"
        )
    interval = Interval(minutes)
    words.finish(f"the interval {quoted(interval.canonical)}")
    return interval


def _unit(words: Words, number: Word) -> int:
    word = words.take()
    if word.text in _UNITS:
        return _UNITS[word.text]
    if not word.text:
        raise word.refuse(f"{number} of what? Minutes or hours are missing", "minutes")
    if word.text.rstrip("s") in {"day", "week", "month"}:
        raise word.refuse(
            "intervals are counted in minutes or hours; longer ones name their days, such as "
            "“every monday, thursday at 07:30” or “on day 1 and 15 of every month at 07:30”"
        )
    raise word.refuse(
        f"{word} is not a unit of time: allowed are minutes and hours",
        closest(word.text, ("minutes", "hours")),
    )


def _days(words: Words) -> frozenset[int]:
    word = words.take()
    if word.text in _DAYS:
        return _DAYS[word.text]
    raise _no_day(word)


def _no_day(word: Word) -> InvalidSchedule:
    if word.text in {"", ",", "at"}:
        return word.refuse(f"a day is missing here: {_DAYS_ALLOWED}")
    if word.text in {"month", "months"}:
        return word.refuse("“every month” comes after its day: “on day 1 of every month at 09:00”")
    if glued := re.fullmatch("([0-9]+)(m|min|mins|minutes?|h|hrs?|hours?)", word.text):
        unit = "minutes" if glued[2].startswith("m") else "hours"
        return word.refuse(
            f"a space is missing in {word}: number and unit are two words", f"{glued[1]} {unit}"
        )
    first, dash, last = word.text.partition("-")
    if dash and first in _WEEKDAYS and last in _WEEKDAYS:
        start = _WEEKDAYS[first]
        count = (_WEEKDAYS[last] - start) % 7 + 1
        names = [WEEKDAY_NAMES[(start + step) % 7] for step in range(count)]
        return word.refuse(
            f"{word} is a range: days are listed one by one, or called day, weekday or weekend",
            "weekday" if (start, count) == (0, 5) else in_words(names),
        )
    return word.refuse(f"{word} is not a day: {_DAYS_ALLOWED}", closest(word.text, _HINTED_DAYS))


def _on(words: Words, opening: Word) -> Schedule:
    words.skip("the")
    word = words.next
    if words.skip("day", "days"):
        days = frozenset(words.listed(_day_number))
        words.expect("of", "every", "month")
        return MonthDays(days=days, times=words.times())
    if word.text in _DAYS:
        raise opening.refuse(
            f"“on” is for days of the month: {word} alone goes with “every”",
            "every",
        )
    if number := re.fullmatch("([0-9]{1,2})(st|nd|rd|th)?", word.text):
        words.take()
        if words.next.text in _WEEKDAYS and word.text in _SHORT_ORDINALS:
            ordinal = _SHORT_ORDINALS[word.text]
            raise word.refuse(f"{word} is written as a word: “{ordinal}”", ordinal)
        raise word.refuse("a day of the month is written “day 1”", f"day {int(number[1])}")
    return _counted(words)


def _counted(words: Words) -> Schedule:
    """Read `last day` or `first and third friday`, then `of every month at ...`."""
    ordinals = frozenset(words.listed(_ordinal))
    word = words.take()
    if word.text == "day" and ordinals == {LAST}:
        words.expect("of", "every", "month")
        return MonthDays(days=ordinals, times=words.times())
    if word.text == "day":
        raise word.refuse("only the last day is counted so; others have a number: “on day 1”")
    if word.text not in _WEEKDAYS:
        raise word.refuse(
            f"one day of the week, monday to sunday, is expected here, not {word}",
            "" if word.text in _DAYS else closest(word.text, _NAMED),
        )
    words.expect("of", "every", "month")
    return MonthWeekday(ordinals=ordinals, weekday=_WEEKDAYS[word.text], times=words.times())


def _day_number(words: Words) -> int:
    word = words.take()
    match = re.fullmatch("([0-9]{1,4})(st|nd|rd|th)?", word.text)
    if match is None:
        raise word.refuse("a day of the month is a number from 1 to 31")
    if not 1 <= int(match[1]) <= 31:
        raise word.refuse(f"{word} is not a day of any month: allowed are 1 to 31")
    if match[2]:
        raise word.refuse("a day of the month is a plain number here", str(int(match[1])))
    return int(match[1])


def _ordinal(words: Words) -> int:
    word = words.take()
    if word.text in ORDINALS:
        return ORDINALS[word.text]
    if word.text in {"fifth", "5th"}:
        raise word.refuse("not every month has a fifth: the last one is called “last”", "last")
    raise word.refuse(
        "“on” is followed by “day 1” or by “the first”, second, third, fourth or last "
        "day of the week" + (f", not by {word}" if word.text else ""),
        _SHORT_ORDINALS.get(word.text) or closest(word.text, ("day", *ORDINALS)),
    )

"""The words of a schedule, read from left to right, and the times among them.

Pure; standard library only. Refuses a word that is not expected where it stands, and says which
would be; every error carries the offset of the word in the text as the operator wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import time
from difflib import get_close_matches
from typing import TypeVar

from notifier.errors import InvalidSchedule

_T = TypeVar("_T")

_WORD = re.compile(r",|[^\s,]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})\Z")
_LOOSE_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2})(?:[:.h]?(?P<minute>[0-9]{2}))?h?(?P<half>[ap]\.?m\.?)?\Z"
)
_SECONDS = re.compile(r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}\Z")
_HALVES = {"am", "pm", "a.m.", "p.m."}
_NAMED_TIMES = {"noon": time(12), "midnight": time(0)}
_SHOWN = 40
_LONGEST_HINT = 80


@dataclass(frozen=True, slots=True)
class Word:
    """One word in lower case, and where it stands in the text; `,` is a word, the end is empty."""

    text: str
    offset: int

    def refuse(self, message: str, hint: str = "") -> InvalidSchedule:
        """Return the error that points at this word; a hint that would not print is left out."""
        fit = hint.isprintable() and len(hint) <= _LONGEST_HINT
        return InvalidSchedule(message, offset=self.offset, hint=hint if fit else "")

    def __str__(self) -> str:
        return quoted(self.text)


class Words:
    """A reader over the words of `text`: looks one ahead, never back."""

    def __init__(self, text: str) -> None:
        self._words = [Word(m.group().lower(), m.start()) for m in _WORD.finditer(text)]
        self._end = Word("", len(text.rstrip()))
        self._next = 0

    @property
    def next(self) -> Word:
        """The next word; beyond the last one an empty word at the end of the text."""
        return self._words[self._next] if self._next < len(self._words) else self._end

    def take(self) -> Word:
        """Return the next word and go past it."""
        word = self.next
        self._next += 1
        return word

    def skip(self, *texts: str) -> bool:
        """Go past the next word if it is one of `texts`; tell whether it was."""
        found = self.next.text in texts
        if found:
            self._next += 1
        return found

    def expect(self, *texts: str) -> None:
        """Go past exactly these words; raise InvalidSchedule at the first that is another."""
        for text in texts:
            if not self.skip(text):
                found = self.next
                instead = f", not {found}" if found.text else " at the end"
                raise found.refuse(f"{quoted(text)} is expected here{instead}", text)

    def listed(self, read: Callable[[Words], _T]) -> list[_T]:
        """Read one or more with `read`, parted by commas and `and`."""
        found = [read(self)]
        while self.next.text in {",", "and"}:
            if self.skip(","):
                self.skip("and")
            else:
                self.take()
            found.append(read(self))
        return found

    def times(self) -> tuple[time, ...]:
        """Read `at`, one or more local times, and then the end; ascending, each once."""
        self._expect_at()
        found = tuple(sorted(set(self.listed(_read_time))))
        if _loose_time(self.next) is not None:
            raise self.next.refuse(
                f"the times are parted by commas or “and”: {self.next} follows another time",
                f"and {self.next.text}",
            )
        self.finish("the times")
        return found

    def finish(self, what: str) -> None:
        """Raise InvalidSchedule if anything follows `what`."""
        if not self.next.text:
            return
        zone = "; a zone stands under `timezone`" if _is_zone_like(self.next.text) else ""
        raise self.next.refuse(f"nothing may follow {what}, but {self.next} does{zone}")

    def _expect_at(self) -> None:
        word = self.next
        if not word.text:
            raise word.refuse("the time of day is missing, such as “at 07:30”", "at 07:30")
        if word.text in _NAMED_TIMES or _loose_time(word) is not None:
            raise word.refuse(f"the word “at” is missing before {word}", f"at {word.text}")
        self.expect("at")


def quoted(text: str) -> str:
    """Return `text` in quotation marks, shortened, without characters a terminal would obey."""
    cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return "“" + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cut) + "”"


def closest(word: str, known: Iterable[str]) -> str:
    """Return the one of `known` that `word` was probably meant to be, or nothing."""
    return next(iter(get_close_matches(word[:_SHOWN], list(known), n=1)), "")


def _read_time(words: Words) -> time:
    word = words.take()
    if word.text in _NAMED_TIMES:
        return _NAMED_TIMES[word.text]
    match = _TIME.match(word.text)
    if match and words.next.text not in _HALVES:
        hour, minute = int(match[1]), int(match[2])
        if hour < 24 and minute < 60:
            return time(hour, minute)
    raise _no_time(word, words.next.text if words.next.text in _HALVES else "")


def _no_time(word: Word, half: str) -> InvalidSchedule:
    """Explain why `word`, perhaps followed by am or pm, is not a time of day."""
    if not word.text or word.text == ",":
        return word.refuse("a time of day is missing here, such as 07:30")
    if _SECONDS.match(word.text):
        return word.refuse(f"{word} has seconds: a time is hours and minutes", word.text[:-3])
    match = _LOOSE_TIME.match(word.text + half)
    if match is None:
        return word.refuse(
            f"{word} is not a time of day: write hours and minutes, such as 07:30 or 18:00; "
            "“noon” and “midnight” are known",
            closest(word.text, _NAMED_TIMES),
        )
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if match["half"]:
        return _twelve_hours(word, half, hour, minute, match["half"])
    return _outside(word, hour, minute)


def _outside(word: Word, hour: int, minute: int) -> InvalidSchedule:
    wrong = f"{word} is not a time of day:"
    if minute > 59:
        return word.refuse(f"{wrong} an hour has minutes 00 to 59")
    if (hour, minute) == (24, 0):
        message = "a day ends with 23:59, the midnight after it is 00:00 of the next day"
        return word.refuse(f"{wrong} {message}", "00:00")
    if hour > 23:
        return word.refuse(f"{wrong} a day has hours 00 to 23")
    message = "hours and minutes are parted by a colon, as in 07:30"
    return word.refuse(f"{wrong} {message}", f"{hour:02}:{minute:02}")


def _twelve_hours(word: Word, half: str, hour: int, minute: int, mark: str) -> InvalidSchedule:
    shown = quoted(f"{word.text} {half}" if half else word.text)
    message = f"{shown} is a time of the 12-hour clock: write it in 24 hours"
    if not (1 <= hour <= 12 and minute < 60):
        return word.refuse(message)
    return word.refuse(message, f"{hour % 12 + (12 if mark.startswith('p') else 0):02}:{minute:02}")


def _loose_time(word: Word) -> re.Match[str] | None:
    return _LOOSE_TIME.match(word.text)


def _is_zone_like(text: str) -> bool:
    return "/" in text or text in {"utc", "gmt", "z", "local", "cet", "est", "pst"}

"""Checks of single values, each in words of our own: the library's words never get out.

A check takes nothing but what was meant, no number for a text and no text for a truth value, and
returns the value the program works with. Pure but for the zone database.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import NoReturn

from pydantic_core import PydanticCustomError

from feeds import Format
from feeds.kit.iso639 import UNDETERMINED, known_language
from notifier.configuration.languages import meant_by, tag_of
from notifier.configuration.problems import closest, did_you_mean
from notifier.digest.spec import SUBSCRIBER_ZONE
from notifier.errors import InvalidSchedule
from notifier.schedule.language import Schedule, parse_schedule
from notifier.schedule.slots import is_zone, zone_names
from notifier.subscriber import is_address

OURS = "paperround"  # the type of every error that is raised here

NAMES = "small letters, digits, `-`, `_` and `.`; the first is a letter or digit"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")
_OLD_NAME = re.compile(r"[^\W_][\w.-]*\Z")
_LANGUAGE = re.compile(
    r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9]\w{3}))*\Z"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_MAILBOX = re.compile(r"(?P<name>.*?)\s*<(?P<address>[^<>]*)>\Z", re.DOTALL)
_DURATION = re.compile(r"(?P<count>[0-9]{1,9}(\.[0-9]{1,6})?)\s*(?P<unit>[a-z]*)\Z")
_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_SECONDS |= {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_LONGEST_LINE = 1000
_LONGEST_SPAN = 366 * 86400


def wrong(message: str, *, kind: str = "valid here", hint: str = "", offset: int = 0) -> NoReturn:
    """Refuse a value: `message` may quote it, `kind` says what it is not without quoting it.

    `offset` is where in the text the mistake stands.
    """
    context = {"message": message, "kind": kind, "hint": hint, "offset": offset}
    raise PydanticCustomError(OURS, "{message}", context)


def text(value: object) -> str:
    """Return `value` if it is text; numbers, truth values and nothing are not."""
    if isinstance(value, str):
        return value
    if value is None:
        hint = "text with a `#` needs quotes: a `#` begins a comment"
        wrong("expected text, but there is nothing here", hint=hint)
    if isinstance(value, bool):
        wrong("expected text, not a truth value", hint="put it in quotes")
    if isinstance(value, int | float):
        wrong("expected text, not a number", hint="put it in quotes")
    shape = "a list" if isinstance(value, list | tuple) else "a map"
    wrong(f"expected text, not {shape}")


def line(value: object) -> str:
    """Return `value` if it is text on one line."""
    found = text(value).strip()
    if len(found) <= _LONGEST_LINE and found.isprintable():
        return found  # nearly all; a space is the only blank that is printable
    if any(end in found for end in "\r\n\u2028\u2029"):
        wrong("a line break cannot stand here", kind="one line")
    if _CONTROL.search(found):
        wrong("a control character cannot stand here", kind="plain text")
    if len(found) > _LONGEST_LINE:
        wrong(f"this is longer than {_LONGEST_LINE} characters", kind="short enough")
    return found


def filled(value: object) -> str:
    """Return `value` if it is text on one line, and some."""
    found = line(value)
    if not found:
        wrong("expected text, but this is empty", kind="filled")
    return found


def file_path(value: object) -> str:
    """Return `value` if it can be the path of a file or folder."""
    found = text(value)
    if not found.strip() or _CONTROL.search(found):
        hint = r"in double quotes `\n` and `\t` mean something else: use single quotes"
        wrong("this is not the path of a file or folder", kind="a path", hint=hint)
    return found


def is_name(found: str) -> bool:
    """Tell whether `found` can be the name of a feed, digest, topic or source."""
    return bool(_NAME.match(found)) and len(found) <= 60


def name(value: object) -> str:
    """Return `value` if it can be a name."""
    found = text(value)
    if not is_name(found):
        wrong(f"`{found[:60]}` cannot be a name", kind="a name", hint=NAMES)
    return found


def old_name(value: object) -> str:
    """Return `value` if a feed may once have had this name: capitals and all letters may occur."""
    found = text(value)
    if not _OLD_NAME.match(found) or len(found) > 120:
        hint = "letters, digits, `-`, `_` and `.`; the first is a letter or digit"
        wrong(f"`{found[:60]}` was never the name of a feed", kind="the name of a feed", hint=hint)
    stem, _, ending = found.rpartition(".")
    if stem and ending in tuple(Format):
        hint = f"write `{stem}`: all its formats are meant"
        wrong(f"`{found[:60]}` is a document, not a feed", kind="the name of a feed", hint=hint)
    return found


def zone(value: object) -> str:
    """Return `value` if it is a zone of the zone database; empty means the default."""
    found = text(value)
    if found and not is_zone(found):
        meant = closest(found, zone_names())
        hint = f"did you mean `{meant}`?" if meant else "a zone is written like `Europe/Paris`"
        wrong(f"`{found[:60]}` is not a time zone", kind="a time zone", hint=hint)
    return found


def digest_zone(value: object) -> str:
    """Return `value` if it is a zone or the word for each reader's own."""
    return SUBSCRIBER_ZONE if value == SUBSCRIBER_ZONE else zone(value)


def is_language(found: str) -> bool:
    """Tell whether `found` is a language tag (BCP 47, section 2.1, the common forms)."""
    return bool(_LANGUAGE.match(found))


def language(value: object) -> str:
    """Return `value` if it is a language tag; empty means the default."""
    found = text(value)
    if found and not is_language(found):
        tag = tag_of(found)
        written = "a language is written like `en` or `pt-BR`"
        hint = f"did you mean `{tag}`?" if tag else written
        wrong(f"`{found[:60]}` is not a language tag", kind="a language tag", hint=hint)
    if found and len(found.partition("-")[0]) == 2 and known_language(found) == UNDETERMINED:
        tag = meant_by(found)
        hint = f"did you mean `{tag}`?" if tag else ""
        wrong(f"there is no language `{found[:60]}`", kind="a language tag", hint=hint)
    return found


def schedule(value: object) -> Schedule:
    """Return the schedule that the text `value` says."""
    try:
        return _parsed(text(value))
    except InvalidSchedule as error:
        hint = f"did you mean `{error.hint}`?" if error.hint else ""
        wrong(str(error), kind="a schedule", hint=hint, offset=error.offset)


@lru_cache(maxsize=4096)
def _parsed(words: str) -> Schedule:
    return parse_schedule(words)  # thousands of readers choose among a few


def address(value: object) -> str:
    """Return `value` if mail can be sent to it."""
    found = text(value).strip()
    if not is_address(found):
        wrong(f"`{found[:80]}` is not an e-mail address", kind="an e-mail address")
    return found


def mailbox(value: object) -> tuple[str, str]:
    """Return the name, which may be empty, and the address of `Name <address>` or `address`."""
    found = line(value)
    match = _MAILBOX.match(found)
    shown = match["name"].strip().strip('"') if match else ""
    return shown, address(match["address"] if match else found)


def duration(value: object) -> timedelta:
    """Return the time span `value` says: seconds, or text such as `90s`, `15m`, `2h`, `1d`."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    match = _DURATION.match(f"{value}" if plain else text(value).strip())
    unit = _SECONDS.get(match["unit"].removesuffix("s") or match["unit"][:1]) if match else None
    if match is None or unit is None:
        wrong("expected a time span", kind="a time span", hint="such as `2s`, `15m`, `12h` or `1d`")
    seconds = float(match["count"]) * unit
    if not 0 < seconds <= _LONGEST_SPAN:
        wrong("a time span is more than nothing and at most a year", kind="a possible time span")
    return timedelta(seconds=seconds)


def count(low: int, high: int) -> Callable[[object], int]:
    """Return the check for a whole number from `low` to `high`."""

    def check(value: object) -> int:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
            value = int(value)  # what `${NAME}` stands for is always text
        if isinstance(value, bool) or not isinstance(value, int):
            wrong("expected a whole number", kind="a whole number")
        if not low <= value <= high:
            wrong(f"expected a number from {low} to {high}", kind=f"from {low} to {high}")
        return value

    return check


def truth(value: object) -> bool:
    """Return `value` if it is `true` or `false`; what `${NAME}` stands for is always text."""
    found = {"true": True, "false": False}.get(value) if isinstance(value, str) else value
    if not isinstance(found, bool):
        wrong("expected `true` or `false`", kind="`true` or `false`")
    return found


def one_of(*allowed: str) -> Callable[[object], str]:
    """Return the check for one of the words `allowed`."""

    def check(value: object) -> str:
        found = text(value)
        if found not in allowed:
            hint = did_you_mean(found, allowed)
            wrong(f"`{found[:60]}` is not one of the choices", kind="one of the choices", hint=hint)
        return found

    return check

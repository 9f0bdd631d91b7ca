"""The teasers on a news page: excerpt, date line, the same excerpt once more. Pure.

Knows how such pages vary: repeats that differ a little or are missing, a repeat that runs on into
the next excerpt, dates before the excerpt or after the repeat, or none. Refuses (with None) lines
that are not built like teasers. Short lines between teasers (`Advertisement`) are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from feeds.document import Date

_SHORTEST = 25  # characters; a shorter line without date or repeat is a label
_ALIKE = 0.85  # of the characters: a repeat that differs in a few places
_LONGEST = 1000  # characters; longer lines are compared by their beginning only
_AHEAD = 5  # lines that one decision looks at


class Line(NamedTuple):
    """One line of a page: its number from 1, its text without margins, its date if it is one."""

    number: int
    text: str
    date: Date | None = None


@dataclass(frozen=True, slots=True)
class Teaser:
    """One teaser: the line where it begins, its excerpt, and its date if the page gives one."""

    line: int
    text: str
    date: Date | None = None
    publication: str = ""


class _Step(NamedTuple):
    """What begins at a place: the lines that it uses up, its teaser, and how sure that is.

    `weight` is 2 for a repeated excerpt, 1 for one with a date, 0 for a mere line of text. `left`
    is the end of the last line used, where the next teaser begins.
    """

    used: int
    teaser: Teaser | None
    weight: int
    left: Line | None = None


def read_teasers(lines: Sequence[Line]) -> Sequence[Teaser] | None:
    """Return the teasers in `lines`, of which none is blank, or None if it is other text.

    It is other text unless it begins with a teaser or a date, and most of it is built like teasers.
    """
    waiting = list(reversed(lines))
    found: list[Teaser] = []
    weight = strays = 0
    while waiting:
        step = _recognise(waiting[: -_AHEAD - 1 : -1])
        if step.teaser and not step.weight:
            strays += 1
            if strays == 1 and not found:
                return None
        del waiting[-step.used :]
        if step.left:
            waiting.append(step.left)
        if step.teaser:
            found.append(step.teaser)
        weight += step.weight
    return found if weight and strays * 2 <= weight else None


def _recognise(ahead: Sequence[Line]) -> _Step:
    kinds = "".join("D" if line.date else "T" for line in ahead)
    first = ahead[0]
    if kinds.startswith("TD"):
        return _date_after(ahead, kinds)
    if kinds.startswith("DT"):
        return _date_before(ahead, kinds)
    if kinds.startswith("TT") and _alike(first.text, ahead[1].text):
        date = ahead[2].date if kinds.startswith("TTD") else None
        teaser = Teaser(first.number, _longer(first.text, ahead[1].text), date)
        return _Step(3 if date else 2, teaser, weight=2)
    if first.date:
        return _Step(1, None, weight=1)
    label = len(first.text) < _SHORTEST
    return _Step(1, None if label else Teaser(first.number, first.text), weight=0)


def _date_after(ahead: Sequence[Line], kinds: str) -> _Step:
    """Recognise excerpt and date, with or without the excerpt once more."""
    first, date = ahead[0], ahead[1].date
    alone = _Step(2, Teaser(first.number, first.text, date), weight=1)
    if not kinds.startswith("TDT"):
        return alone
    repeat = ahead[2]
    if kinds.startswith("TDTD") and repeat.text != first.text:
        # What has a date of its own is the next excerpt, though it may follow in the same line.
        rest = repeat.text.removeprefix(first.text).lstrip()
        runs_on = rest != repeat.text and len(rest) >= _SHORTEST
        if runs_on and kinds.startswith("TDTDT") and _alike(rest, ahead[4].text):
            return _Step(3, alone.teaser, weight=2, left=Line(repeat.number, rest))
        return alone
    if not _alike(first.text, repeat.text):
        return alone
    return _Step(3, Teaser(first.number, _longer(first.text, repeat.text), date), weight=2)


def _date_before(ahead: Sequence[Line], kinds: str) -> _Step:
    """Recognise a date and the excerpt below it, with or without the excerpt once more."""
    date, excerpt = ahead[0].date, ahead[1]
    if kinds.startswith("DTDT") and _alike(excerpt.text, ahead[3].text):
        return _Step(1, None, weight=1)  # the excerpt has another date; this one is the page's
    if kinds.startswith("DTT") and _alike(excerpt.text, ahead[2].text):
        text = _longer(excerpt.text, ahead[2].text)
        return _Step(3, Teaser(excerpt.number, text, date), weight=2)
    return _Step(2, Teaser(excerpt.number, excerpt.text, date), weight=1)


def _alike(one: str, other: str) -> bool:
    """Tell whether one excerpt is the other, cut off elsewhere or differing in a few places."""
    if one == other:
        return True
    shorter, longer = sorted((one.rstrip(" .…"), other.rstrip(" .…")), key=len)
    if len(shorter) >= _SHORTEST and longer.startswith(shorter):
        return True
    if len(longer) > _LONGEST:
        return False
    matcher = SequenceMatcher(None, shorter, longer, autojunk=False)
    return matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def _longer(one: str, other: str) -> str:
    return other if len(other) > len(one) else one

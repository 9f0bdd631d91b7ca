"""Set text in columns of a fixed width, as terminals and text mail show it. Pure.

A wide character (CJK) takes two columns, a combining one none (UAX 11). A line breaks at spaces,
and between wide characters, but not before closing or after opening punctuation. Addresses are
never broken, however long; any other word that is too long is cut.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

COLUMNS = 72
RESERVED = 20  # columns that a reader's own value, filled in later, is given

_NOT_FIRST = frozenset(
    "。、，．・：；？！）〕］｝〉》」』】’”…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
)
_NOT_LAST = frozenset("（〔［｛〈《「『【‘“")
_ZERO_WIDTH = frozenset({"Mn", "Me", "Cf", "Cc"})
_SLOT = ("\ue000", "\ue001")


def width(text: str) -> int:
    """Return how many columns `text` takes on one line."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(map(_width, text)) + text.count(_SLOT[0]) * RESERVED


def wrap(text: object, indent: str = "", columns: int = COLUMNS) -> str:
    """Return `text` as lines of at most `columns`, each after `indent`, white space folded."""
    folded, room = " ".join(str(text).split()), columns - width(indent)
    if not folded:
        return ""
    if width(folded) <= room:
        return indent + folded
    lines: list[str] = []
    line, used = "", 0
    for glue, piece, needed in _pieces(folded, room):
        if line and used + len(glue) + needed <= room:
            line, used = line + glue + piece, used + len(glue) + needed
            continue
        if line:
            lines.append(line)
        line, used = piece, needed
    return "\n".join(indent + line for line in [*lines, line])


def rule(mark: str, columns: int = COLUMNS) -> str:
    """Return a line of `mark`s across all columns."""
    return mark * columns


def _pieces(text: str, room: int) -> Iterator[tuple[str, str, int]]:
    """Give what must stay together, the space that parts it from what came before, its width."""
    alphabetic = text.isascii() and text.isprintable()
    for word in text.split(" "):
        needed = len(word) if alphabetic else width(word)
        if needed <= room and needed == len(word):
            yield " ", word, needed  # a word of an alphabet, by far the most
            continue
        glue = " "
        for piece in _unbroken(word):
            for part in [piece] if _is_kept(piece) else _cut(piece, room):
                yield glue, part, width(part)
                glue = ""


def _unbroken(word: str) -> Iterator[str]:
    """Split a word between its wide characters; a word of an alphabet stays whole."""
    if _is_kept(word):
        yield word
        return
    piece = ""
    for character in word:
        if piece and _may_break(piece[-1], character):
            yield piece
            piece = ""
        piece += character
    yield piece


def _may_break(before: str, after: str) -> bool:
    if after in _NOT_FIRST or before in _NOT_LAST or not _width(after):
        return False
    return _is_ideographic(before) or _is_ideographic(after)


def _is_ideographic(character: str) -> bool:
    # Korean parts its words with spaces, and so breaks there.
    return _width(character) == 2 and not "\uac00" <= character <= "\ud7a3"


def _cut(piece: str, room: int) -> Iterator[str]:
    part, used = "", 0
    for character in piece:
        needed = _width(character)
        if part and used + needed > room:
            yield part
            part, used = "", 0
        part, used = part + character, used + needed
    yield part


def _is_kept(word: str) -> bool:
    return "://" in word or any(mark in word for mark in _SLOT)


@lru_cache(maxsize=4096)
def _width(character: str) -> int:
    if unicodedata.category(character) in _ZERO_WIDTH or character in _SLOT:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

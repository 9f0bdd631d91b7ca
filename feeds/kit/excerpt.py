"""The line of a file that a message is about, with a caret under the place.

Pure. Refuses nothing: a place outside of the text has an empty excerpt.
"""

from __future__ import annotations

import re
import unicodedata

WIDTH = 100  # columns of a terminal that an excerpt may take

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def source_lines(text: str) -> list[str]:
    """Return the lines of `text`, parted where the YAML parser and browsers part them."""
    return _LINE_END.split(text)


def position(text: str, index: int) -> tuple[int, int]:
    """Return line and column, from 1, of the character at `index` of `text`."""
    lines = source_lines(text[:index])
    return len(lines), len(lines[-1]) + 1


def caret(line: str, column: int) -> str:
    """Return `line`, shortened around `column` (from 1), and below it a caret under that column.

    Wide characters count two columns; tabs and control characters are shown as one space.
    """
    index = min(max(column, 1) - 1, len(line))
    start = max(0, index - WIDTH // 2) if len(line) > WIDTH else 0
    shown = "".join(c if c.isprintable() else " " for c in line[start : start + WIDTH])
    before = "…" if start else ""
    after = "…" if len(line) > start + WIDTH else ""
    indent = sum(_width(c) for c in before + shown[: index - start])
    return f"{before}{shown}{after}\n{' ' * indent}^"


def snippet(text: str, line: int, column: int) -> str:
    """Return line number `line` of `text` with a caret under `column`; both count from 1."""
    lines = source_lines(text)
    return caret(lines[line - 1], column) if 0 < line <= len(lines) else ""


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1

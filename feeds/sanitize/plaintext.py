"""The words of clean HTML as plain text, and plain text as HTML.

Paragraphs are parted by an empty line, list items begin with `- `. Knows only HTML that has been
cleaned; refuses nothing.
"""

from __future__ import annotations

import re

from feeds.kit import text as texts
from feeds.sanitize.markup import decode, write_text
from feeds.sanitize.vocabulary import BLOCKS

_LINES = frozenset({"dd", "dt", "li", "tr"})
_CELLS = frozenset({"td", "th"})
_PARAGRAPHS = (BLOCKS - _LINES) | {"caption", "picture"}

# Cleaned HTML has no ">" inside of a tag, for the guard writes "&gt;" in attributes.
_PART = re.compile(rf"<(/?)({'|'.join(sorted(_PARAGRAPHS | _LINES | _CELLS | {'br'}))})\b[^>]*>")
_TAG = re.compile(r"<[^>]*>")
_SPACE = re.compile(r"[ \t\n\r\f\v\xa0]+")
_PARAGRAPH_END = re.compile(r"\n[^\S\n]*(?:\n\s*)+")


def text_of(cleaned: str) -> str:
    """Return the words of `cleaned` HTML; `<br>` is a line end, images say nothing."""
    lines = _Lines()
    pieces = iter(_PART.split(cleaned))
    lines.words(_words(next(pieces)))
    for closing, name, between in zip(pieces, pieces, pieces, strict=True):
        if name == "pre":
            lines.preformatted = not closing
        if name == "br":
            lines.part(1, repeat=True)
        elif name in _CELLS:
            lines.words(" ")
        else:
            lines.part(1 if name in _LINES else 2)
            if name == "li" and not closing:
                lines.item()
        lines.words(_words(between))
    return lines.result()


def html_of(text: str) -> str:
    """Return plain `text` as HTML: a paragraph for each, a `<br>` for a line end inside."""
    paragraphs = _PARAGRAPH_END.split(texts.clean(text).strip())
    return "\n".join(f"<p>{_lines(part)}</p>" for part in paragraphs if part.strip())


def _words(piece: str) -> str:
    return decode(_TAG.sub("", piece) if "<" in piece else piece)


def _lines(paragraph: str) -> str:
    lines = (_SPACE.sub(" ", line).strip() for line in paragraph.strip().split("\n"))
    return "<br>".join(write_text(line) for line in lines)


class _Lines:
    """Text in the making: how far the next words stand from the last."""

    def __init__(self) -> None:
        self.preformatted = False
        self._parts: list[str] = []
        self._gap = 0
        self._bullet = ""
        self._space = False

    def words(self, text: str) -> None:
        if self.preformatted:
            self._add(text.replace("\xa0", " ").rstrip("\n"))
            return
        text = _SPACE.sub(" ", text)
        if text.startswith(" "):
            self._space = True
        if text.strip(" "):
            self._add(text.strip(" "))
            self._space = text.endswith(" ")

    def part(self, lines: int, *, repeat: bool = False) -> None:
        self._gap = min(2, self._gap + lines) if repeat else max(self._gap, lines)
        self._space = False

    def item(self) -> None:
        self._bullet = "- "

    def result(self) -> str:
        return "".join(self._parts).strip()

    def _add(self, text: str) -> None:
        if not text:
            return
        before = "\n" * self._gap if self._gap else " " * self._space
        self._parts.append(before + self._bullet + text)
        self._gap, self._bullet, self._space = 0, "", False

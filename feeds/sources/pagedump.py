"""Page dumps: the plain text of a news page, or of an article by itself.

A page is a lead article without a title, a line `More From <Publication>`, then teasers (an excerpt
cut off in mid-sentence, a date line, the same excerpt once more) and a line `More Articles`. Text
without that structure is one article. Refuses nothing but a page without any text; a date that is
not there is not invented.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from feeds.document import Date
from feeds.kit.text import normalise
from feeds.sources.dates import parse_date
from feeds.sources.outcome import Origin, ReadFile
from feeds.sources.teasers import Line, Teaser, read_teasers

_CUT = re.compile(r"more from (?P<publication>\S.*)", re.IGNORECASE)
_END = re.compile(r"more articles", re.IGNORECASE)
_CUT_LONGEST = 80  # characters; a longer line is a sentence of the lead
_SENTENCE_ENDS = (".", "!", "?", "…", ";", ",", "。")
_MOST_CUTS = 20  # lines that are tried; a page with more of them was made to waste time
_SMALL_WORDS = frozenset(
    ("a", "an", "and", "at", "by", "for", "in", "of", "on", "the", "de", "du", "la", "le")
)
_WRAPPED = 100  # characters; where no line is longer, single line ends may be mere wrapping
_INVISIBLE = "\ufeff\u200b\u2060"  # what copying leaves at the ends of lines
_LONGEST_DATE = 60  # characters

_Section = tuple[str, Sequence[Teaser]]


class _Page(NamedTuple):
    """A page taken apart: where its lead ends, whose page it is, and its teasers."""

    lead_ends: int
    publication: str = ""
    teasers: Sequence[Teaser] = ()


def read_page_dump(text: str, origin: Origin) -> ReadFile:
    """Return the lead and then each teaser once, in page order.

    The lead is at position 0 and identified by the file's path; a teaser is an excerpt, at its
    place on the page, and identified by its words, for pages move on.
    """
    lines = [_line(raw, number, origin) for number, raw in enumerate(text.split("\n"), start=1)]
    page = _taken_apart(lines)
    paragraphs = _paragraphs(lines[: page.lead_ends])
    documents = []
    if paragraphs:
        lead = replace(
            origin.whole_file(),
            text="\n\n".join(paragraphs),
            publication=page.publication,
            place=origin.at(next(line.number for line in lines if line.text)),
        )
        documents.append(lead)
    for position, teaser in enumerate(page.teasers, start=1):
        document = replace(
            origin.document(teaser.line),
            text=teaser.text,
            published=teaser.date,
            publication=teaser.publication,
            excerpt=True,
            position=position,
        )
        documents.append(document)
    return ReadFile(tuple(documents)) if documents else origin.refuse("there is no article in it")


def _line(raw: str, number: int, origin: Origin) -> Line:
    text = raw.strip().strip(_INVISIBLE).strip()
    date: Date | None = None
    if text and len(text) <= _LONGEST_DATE:
        date = parse_date(text, origin.defaults.zone)
    return Line(number, text, date)


def _taken_apart(lines: Sequence[Line]) -> _Page:
    """Find the line that ends the lead; without one, everything is lead."""
    candidates = [index for index, line in enumerate(lines) if _cut(line.text)]
    for index in candidates[:_MOST_CUTS]:
        publication = _cut(lines[index].text)
        rest = [line for line in lines[index + 1 :] if line.text]
        teasers = _teasers(rest, publication)
        if teasers is not None:
            return _Page(index, publication, teasers)
    last = next((i for i in range(len(lines) - 1, -1, -1) if lines[i].text), 0)
    return _Page(last if _END.fullmatch(lines[last].text) else len(lines))


def _cut(text: str) -> str:
    """Return the publication if `text` could be the line that ends the lead, else nothing."""
    if len(text) > _CUT_LONGEST or text.endswith(_SENTENCE_ENDS):
        return ""
    match = _CUT.fullmatch(text)
    return match["publication"].rstrip(" :") if match else ""


def _teasers(rest: Sequence[Line], publication: str) -> Sequence[Teaser] | None:
    """Return the teasers in the lines after a possible cut, or None if it is none.

    A line of the lead may read like a cut. What follows a real one is built like teasers, or is
    the end of the page; if nothing follows, the publication is at least spelt as a name.
    """
    if not rest:
        return () if _is_name(publication) else None
    end = next((i for i, line in enumerate(rest) if _END.fullmatch(line.text)), len(rest))
    if end == 0:
        return ()
    sections = _sections(rest[:end], publication)
    if sections is None:
        teasers = read_teasers(rest[:end])
        sections = None if teasers is None else [(publication, teasers)]
    return None if sections is None else _once(sections)


def _sections(lines: Sequence[Line], publication: str) -> list[_Section] | None:
    """Return the teasers by publication, or None if one of the sections has other text."""
    starts = [i for i, line in enumerate(lines) if _is_name(_cut(line.text))]
    names = [publication, *(_cut(lines[start].text) for start in starts)]
    begins, ends = [0, *(start + 1 for start in starts)], [*starts, len(lines)]
    found: list[_Section] = []
    for name, begin, end in zip(names, begins, ends, strict=True):
        teasers = read_teasers(lines[begin:end]) if begin < end else ()
        if teasers is None:
            return None
        found.append((name, teasers))
    return found


def _once(sections: Sequence[_Section]) -> Sequence[Teaser]:
    """Return each teaser with its publication, and none twice: its words are its identity."""
    found: dict[tuple[str, str], Teaser] = {}
    for publication, teasers in sections:
        for teaser in teasers:
            key = (publication, normalise(teaser.text))
            found.setdefault(key, replace(teaser, publication=publication))
    return tuple(found.values())


def _is_name(publication: str) -> bool:
    """Tell whether every word but the small ones is written as names are."""
    words = [word for word in publication.split() if word.casefold() not in _SMALL_WORDS]
    return bool(words) and not any(word[0].islower() for word in words)


def _paragraphs(lines: Sequence[Line]) -> list[str]:
    """Return the paragraphs: one a line, or one a block where blank lines part wrapped lines."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.text:
            blocks[-1].append(line.text)
        elif blocks[-1]:
            blocks.append([])
    blocks = [block for block in blocks if block]
    if len(blocks) > 1 and all(len(line.text) <= _WRAPPED for line in lines):
        return [" ".join(block) for block in blocks]
    return [text for block in blocks for text in block]

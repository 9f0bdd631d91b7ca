"""Reads HTML into tags and text, and writes both, in linear time whatever comes in.

Follows the tokenisation of the HTML Standard (13.2.5) closely enough for articles. Judges
nothing, and is not trusted: what is made of these tokens is parsed again by the guard.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from feeds.kit import text as texts
from feeds.sanitize.vocabulary import DROPPED, RAW

# Every quantifier that could read on to the end is possessive: nothing is ever read twice.
_TOKEN = re.compile(
    r"([^<]++)"
    r"|<(/?)([a-zA-Z][^\s/>]*+)"
    r"((?:[^>=]++|=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))?+)*+)(>|\Z)"
    r"|<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<[!?/][^>]*+(?:>|\Z)"
    r"|(<)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([^\s/>=]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"?+|'([^']*+)'?+|([^\s>]*+)))?+")
_REFERENCE = re.compile(r"&#?[0-9a-zA-Z]{1,32};")
_NOTHING_TO_DO = re.compile(r"[\t\n !-%'-;=?-~]*+\Z")
# NFC makes one character of ">" and a combining solidus that follows it.
_SWALLOWS_A_BRACKET = re.compile("[\\s\u0338]*\u0338")


class Tag(NamedTuple):
    """A start or end tag: lower-case name, and the attributes as they were written."""

    name: str
    closing: bool
    attributes: str


def tokens(source: str) -> Iterator[str | Tag]:
    """Yield the text, with its references decoded, and the tags of `source` in order.

    Comments, declarations and the elements in DROPPED are passed over with their content.
    """
    missing: set[str] = set()
    at: int | None = 0
    while at is not None:
        found, at = _TOKEN.finditer(source, at), None
        for match in found:
            text, closing, name, attributes, end, bracket = match.groups()
            if text:
                yield decode(text)
            elif name and end:
                name = name.lower()
                if name not in DROPPED:
                    yield Tag(name, closing == "/", attributes)
                elif not closing and name not in missing:
                    at = _end_of(name, source, match.end(), missing)
                    break
            elif bracket:
                yield bracket


def attributes_of(tag: Tag) -> dict[str, str]:
    """Return the attributes of `tag`, names in lower case; of two alike the first counts."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(tag.attributes):
        value = double or single or bare
        # "&copy=" in the query of an address is no reference, hence not html.unescape at large.
        if "&" in value:
            value = _REFERENCE.sub(lambda match: html.unescape(match[0]), value)
        found.setdefault(name.lower(), value)
    return found


def decode(text: str) -> str:
    """Return `text` with its character references replaced."""
    return html.unescape(text) if "&" in text else text


def write_text(text: str) -> str:
    """Return `text` cleaned and escaped as the HTML Standard serialises it (13.3)."""
    if _NOTHING_TO_DO.match(text):
        return text
    text = texts.clean(text).replace("\ufeff", "")
    solidus = _SWALLOWS_A_BRACKET.match(text)
    return _escape(text[solidus.end() :] if solidus else text)


def write_tag(name: str, attributes: Iterable[tuple[str, str]] = ()) -> str:
    """Return the start tag `name` with `attributes`, as the HTML Standard serialises it."""
    written = [f' {key}="{_escape(value).replace(chr(34), "&quot;")}"' for key, value in attributes]
    return f"<{name}{''.join(written)}>" if written else f"<{name}>"


def _escape(text: str) -> str:
    text = text.replace("&", "&amp;").replace("\xa0", "&nbsp;")
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _end_of(name: str, source: str, at: int, missing: set[str]) -> int:
    """Return where the element that was opened before `at` ends.

    A name without any end tag after `at` is noted in `missing`, so that it is sought once only.
    """
    closer = _closer(name).search(source, at)
    if closer:
        match = _TOKEN.match(source, closer.start())
        return match.end() if match else len(source)
    missing.add(name)
    return len(source) if name in RAW else at


@lru_cache(maxsize=len(DROPPED))
def _closer(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)

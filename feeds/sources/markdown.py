"""Markdown to HTML: CommonMark with tables and strikethrough. The only door of markdown_it.

HTML inside Markdown is let through: whatever comes out of here is sanitised later. Refuses text
that is too long, for some of Markdown's rules are slow on purpose-made text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LIMIT = 2_000_000  # characters; some three hundred thousand words


@dataclass(frozen=True, slots=True)
class Rendered:
    """The HTML of a text, and the heading it began with, as plain text, which is not in it."""

    html: str
    title: str = ""


def render_markdown(text: str, *, title: str = "") -> Rendered:
    """Return `text` as HTML.

    A first-level heading at the very beginning is the title; it stays in the body only if the
    document has another `title` already. Raises ValueError for text longer than `LIMIT`.
    """
    if len(text) > LIMIT:
        raise ValueError(f"the text is too long: {len(text)} characters, at most {LIMIT}")
    parser = _parser()
    tokens = parser.parse(text)
    heading = _heading(tokens)
    if heading and (not title or _same(heading, title)):
        return Rendered(_html(parser, tokens[3:]), heading)
    return Rendered(_html(parser, tokens))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - slow to import, and some have no Markdown

    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _html(parser: MarkdownIt, tokens: list[Token]) -> str:
    html: str = parser.renderer.render(tokens, parser.options, {})
    return html


def _heading(tokens: list[Token]) -> str:
    """Return the words of a first-level heading that opens the text, or nothing."""
    if len(tokens) < 3 or tokens[0].type != "heading_open" or tokens[0].tag != "h1":
        return ""
    return " ".join("".join(map(_words, tokens[1].children or ())).split())


def _words(token: Token) -> str:
    if token.type in {"softbreak", "hardbreak"}:
        return " "
    return token.content if token.type in {"text", "code_inline", "image"} else ""


def _same(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()

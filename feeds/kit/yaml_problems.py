"""What is wrong with a YAML text, in words of our own: the parser's phrases never get out.

Pure: knows the phrases of the parser (libyaml, and PyYAML's own), not the parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from feeds.kit.excerpt import source_lines


class Mark(NamedTuple):
    """A place in a file; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class YamlProblem:
    """One thing that is wrong, and where; line and column count from 1.

    Where it `spoils` the value, what the document has there says nothing: no use in judging it.
    """

    line: int
    column: int
    message: str
    spoils: bool = False

    def __str__(self) -> str:
        """Return `line:column: message`."""
        return f"{self.line}:{self.column}: {self.message}"


# Characters outside of YAML 1.2, section 5.1; libyaml refuses them without saying where.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"
)

_QUOTE_IT = "put it in quotes"
_REFERENCE = (
    'put `${...}` in quotes here, such as "${NAME}": inside of `{}` and `[]` a `{` begins a map'
)
_PHRASES = {
    "mapping values are not allowed": (
        "a `:` cannot stand here; put text that contains `: ` in quotes, or mend the indentation"
    ),
    "did not find expected ',' or ']'": "expected `,` or `]`; the list that begins in line {} is "
    "not closed",
    "did not find expected ',' or '}'": "expected `,` or `}}`; the map that begins in line {} is "
    "not closed",
    "expected ',' or ']'": "expected `,` or `]`; the list that begins in line {} is not closed",
    "expected ',' or '}'": "expected `,` or `}}`; the map that begins in line {} is not closed",
    "did not find expected key": "this does not fit the map that begins in line {}; mend the "
    "indentation or the quotes",
    "expected <block end>": "this does not fit what begins in line {}; mend the indentation or "
    "the quotes",
    "did not find expected '-'": "expected `- ` as in the list that begins in line {}; mend the "
    "indentation",
    "expected <document start>": "this does not belong to what stands before; mend the indentation",
    "node content": "a value is missing here",
    "block sequence entries are not allowed": "a list cannot begin here; put each `- ` on a line "
    "of its own",
    "tab character": "a tab cannot indent; use spaces",
    "directive": "directives (`%`) are not allowed",
}
# What the parser was doing when it stopped, where that says more than the phrase.
_DOING = {
    "scanning a block scalar": "after `|` or `>` the text begins on the next line; put text that "
    "begins with one of them in quotes",
    "scanning a directive": "directives (`%`) are not allowed",
    "scanning a tag": "tags (`!`) are not allowed",
    "parsing a node": "tags (`!`) are not allowed",  # an undefined one
}
_AT_THE_BEGINNING = {
    "unexpected end of stream": "this quote is never closed",
    "could not find expected ':'": "expected `key: value`, but there is no `: ` here",
}


def unprintable(text: str) -> tuple[int, str] | None:
    """Return where the first character stands that YAML does not allow, and what to say of it."""
    match = _UNPRINTABLE.search(text)
    if match is None:
        return None
    return match.start(), f"the character U+{ord(match[0]):04X} is not allowed"


def explain(
    text: str, context: str, phrase: str, at: Mark | None, begin: Mark | None, offset: int = 0
) -> YamlProblem:
    """Return in our words what the parser said as `context` and `phrase`.

    `at` is where it stopped, `begin` where the thing begins that it was reading. The place of the
    problem is that in `text`; `offset` is added to the lines that its words name.
    """
    place = at or begin or Mark(1, 1)
    start = begin or place
    for part, message in _AT_THE_BEGINNING.items():
        if part in phrase:
            return YamlProblem(start.line, start.column, message)
    if any(word in context for word in ("alias", "anchor", "tag", "directive", "block scalar")):
        place = start
    before = place._replace(column=max(place.column - 1, 1))
    if _character(text, before, 2) == "${":
        return YamlProblem(*before, _REFERENCE)
    words = _words(text, context, phrase, place, start, offset)
    return YamlProblem(place.line, place.column, words)


def _words(text: str, context: str, phrase: str, place: Mark, start: Mark, offset: int) -> str:
    character = _character(text, place)
    if "node content" in phrase and not character and "flow" in context:
        return "the text ends here, but a list or map before is not closed" + (
            "; a `#` after a space begins a comment, unless it is in quotes" if " #" in text else ""
        )
    if "node content" in phrase and character and character in "]},":
        return f"`{character}` cannot stand here"
    if "cannot start any token" in phrase or (place is start and "scanning an a" in context):
        return _wrong_beginning(text, place)
    if "quoted scalar" in context:
        return _escape(text, place)
    for part, message in _PHRASES.items():
        if part in phrase:
            return message.format(start.line + offset)
    found = (message for part, message in _DOING.items() if part in context)
    return next(found, "this cannot be read as YAML")


def _character(text: str, place: Mark, count: int = 1) -> str:
    lines = source_lines(text)
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    return line[place.column - 1 : place.column - 1 + count]


def _wrong_beginning(text: str, place: Mark) -> str:
    character = _character(text, place)
    if character == "\t":
        return _PHRASES["tab character"]
    return f"text cannot begin with `{character}`; {_QUOTE_IT}"


def _escape(text: str, place: Mark) -> str:
    written = _character(text, place, 2)
    if written.startswith("\\"):
        return f"`{written}` means nothing in double quotes; use single quotes to keep it"
    return "this cannot be read in double quotes; use single quotes"

"""YAML front matter: the fields between two lines of three dashes at the top of a file.

Refuses a block that is never closed, YAML that is wrong (every mistake with its own line in the
file) and front matter that is not a list of fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from feeds.document import Problem
from feeds.kit import yaml
from feeds.sources.outcome import Item, Origin

_OPENING = re.compile(r"[ \t\n]*^---[ \t]*\n", re.MULTILINE)
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Split:
    """A file taken apart: its fields, the text after them, and the line where that begins."""

    item: Item
    body: str
    body_line: int = 1
    problems: tuple[Problem, ...] = ()


def split_front_matter(text: str, origin: Origin) -> Split:
    """Return the fields and the body of `text`; without front matter all of it is body."""
    opening = _OPENING.match(text)
    if not opening:
        return Split(Item(), text)
    first_line = text.count("\n", 0, opening.end())
    closing = _CLOSING.search(text, opening.end())
    if not closing:
        message = "the front matter that begins here is never closed with `---`"
        return Split(Item(), "", problems=(origin.problem(message, first_line),))
    fields = text[opening.end() : closing.start()]
    body_line = text.count("\n", 0, closing.end()) + 1
    item, problems = _load(fields, first_line, origin)
    return Split(item, text[closing.end() :], body_line, problems)


def _load(text: str, line_offset: int, origin: Origin) -> tuple[Item, tuple[Problem, ...]]:
    try:
        document = yaml.load(text, path=origin.shown, line_offset=line_offset)
    except yaml.YamlError as error:
        wrong = error.problems
        return Item(), tuple(origin.problem(p.message, p.line, p.column) for p in wrong)
    value = document.value
    if value is None:
        return Item(), ()
    if not isinstance(value, dict):
        message = "expected fields such as `title: The bridge opens`"
        return Item(), (origin.problem(f"front matter: {message}", line_offset + 1),)
    return _item(
        value, {key: document.marks.key((key,)).line for key in value}, line_offset, origin
    )


def _item(
    value: dict[str, object], lines: dict[str, int], line: int, origin: Origin
) -> tuple[Item, tuple[Problem, ...]]:
    """Take names in whatever case: an embargo under `Date` must not be overlooked."""
    names = {name: name.lower() for name in value}
    twice = [name for name in names if name != names[name] and names[name] in value]
    if twice:
        message = f"{twice[0]}: means the same as {names[twice[0]]!r}; keep one of them"
        return Item(), (origin.problem(message, lines[twice[0]]),)
    plain = {names[name]: one for name, one in value.items()}
    return Item(plain, {names[name]: at for name, at in lines.items()}, line), ()

"""Articles as JSON: one item, a list of items, a JSON Feed 1.1, or NDJSON (one item a line).

Refuses what RFC 8259 does not know (NaN, endless numbers), names that occur twice in one object,
and nesting without bottom. A wrong field is named with its line, in the middle of a list too.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from feeds.document import Document, SourceFeed
from feeds.sources.fields import read_authors, read_item, read_text_field
from feeds.sources.outcome import Item, Origin, ReadFile

_SPACE = re.compile(r"[ \t\n\r]*")


def read_json(text: str, origin: Origin) -> ReadFile:
    """Return the documents of a file that is one JSON value.

    A single item is identified by the file's path; items of a list or a feed never are, for the
    next one that is put in front would take that identity over.
    """
    try:
        return _read(_loads(text), _Lines(text), origin)
    except json.JSONDecodeError as error:
        return origin.refuse(f"not JSON: {_plain(error.msg)}", error.lineno, error.colno)
    except (ValueError, RecursionError) as error:
        return origin.refuse(_reason(error))


def read_ndjson(text: str, origin: Origin) -> ReadFile:
    """Return the documents of a file with one item on each line; a bad line costs only itself."""
    results = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = _loads(line)
        except json.JSONDecodeError as error:
            results.append(origin.refuse(f"not JSON: {_plain(error.msg)}", number, error.colno))
        except (ValueError, RecursionError) as error:
            results.append(origin.refuse(_reason(error), number))
        else:
            results.append(_read_line(value, number, origin))
    return _joined(results)


def _read_line(value: object, number: int, origin: Origin) -> ReadFile:
    if isinstance(value, dict):
        return read_item(Item(value, line=number), origin.document(), origin)
    return origin.refuse("expected one item on this line", number)


def _read(value: object, lines: _Lines, origin: Origin) -> ReadFile:
    start = _skip(lines.text, 0)
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        return _read_feed(lines, origin)
    if isinstance(value, dict):
        return _read_one(lines, start, origin.whole_file(), origin)
    if isinstance(value, list):
        return _read_list(lines, start, origin.document(), origin)
    return origin.refuse("expected an item, a list of items or a JSON Feed", 1)


def _read_feed(lines: _Lines, origin: Origin) -> ReadFile:
    """JSON Feed 1.1: what the feed says holds for items that do not say it.

    With its address, the feed itself is where its items were taken from.
    """
    members = list(_members(lines.text, _skip(lines.text, 0)))
    feed = Item(
        {key: value for key, value, _ in members},
        {key: lines.of(at) for key, _, at in members},
    )
    authors, wrong_authors = read_authors(feed, origin)
    language, wrong_language = read_text_field(feed, "language", origin)
    base, wrong_base = read_text_field(feed, "home_page_url", origin)
    own_url, wrong_url = read_text_field(feed, "feed_url", origin)
    title, wrong_title = read_text_field(feed, "title", origin)
    start = replace(
        origin.document(),
        authors=authors,
        language=language or origin.defaults.language,
        base=base,
        source_feed=SourceFeed(url=own_url, title=title) if own_url else None,
    )
    items_at = next(at for key, _, at in members if key == "items")
    read = _read_list(lines, items_at, start, origin)
    wrong = (*wrong_authors, *wrong_language, *wrong_base, *wrong_url, *wrong_title)
    return ReadFile(read.documents, (*wrong, *read.problems))


def _read_list(lines: _Lines, at: int, start: Document, origin: Origin) -> ReadFile:
    results = []
    for value, position in _elements(lines.text, at):
        if isinstance(value, dict):
            results.append(_read_one(lines, position, start, origin))
        else:
            results.append(origin.refuse("expected an item here", lines.of(position)))
    return _joined(results)


def _read_one(lines: _Lines, at: int, start: Document, origin: Origin) -> ReadFile:
    members = list(_members(lines.text, at))
    values = {key: value for key, value, _ in members}
    marks = {key: lines.of(position) for key, _, position in members}
    read = read_item(Item(values, marks, lines.of(at)), start, origin)
    # An address of the item's own is the better base for what is relative in it.
    based = tuple(replace(one, base=one.url or one.base) for one in read.documents)
    return ReadFile(based, read.problems)


def _joined(results: list[ReadFile]) -> ReadFile:
    return ReadFile(
        tuple(document for read in results for document in read.documents),
        tuple(problem for read in results for problem in read.problems),
    )


def _reason(error: ValueError | RecursionError) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else f"not JSON: {error}"


def _plain(message: str) -> str:
    return message[:1].lower() + message[1:]


def _loads(text: str) -> object:
    """Raise JSONDecodeError, ValueError or RecursionError for what is not JSON, or too deep."""
    value: object = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the name {twice[:60]!r} occurs twice in one object")
    return found


class _Lines:
    """A text, and the line of each position in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def of(self, position: int) -> int:
        """Return the line of `position`, from 1."""
        return bisect_right(self._ends, position) + 1


# The text is known to be JSON when these two walk it; they exist to learn where things stand.
_DECODER = json.JSONDecoder()


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _elements(text: str, at: int) -> Iterator[tuple[object, int]]:
    """Yield value and position of each element of the array that begins at `at`."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield value, at
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at


def _members(text: str, at: int) -> Iterator[tuple[str, object, int]]:
    """Yield name, value and the value's position of each member of the object at `at`."""
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, end = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, end) + 1)
        value, end = _DECODER.raw_decode(text, at)
        yield name, value, at
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at

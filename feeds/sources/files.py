"""One file to documents: dispatches by the file's suffix and judges identities within it.

Never raises for what a file holds: whatever is wrong is a problem with file and line. Refuses a
second document of the same identity, naming both lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from feeds.document import Document, Problem
from feeds.kit.text import one_line
from feeds.sources.fields import read_item
from feeds.sources.frontmatter import Split, split_front_matter
from feeds.sources.htmlfile import read_page
from feeds.sources.jsonfile import read_json, read_ndjson
from feeds.sources.markdown import render_markdown
from feeds.sources.outcome import Defaults, Item, Origin, ReadFile
from feeds.sources.pagedump import read_page_dump
from feeds.sources.reading import read_text


def read_file(path: Path, *, relative: str, shown: str, defaults: Defaults) -> ReadFile:
    """Return the documents of the file at `path` and what is wrong with it.

    `relative` is the POSIX path inside a named source, or "" outside of one: the identity of the
    only document of a file. `shown` is the path that messages name.
    """
    origin = Origin(shown, relative, defaults)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        known = " ".join(SUFFIXES)
        return origin.refuse(f"no kind of file that is read; known are {known}")
    reading = read_text(path)
    if reading.unsettled:
        return ReadFile(unsettled=True)
    if reading.refused:
        return origin.refuse(reading.refused, reading.line)
    return _without_doubles(reader(reading.text, origin))


def _read_markdown(text: str, origin: Origin) -> ReadFile:
    split = split_front_matter(text, origin)
    if split.problems:
        return ReadFile(problems=split.problems)
    title = split.item.values.get("title")
    try:
        rendered = render_markdown(split.body, title=title if isinstance(title, str) else "")
    except ValueError as error:
        return origin.refuse(str(error), split.body_line)
    start = replace(origin.whole_file(), title=rendered.title, html=rendered.html.strip())
    return read_item(split.item, start, origin)


def _read_html(text: str, origin: Origin) -> ReadFile:
    split = split_front_matter(text, origin)
    if split.problems:
        return ReadFile(problems=split.problems)
    page = read_page(split.body, first_line=split.body_line)
    start = replace(origin.whole_file(), html=page.html.strip(), base=page.base)
    return read_item(_merged(split, page.fields, page.lines), start, origin)


def _merged(split: Split, fields: Mapping[str, object], lines: Mapping[str, int]) -> Item:
    """Return the fields of a page under those of its front matter, which know better."""
    own = split.item
    said = {_SAME.get(key, key) for key, value in own.values.items() if value is not None}
    added = {key: value for key, value in fields.items() if _SAME.get(key, key) not in said}
    return Item({**own.values, **added}, {**lines, **own.lines}, own.line)


def _without_doubles(read: ReadFile) -> ReadFile:
    """Refuse a document whose identity another one in the same file has already."""
    lines: dict[tuple[str, str], int | None] = {}
    kept: list[Document] = []
    problems: list[Problem] = list(read.problems)
    for document in read.documents:
        name, value = ("id", document.id) if document.id else ("url", document.url)
        key = (name, one_line(value))
        if value and key in lines:
            message = f"the {name} {value[:80]!r} stands in line {lines[key]} already"
            problems.append(Problem(document.place, message))
            continue
        lines[key] = document.place.line
        kept.append(document)
    return ReadFile(tuple(kept), tuple(problems))


_SAME = {"date_published": "published", "date": "published", "date_modified": "updated"} | {
    "authors": "author"
}

_READERS: Mapping[str, Callable[[str, Origin], ReadFile]] = MappingProxyType(
    {
        ".md": _read_markdown,
        ".markdown": _read_markdown,
        ".html": _read_html,
        ".htm": _read_html,
        ".json": read_json,
        ".ndjson": read_ndjson,
        ".jsonl": read_ndjson,
        ".txt": read_page_dump,
    }
)
SUFFIXES = tuple(_READERS)

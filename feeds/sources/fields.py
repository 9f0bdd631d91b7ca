"""The named fields of a document: the item names of JSON Feed 1.1 and those of front matter.

Every field that is not what it should be is a problem with file and line, and one such problem
refuses the document: half of it could be an embargo that was not understood. Names that nobody
knows are left alone, for pages carry fields for other programs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from feeds.document import Author, Date, Document, Enclosure, Problem, SourceFeed
from feeds.sources.dates import parse_date
from feeds.sources.outcome import Item, Origin, ReadFile

_T = TypeVar("_T")

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_MAILBOX = re.compile(r"(?P<name>[^<>]*)<(?P<email>[^<>\s]+@[^<>\s]+)>")
_WEB_ADDRESS = re.compile(r"\s*https?://\S", re.IGNORECASE)
_SHOWN = 60  # characters of a wrong value that a message repeats

_PUBLISHED = ("date_published", "published", "date")
_UPDATED = ("date_modified", "updated")
_AUTHORS = ("authors", "author")


class _WrongError(Exception):
    """Raised while one value is read; `read_item` makes a problem of it."""


def read_item(item: Item, start: Document, origin: Origin) -> ReadFile:
    """Return `start` with the fields of `item`, or every problem that `item` has.

    A body that `start` has already outranks `content_html` and `content_text`.
    """
    fields = _Fields(item, origin)
    document = replace(
        start,
        place=origin.at(item.line),
        id=fields.read(_identifier, "id"),
        url=fields.read(_text, "url") or start.url,
        title=fields.read(_text, "title") or start.title,
        summary=fields.read(_text, "summary") or start.summary,
        image=fields.read(_text, "image") or fields.read(_text, "banner_image") or start.image,
        published=fields.date(*_PUBLISHED) or start.published,
        updated=fields.date(*_UPDATED) or start.updated,
        authors=fields.read(_authors, *_AUTHORS) or start.authors,
        tags=fields.read(_tags, "tags") or start.tags,
        section=fields.read(_text, "section"),
        language=fields.read(_language, "language") or start.language,
        publication=fields.read(_text, "publication") or start.publication,
        enclosures=fields.read(_attachments, "attachments") or (),
        source_feed=fields.source_feed("source") or start.source_feed,
        withdrawn=fields.read(_flag, "withdrawn") or False,
        minor=fields.read(_flag, "minor") or False,
        resend=fields.read(_flag, "resend") or False,
    )
    html, text = fields.read(_text, "content_html"), fields.read(_text, "content_text")
    if fields.problems:
        return ReadFile(problems=tuple(fields.problems))
    if not (document.html or document.text):
        document = replace(document, html=html, text=text)
    return ReadFile((document,))


def read_authors(item: Item, origin: Origin) -> tuple[tuple[Author, ...], tuple[Problem, ...]]:
    """Return the authors of a whole JSON Feed, and what is wrong with them."""
    fields = _Fields(item, origin)
    return fields.read(_authors, *_AUTHORS) or (), tuple(fields.problems)


def read_text_field(item: Item, key: str, origin: Origin) -> tuple[str, tuple[Problem, ...]]:
    """Return one text of a whole JSON Feed, and what is wrong with it."""
    fields = _Fields(item, origin)
    reader = _language if key == "language" else _text
    return fields.read(reader, key), tuple(fields.problems)


class _Fields:
    """Reads one item field by field and collects what is wrong."""

    def __init__(self, item: Item, origin: Origin) -> None:
        self._item = item
        self._origin = origin
        self.problems: list[Problem] = []

    def read(self, reader: Callable[[object], _T], *names: str) -> _T:
        """Return the value under one of `names`, as `reader` understands it."""
        given = [name for name in names if self._item.values.get(name) is not None]
        if len(given) > 1:
            self._wrong(given[1], f"means the same as {given[0]!r}; keep one of them")
        value = self._item.values[given[0]] if given else None
        try:
            return reader(value)
        except _WrongError as error:
            self._wrong(given[0], str(error))
            return reader(None)

    def date(self, *names: str) -> Date | None:
        """Return a date in the source's time zone."""
        return self.read(self._date, *names)

    def source_feed(self, name: str) -> SourceFeed | None:
        """Return the feed that the item was taken over from."""
        return self.read(self._source_feed, name)

    def _source_feed(self, value: object) -> SourceFeed | None:
        """A text that is no address is some other program's `source`, and left alone."""
        if isinstance(value, str):
            return SourceFeed(url=value) if _WEB_ADDRESS.match(value) else None
        if value is None:
            return None
        if not isinstance(value, dict):
            raise _WrongError(f"expected the address of a feed, not {_kind(value)}")
        url, title, own_id = (_text(value.get(key)) for key in ("url", "title", "id"))
        if not _WEB_ADDRESS.match(url):
            raise _WrongError("the feed that an article was taken from needs its http(s) url")
        updated = self._date(value.get("updated"))
        return SourceFeed(url=url, title=title, id=own_id, updated=updated.at if updated else None)

    def _date(self, value: object) -> Date | None:
        written = _text(value)
        date = parse_date(written, self._origin.defaults.zone)
        if written and date is None:
            raise _WrongError(
                f"{_shown(written)} is no date; write 2026-01-17 or 2026-01-17T08:30:00+01:00"
            )
        return date

    def _wrong(self, name: str, message: str) -> None:
        line = self._item.line_of(name)
        self.problems.append(self._origin.problem(f"{name}: {message}", line))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    raise _WrongError(f"expected text, not {_kind(value)}{_hint(value)}")


def _identifier(value: object) -> str:
    """JSON Feed 1.1: an id that is a number counts as text."""
    return str(value) if isinstance(value, float) else _text(value)


def _flag(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise _WrongError(f"expected true or false, not {_kind(value)}")


def _language(value: object) -> str:
    tag = _text(value).strip()
    if tag and not _LANGUAGE.fullmatch(tag):
        raise _WrongError(f"{_shown(tag)} is no language tag; write en, de-AT or zh-Hant")
    return tag


def _tags(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(filter(None, (tag.strip() for tag in value.split(","))))
    return tuple(map(_text, _list(value, "a list of texts")))


def _authors(value: object) -> tuple[Author, ...]:
    several = value if isinstance(value, list) else [value]
    return tuple(_author(one) for one in several if one is not None)


def _author(value: object) -> Author:
    if isinstance(value, dict):
        name, url, email = (_text(value.get(key)) for key in ("name", "url", "email"))
        return Author(name=name, url=url, email=email)
    written = _text(value)
    match = _MAILBOX.fullmatch(written.strip())
    if match:
        return Author(name=match["name"].strip(' "'), email=match["email"])
    return Author(name=written)


def _attachments(value: object) -> tuple[Enclosure, ...]:
    return tuple(_attachment(one) for one in _list(value, "a list of attachments"))


def _attachment(value: object) -> Enclosure:
    if not isinstance(value, dict) or not value.get("url"):
        raise _WrongError("an attachment needs a url and a mime_type")
    return Enclosure(
        url=_text(value["url"]),
        type=_text(value.get("mime_type")).strip(),
        title=_text(value.get("title")),
        length=_octets(value.get("size_in_bytes")),
        duration=_seconds(value.get("duration_in_seconds")),
    )


def _octets(value: object) -> int | None:
    seconds = _seconds(value)
    if seconds is not None and seconds != int(seconds):
        raise _WrongError("size_in_bytes must be a whole number")
    return None if seconds is None else int(seconds)


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _WrongError(f"an attachment's size and duration are numbers, not {_kind(value)}")
    if not 0 <= value < 2**53:  # what JSON can carry exactly (RFC 8259, 6); NaN is neither
        raise _WrongError("an attachment's size and duration must not be negative or endless")
    return value


def _list(value: object, wanted: str) -> Sequence[object]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _WrongError(f"expected {wanted}, not {_kind(value)}")
    return value


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text {_shown(value)}"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "a mapping"


def _hint(value: object) -> str:
    return "; put it in quotes" if isinstance(value, bool | int | float) else ""


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")

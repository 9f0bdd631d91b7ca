"""What a source read, before anybody judged it: raw fields, and where they stand.

A Document may hold anything a file can hold; only `article.from_document` makes it an Article.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file, for messages: path as the user knows it, line and column from 1."""

    path: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """Return `path:line:column` with what is known."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the input that was refused, and why; the rest goes on."""

    place: Place
    message: str

    def __str__(self) -> str:
        """Return the line that a user reads."""
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A person or desk: JSON Feed 1.1 `authors`, Atom person construct (RFC 4287, 3.2)."""

    name: str = ""
    url: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that belongs to an article; `length` in octets, `duration` in seconds, if known."""

    url: str
    type: str = ""
    length: int | None = None
    title: str = ""
    duration: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFeed:
    """The feed that an article was taken over from: RSS `source`, Atom `source` (RFC 4287, 4.2.11).

    `url` is the address of that feed, `id` its own identity and `updated` the aware instant it
    last changed, if known.
    """

    url: str
    title: str = ""
    id: str = ""
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Date:
    """A date as a document gave it: an aware instant; `day_only` when no time of day was said.

    A day without a time is stored as midnight UTC and must be shown as that day in every zone;
    `begins` says when it begins where the document comes from, for nothing is out before.
    """

    at: datetime
    day_only: bool = False
    begins: datetime | None = field(default=None, compare=False)

    @property
    def due(self) -> datetime:
        """When what has this date may be out."""
        return self.begins or self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One article as a source read it.

    `path` is relative to the folder of a *named* source, in POSIX form with an optional
    `#fragment` for a part of the file; empty for anything that stands outside of one.
    Exactly the parts that were there are set; nothing is invented here.
    """

    source: str
    place: Place
    path: str = ""
    id: str = ""
    url: str = ""
    base: str = ""
    title: str = ""
    html: str = ""
    text: str = ""
    summary: str = ""
    image: str = ""
    published: Date | None = None
    updated: Date | None = None
    authors: Sequence[Author] = ()
    tags: Sequence[str] = ()
    section: str = ""
    language: str = ""
    publication: str = ""
    enclosures: Sequence[Enclosure] = ()
    source_feed: SourceFeed | None = None
    excerpt: bool = False
    position: int = 0
    withdrawn: bool = False
    minor: bool = False
    resend: bool = False

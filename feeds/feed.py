"""A feed as declared, and a feed as rendered. Pure values; standard library only."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from feeds.kit.text import digest
from feeds.query import Query


class Format(enum.StrEnum):
    """The formats a feed is offered in; the value is the ending of its address."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "json"

    @property
    def media_type(self) -> str:
        """The media type without parameters (RFC 4287 for Atom; JSON Feed 1.1)."""
        return {
            Format.RSS: "application/rss+xml",
            Format.ATOM: "application/atom+xml",
            Format.JSON: "application/feed+json",
        }[self]

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        return f"{self.media_type}; charset=utf-8"


class Body(enum.StrEnum):
    """How much of an article a feed carries."""

    FULL = "full"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The publication: what every feed and every message says about where it comes from.

    `url` is the public address without a trailing slash; `timezone` an IANA name.
    """

    name: str
    url: str
    language: str = "en"
    timezone: str = "UTC"
    description: str = ""

    def article_url(self, article_id: str) -> str:
        """The page on our site for an article that has no address of its own."""
        return f"{self.url}/articles/{article_id}"

    def feed_url(self, name: str, form: Format, archive: str = "") -> str:
        """The public address of a feed, or of one of its archive documents."""
        return f"{self.url}/feeds/{quote(document_path(name, form, archive))}"


def document_path(name: str, form: Format, archive: str = "") -> str:
    """Return where a feed, or one of its archive documents, stands below `/feeds/`."""
    return f"{name}/{archive}.{form}" if archive else f"{name}.{form}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Where a document stands among those of its feed (RFC 5005, section 4).

    `archive` is the name of an archive document, empty for the live feed; `previous` names the
    archive that is next older; `hubs` are where changes are pushed. There is no link to the next
    newer archive: it would change a document none of whose articles has changed.
    """

    archive: str = ""
    previous: str = ""
    hubs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """A declared selection of articles.

    `items` is the length of the live feed and of each archive; `was` are its earlier names. A
    feed that does not stand below `/feeds/` has its `address` below the site's, without ending.
    `page` is that of the same things for people, below the site's address too; empty for the site.
    Lists of feeds have it under the heading `group`, if that is not empty.
    """

    name: str
    title: str
    select: Query = field(default_factory=Query)
    description: str = ""
    language: str = ""
    items: int = 50
    body: Body = Body.FULL
    was: tuple[str, ...] = ()
    address: str = ""
    page: str = ""
    group: str = field(default="", repr=False)  # not what is rendered: see rendering_key

    @property
    def selection_key(self) -> str:
        """Another one means that the members of the feed must be chosen anew."""
        return _selection_key(self.select)

    def archive_name(self, number: int) -> str:
        """The name of the archive document `number` (from 1); another selection, other names."""
        return f"{self.selection_key[:10]}-{number}"


@lru_cache(maxsize=8192)
def _selection_key(query: Query) -> str:
    return digest(query.canonical)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """The bytes of one feed in one format.

    `etag` is the weak validator without quotes, derived from the bytes; `modified` the last real
    change of this feed in whole seconds; `left_out` names entries that could not be rendered.
    """

    feed: str
    format: Format
    body: bytes
    etag: str
    modified: datetime
    left_out: tuple[str, ...] = ()

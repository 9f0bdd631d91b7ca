"""The article: what a source gave us, cleaned, with an identity that is minted once.

Pure; standard library only. Refuses to be born invalid (`InvalidArticle`) and to invent: a date
that is not known stays unknown.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache

from feeds.document import Author, Date, Enclosure, SourceFeed
from feeds.errors import InvalidArticle
from feeds.identifiers import is_identifier
from feeds.kit import text as texts

SUMMARY_LIMIT = 280  # characters of a summary that is made from the text
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before that a date in a feed is taken for a mistake
TEASER_OPENING = 32  # letters and digits by which a teaser's article is looked up

_NAMESPACE = uuid.UUID("6f2d3a86-9d0e-5a3c-8a51-0b6c1f6f7a11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What a source gave us, fit to be published.

    `id` is our own (uuid5 of source and key) and never changes; `iri` is what feeds publish:
    the document's own id where that is a canonical URI, else `urn:uuid:` and `id`.
    `html` is sanitised and absolute, `text` its plain words, paragraphs parted by empty lines.
    """

    source: str
    key: str
    title: str
    html: str
    text: str
    id: str = ""
    own_iri: str = ""
    url: str = ""
    title_made: bool = False
    summary: str = ""
    image: str = ""
    published: Date | None = None
    updated: Date | None = None
    authors: tuple[Author, ...] = ()
    tags: tuple[str, ...] = ()
    section: str = ""
    language: str = ""
    publication: str = ""
    enclosures: tuple[Enclosure, ...] = ()
    source_feed: SourceFeed | None = None
    excerpt: bool = False
    position: int = 0
    origin: str = ""
    withdrawn: bool = False
    minor: bool = False
    resend: bool = False
    fingerprint: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Mint id and fingerprint where they are not given; refuse what cannot be published."""
        if not (self.source and self.key):
            raise InvalidArticle("an article needs a source and a key")
        if not self.title:
            raise InvalidArticle("an article needs a title or text to make one from")
        for date in (self.published, self.updated):
            if date is not None and date.at.tzinfo is None:
                raise InvalidArticle("a date needs a time zone")
        if not self.id:
            object.__setattr__(self, "id", mint_id(self.source, self.key))
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", _fingerprint(self))

    @property
    def iri(self) -> str:
        """The id that feeds publish; an absolute URI (RFC 4287, 4.2.6)."""
        return self.own_iri if is_identifier(self.own_iri) else f"urn:uuid:{self.id}"

    @property
    def normalised(self) -> str:
        """Title, summary and text for word matching, a line each; see `kit.text.normalise`."""
        return _normalised(self.title, self.summary, self.text)

    @property
    def opening(self) -> str:
        """The first letters and digits of the text, by which a teaser finds its article."""
        return opening(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An article as the store knows it: the words, and what the ledger recorded about them.

    `arrival` and `change` are positions in commit order; an article that is not visible yet has
    no arrival. `revised` is the change by which it last arrived or changed other than by a minor
    edit, `revised_at` when its words last did.
    """

    article: Article
    revision: int
    arrival: int | None
    arrived_at: datetime | None
    change: int
    changed_at: datetime
    revised: int
    revised_at: datetime
    withdrawn_at: datetime | None = None

    @property
    def sort_key(self) -> tuple[float, int, int]:
        """Newest date first, then page position, then the later arrival first."""
        date = self.article.published.at if self.article.published else self.arrived_at
        stamp = date.timestamp() if date else 0.0
        return (-stamp, self.article.position, -(self.arrival or 0))

    @property
    def came(self) -> datetime:
        """When its words last came to us, by our clock."""
        return max(self.revised_at, self.arrived_at or self.revised_at)

    def plausible(self, at: datetime | None) -> datetime | None:
        """Return `at` if feeds can say it: no date of long ago, nor one of after the words came.

        Readers put a date that is yet to come before all others, or hide the entry until then,
        and validators warn of both. Pages show such dates as they are.
        """
        return at if at is not None and EARLIEST <= at <= self.came else None

    @property
    def published(self) -> Date | None:
        """The date of the article if feeds can say it."""
        date = self.article.published
        return date if date is not None and self.plausible(date.at) else None

    @property
    def updated(self) -> datetime:
        """When the entry last changed in a way a reader should notice (RFC 4287, 4.2.15).

        What a document says of later than when it came is a clock that is wrong: believed, no
        edit before then would move the date.
        """
        article = self.article
        candidates = [self.published.at] if self.published else []
        if article.updated and self.plausible(min(article.updated.at, self.came)):
            candidates.append(min(article.updated.at, self.came))
        if self.revision > 1 or not candidates:
            candidates.append(self.revised_at)
        return max(candidates)


def mint_id(source: str, key: str) -> str:
    """Return the article id for `key` within `source`: a uuid5, the same in every store."""
    return str(uuid.uuid5(_NAMESPACE, f"{len(source)}:{source}:{key}"))


@lru_cache(maxsize=64)
def opening(text: str) -> str:
    """Return the first letters and digits of `text`, casefolded, or "" if there are too few."""
    letters = texts.normalise(text[:400]).replace(" ", "")
    return letters[:TEASER_OPENING] if len(letters) >= TEASER_OPENING else ""


def begins_like(full: str, teaser: str) -> bool:
    """Tell whether the text `full` begins as `teaser` does; its last word may be cut off."""
    wanted = texts.normalise(teaser).split()
    if wanted and not teaser.rstrip().endswith((".", "!", "?", "…")):
        wanted.pop()
    head = texts.normalise(full[: 2 * len(teaser) + 80]).split()[: len(wanted)]
    if len(head) < len(wanted) or not wanted:
        return False
    differing = sum(a != b for a, b in zip(head, wanted, strict=True))
    return differing * 10 <= len(wanted)


def succeed(known: Article, incoming: Article) -> Article:
    """Return `incoming` under the identity of `known`, keeping what only that one knew.

    The id that feeds have published stays. So does the fingerprint of `incoming`: the same
    document again is no change.
    """
    return replace(
        incoming,
        id=known.id,
        own_iri=known.own_iri,
        published=incoming.published or known.published,
        publication=incoming.publication or known.publication,
    )


@lru_cache(maxsize=64)
def _normalised(*parts: str) -> str:
    """Cached, for a thousand feeds look at the same article one after the other."""
    return "\n".join(map(texts.normalise, parts))


def _fingerprint(article: Article) -> str:
    """Everything that makes another revision; not the position on a page, nor the file.

    Nor when the feed it was taken from last changed: that one changes with every other article.
    """
    source = replace(article.source_feed, updated=None) if article.source_feed else None
    both = (article.published, article.updated)
    dates = [f"{date.at.isoformat()}{date.day_only}" if date else "" for date in both]
    lists = [repr(article.authors), repr(article.tags), repr(article.enclosures), repr(source)]
    flags = repr((article.excerpt, article.withdrawn)) + ("again" if article.resend else "")
    words = [article.title, article.html, article.text, article.summary, article.image]
    labels = [article.url, article.own_iri, article.section, article.language, article.publication]
    return texts.digest(*words, *labels, *dates, *lists, flags)

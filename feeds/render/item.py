"""What a feed says, before any format: the three formats agree because they all write this.

Pure. Dates are in UTC and whole seconds, addresses are URIs. Refuses an
entry that cannot be said (any exception): the caller leaves it out.
"""

from __future__ import annotations

import html
import math
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit, urlunsplit

from feeds.article import SUMMARY_LIMIT, Article, Entry
from feeds.document import Author, Enclosure, SourceFeed
from feeds.feed import Body, Chain, FeedSpec, Format, Site
from feeds.kit.language import direction
from feeds.kit.text import one_line, shorten
from feeds.render.mediatypes import media_type

GENERATOR = "Paperround"  # without a version: an upgrade alone changes no feed

_URI = re.compile(
    r"https?://[\w.-]+(?::[0-9]+)?(?:[/?#](?:[\w/:?@!$&'()*+,;=.~-]|%[0-9A-Fa-f]{2})*+)?\Z",
    re.ASCII,
)
_BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_EMAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\".]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A document as a whole; `links` are its own addresses by format.

    `related` are the documents that belong to it: the relation (RFC 5005, section 4; WebSub) and
    the addresses by format.
    """

    id: str
    title: str
    home: str
    links: dict[Format, str]
    language: str
    updated: datetime
    publisher: str
    description: str = ""
    related: tuple[tuple[str, dict[Format, str]], ...] = ()
    is_archive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry. `html` is empty where the feed carries summaries only, and `summary` where it
    would only repeat the content; one of the two is there. `language` is empty where it is that
    of the feed. Every author has a name, every enclosure a type, the source all of its fields.
    No two items of a document have one `updated`: the fraction of its second is the arrival.
    """

    id: str
    link: str
    title: str
    updated: datetime
    published: datetime | None
    summary: str
    html: str
    authors: tuple[Author, ...]
    tags: tuple[str, ...]
    enclosures: tuple[Enclosure, ...]
    image: str
    language: str
    source: SourceFeed | None


def channel_of(spec: FeedSpec, site: Site, updated: datetime, chain: Chain) -> Channel:
    """Return what a document of `spec` says of itself; the site's name is part of its title."""
    name, title = _shown(one_line(site.name)), _shown(one_line(spec.title))
    if name.casefold() not in title.casefold():
        title = f"{name}: {title}" if title else name
    return Channel(
        id=uuid.uuid5(uuid.NAMESPACE_URL, f"{site.url}/feeds/{spec.name}").urn,
        title=title or spec.name,
        home=to_uri(f"{site.url}/{spec.page}" if spec.page else site.url),
        links=_addresses(spec, site, chain.archive),
        language=spec.language or site.language,
        updated=whole_seconds(updated),
        publisher=name or title or spec.name,
        description=_shown(one_line(spec.description or site.description)),
        related=tuple(_related(spec, site, chain)),
        is_archive=bool(chain.archive),
    )


def item_of(entry: Entry, spec: FeedSpec, site: Site) -> Item:
    """Return what the feed `spec` says of `entry`."""
    article = entry.article
    title = _shown(article.title)
    link = to_uri(article.url or site.article_url(article.id))
    language = article.language or spec.language or site.language
    summary = _summary(article)
    content = "" if spec.body is Body.SUMMARY else _content(article, summary, link, title)
    if content and not article.summary and _says_all(summary, article):
        summary = ""
    source = _source(entry, site)
    return Item(
        id=article.iri,
        link=link,
        title=title,
        updated=_updated(entry),
        published=whole_seconds(article.published.at) if article.published else None,
        summary=_shown(summary) if content else _shown(summary) or title,
        html=_shown(_directed(content, language)),
        authors=tuple(_authors(article, site, source)),
        tags=tuple(_shown(tag) for tag in article.tags),
        enclosures=tuple(_attached(enclosure) for enclosure in article.enclosures),
        image=to_uri(article.image) if article.image else "",
        language=article.language if article.language != (spec.language or site.language) else "",
        source=source,
    )


def _addresses(spec: FeedSpec, site: Site, archive: str = "") -> dict[Format, str]:
    if spec.address:
        return {form: to_uri(f"{site.url}/{spec.address}.{form}") for form in Format}
    return {form: to_uri(site.feed_url(spec.name, form, archive)) for form in Format}


def _related(spec: FeedSpec, site: Site, chain: Chain) -> Iterator[tuple[str, dict[Format, str]]]:
    for hub in chain.hubs:
        yield "hub", dict.fromkeys(Format, to_uri(hub))
    if chain.previous:
        yield "prev-archive", _addresses(spec, site, chain.previous)
    if chain.archive:
        yield "current", _addresses(spec, site)


def whole_seconds(at: datetime) -> datetime:
    """Return `at` in UTC without its fraction of a second; raises ValueError without a zone."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC).replace(microsecond=0)


def _updated(entry: Entry) -> datetime:
    """Return when the entry was updated, told apart from others of that second.

    Validators warn of two entries with one `updated`, and a page of news has one date for all.
    """
    fraction = timedelta(microseconds=(entry.arrival or 0) % 1_000_000)
    return whole_seconds(entry.updated) + fraction


def to_uri(iri: str) -> str:
    """Return `iri` as a URI (RFC 3987, 3.1), the host in its ASCII form, for readers need that.

    Raises ValueError for an address that is none.
    """
    if _URI.match(iri):
        return iri
    parts = urlsplit(iri)
    host = parts.netloc
    if not host.isascii():
        user, at, name = host.rpartition("@")
        name, colon, port = name.partition(":")
        host = f"{quote(user)}{at}{name.encode('idna').decode()}{colon}{port}"
    plain = (_BARE_PERCENT.sub("%25", part) for part in parts[2:])
    rest = (quote(part, safe="%/:?@!$&'()*+,;=-._~") for part in plain)
    return urlunsplit((parts.scheme, host, *rest))


def _summary(article: Article) -> str:
    """The summary that was given, else the beginning of the text; a teaser ends as it ended."""
    if article.summary or article.excerpt:
        return _folded(article.summary or article.text)
    head = _folded(article.text[: 4 * SUMMARY_LIMIT])
    return shorten(head if len(head) > SUMMARY_LIMIT else _folded(article.text), SUMMARY_LIMIT)


def _folded(text: str) -> str:
    """Return what is clean already on one line; `one_line` would clean it once more."""
    return " ".join(text.split())


def _says_all(summary: str, article: Article) -> bool:
    uncut = not summary.endswith("…") or len(article.text) <= SUMMARY_LIMIT
    return article.excerpt or uncut


def _content(article: Article, summary: str, link: str, title: str) -> str:
    """The content; of an article that is only a title and an address, that."""
    if article.html:
        return article.html
    words = article.text or summary
    if words:
        return "".join(f"<p>{_escape(part)}</p>" for part in words.split("\n\n"))
    return f'<p><a href="{html.escape(link)}">{_escape(title)}</a></p>'


def _directed(content: str, language: str) -> str:
    """Say in the content itself that it runs from right to left: many readers look only there."""
    if not content or direction(language) == "ltr":
        return content
    return f'<div dir="rtl">{content}</div>'


def _source(entry: Entry, site: Site) -> SourceFeed | None:
    """Return the feed that the entry was taken over from, unless that is one of our own.

    What validators ask of an Atom source and nobody knows is filled in: its address for its id,
    the name of the publication or host for its title, the entry's date for its own.
    """
    given = entry.article.source_feed
    if given is None or f"{given.url}/".casefold().startswith(f"{site.url}/".casefold()):
        return None
    url = to_uri(given.url)
    parts = urlsplit(url)
    canonical = urlunsplit(parts._replace(netloc=parts.netloc.lower(), path=parts.path or "/"))
    return SourceFeed(
        url=url,
        title=_shown(given.title or entry.article.publication or parts.netloc),
        id=given.id or canonical,
        updated=whole_seconds(given.updated or entry.updated),
    )


def _authors(article: Article, site: Site, source: SourceFeed | None) -> list[Author]:
    """The authors, each with a name; else the publication or feed it was taken from, if not ours.

    Of an address, also one in place of a name, the part before the "@" is name enough.
    """
    found = []
    for author in article.authors:
        given = author.name or author.email
        name = _shown((given.partition("@")[0] if _EMAIL.match(given) else given) or author.url)
        email = author.email if _EMAIL.match(author.email) else ""
        found.append(Author(name=name, email=email, url=to_uri(author.url) if author.url else ""))
    taken_from = article.publication or (source.title if source else "")
    if not found and taken_from and taken_from != site.name:
        found.append(Author(name=_shown(taken_from)))
    return found


def _attached(enclosure: Enclosure) -> Enclosure:
    length, duration = enclosure.length, enclosure.duration
    known = duration is not None and math.isfinite(duration) and duration > 0
    return replace(
        enclosure,
        url=_with_path(to_uri(enclosure.url)),
        type=media_type(enclosure.url, enclosure.type),
        length=length if length is not None and length > 0 else None,
        title=_shown(enclosure.title),
        duration=duration if known else None,
    )


def _with_path(url: str) -> str:
    """The same address with the path that an empty one means (RFC 3986, 6.2.3)."""
    parts = urlsplit(url)
    return url if parts.path else urlunsplit(parts._replace(path="/"))


def _shown(text: str) -> str:
    """Articles are clean at birth; only the replacement character is a mistake to validators."""
    return text.replace("\ufffd", "?")


def _escape(text: str) -> str:
    return html.escape(text, quote=False)

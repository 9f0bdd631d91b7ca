"""What a feed says, before any format: the three formats agree because they all write this.

Pure. Dates are in UTC and whole seconds, addresses are URIs. Refuses an
entry that cannot be said (any exception): the caller leaves it out.
"""

from __future__ import annotations

import html as markup
import math
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from feeds.article import EARLIEST, SUMMARY_LIMIT, Article, Entry
from feeds.document import Author, Enclosure, SourceFeed
from feeds.feed import Body, Chain, FeedSpec, Format, Site
from feeds.identifiers import is_identifier
from feeds.kit.iso639 import UNDETERMINED, known_language
from feeds.kit.language import direction
from feeds.kit.text import one_line, shorten
from feeds.render import unmistakable
from feeds.render.addresses import fits_rss_enclosure, link_of, sayable, to_uri, with_path
from feeds.render.mediatypes import media_type
from feeds.render.players import adapted, joined, link_to

GENERATOR = "Paperround"  # without a version: an upgrade alone changes no feed

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
    name, title = (unmistakable.title(one_line(text)) for text in (site.name, spec.title))
    if name.casefold() not in title.casefold():
        title = f"{name}: {title}" if title else name
    return Channel(
        id=uuid.uuid5(uuid.NAMESPACE_URL, f"{site.url}/feeds/{spec.name}").urn,
        title=title or spec.name,
        home=to_uri(f"{site.url}/{spec.page}" if spec.page else site.url),
        links=_addresses(spec, site, chain.archive),
        language=_language_of(spec, site),
        updated=max(whole_seconds(updated), EARLIEST),  # of a store that never had an article
        publisher=name or title or spec.name,
        description=unmistakable.title(one_line(spec.description or site.description)),
        related=tuple(_related(spec, site, chain)),
        is_archive=bool(chain.archive),
    )


def item_of(entry: Entry, spec: FeedSpec, site: Site) -> Item:
    """Return what the feed `spec` says of `entry`."""
    article = entry.article
    title = unmistakable.title(article.title)
    link = link_of(article, site)
    language = known_language(article.language)
    summary = _summary(article)
    played = adapted(article.html)
    content = "" if spec.body is Body.SUMMARY else _content(article, played.html, summary, link)
    if content and not article.summary and _says_all(summary, article):
        summary = ""
    source = _source(entry, site)
    published = entry.published
    return Item(
        id=article.iri,
        link=link,
        title=title,
        updated=_updated(entry),
        published=whole_seconds(published.at) if published else None,
        summary=unmistakable.plain(summary) if content else unmistakable.plain(summary) or title,
        html=unmistakable.markup(_marked(content, article, spec, site)),
        authors=tuple(_authors(article, site, source)),
        tags=tuple(map(unmistakable.title, article.tags)),
        enclosures=_enclosures(article, played.media),
        image=sayable(article.image),
        language=language if language != _language_of(spec, site) else "",
        source=source,
    )


def _language_of(spec: FeedSpec, site: Site) -> str:
    return known_language(spec.language or site.language) or UNDETERMINED


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


def _content(article: Article, html: str, summary: str, link: str) -> str:
    """The content; of an article that is only a title and an address, that.

    A file that no enclosure can name has a link at the end.
    """
    words = article.text or summary
    if not html and words:
        html = "".join(f"<p>{_escape(part)}</p>" for part in words.split("\n\n"))
    if not html:
        html = f'<p><a href="{markup.escape(link)}">{_escape(article.title)}</a></p>'
    unnamed = (one for one in article.enclosures if not sayable(one.url))
    return html + "".join(f"<p>{link_to(one)}</p>" for one in unnamed)


def _marked(content: str, article: Article, spec: FeedSpec, site: Site) -> str:
    """Say in the content itself what many readers look for only there, or nobody can say elsewhere.

    That is that it runs from right to left, and a language whose name is too young for feeds.
    """
    language = article.language or spec.language or site.language
    young = bool(article.language) and known_language(article.language) == UNDETERMINED
    lang = f' lang="{article.language}"' if young else ""
    dir_ = ' dir="rtl"' if direction(language) == "rtl" else ""
    return f"<div{lang}{dir_}>{content}</div>" if content and (lang or dir_) else content


def _source(entry: Entry, site: Site) -> SourceFeed | None:
    """Return the feed that the entry was taken over from, unless that is one of our own.

    What validators ask of an Atom source and nobody knows is filled in: its address for its id,
    the name of the publication or host for its title, the entry's date for its own.
    """
    given = entry.article.source_feed
    if given is None or f"{given.url}/".casefold().startswith(f"{site.url}/".casefold()):
        return None
    url = sayable(given.url)
    if not url:
        return None
    parts = urlsplit(url)
    canonical = urlunsplit(parts._replace(netloc=parts.netloc.lower(), path=parts.path or "/"))
    ids = (id_ for id_ in (given.id, canonical) if is_identifier(id_))
    return SourceFeed(
        url=url,
        title=unmistakable.title(given.title or entry.article.publication or parts.netloc),
        id=next(ids, uuid.uuid5(uuid.NAMESPACE_URL, url).urn),
        updated=whole_seconds(entry.plausible(given.updated) or entry.updated),
    )


def _authors(article: Article, site: Site, source: SourceFeed | None) -> list[Author]:
    """The authors, each with a name; else the publication or feed it was taken from, if not ours.

    Of an address, also one in place of a name, the part before the "@" is name enough.
    """
    found = []
    for author in article.authors:
        given = author.name or author.email
        name = (given.partition("@")[0] if _EMAIL.match(given) else given) or author.url
        email = author.email if _EMAIL.match(author.email) else ""
        found.append(Author(name=unmistakable.title(name), email=email, url=sayable(author.url)))
    taken_from = article.publication or (source.title if source else "")
    if not found and taken_from and taken_from != site.name:
        found.append(Author(name=unmistakable.title(taken_from)))
    return found


def _enclosures(article: Article, media: Sequence[Enclosure]) -> tuple[Enclosure, ...]:
    """The files that feeds can name, those of the content last; first one that RSS can enclose."""
    files = joined(*(map(_attached, some) for some in (article.enclosures, media)))
    named = [file for file in files if file.url]
    first = next((file for file in named if fits_rss_enclosure(file.url)), None)
    return (first, *(file for file in named if file is not first)) if first else tuple(named)


def _attached(enclosure: Enclosure) -> Enclosure:
    """Return the enclosure as feeds name it; without address if they cannot."""
    url = sayable(enclosure.url)
    length, duration = enclosure.length, enclosure.duration
    known = duration is not None and math.isfinite(duration) and duration > 0
    return replace(
        enclosure,
        url=with_path(url) if url else "",
        type=media_type(enclosure.url, enclosure.type),
        length=length if length is not None and length > 0 else None,
        title=unmistakable.title(enclosure.title),
        duration=duration if known else None,
    )


def _escape(text: str) -> str:
    return markup.escape(text, quote=False)

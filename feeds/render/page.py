"""Pages for people: an article without an address of its own, a feed, the list of feeds.

HTML bytes, the same for the same input. No outside style or script, no form: a strict content
security policy in the page says so, with the hash of the one style sheet, and on the page of a feed
that of a script which only copies an address. Refuses nothing; the content of an article is trusted
to be sanitised already, all other text is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from feeds.article import Article, Entry
from feeds.document import Date, Enclosure
from feeds.feed import FeedSpec, Format, Site
from feeds.kit.language import direction, direction_of, same_language
from feeds.kit.templates import Templates
from feeds.kit.text import one_line, shorten
from feeds.render.item import to_uri

BRIEF = 280  # characters of a summary in a list
LATEST = 20  # articles on the page of a feed
OPML_TYPE = "text/x-opml"

_FOLDER = Path(__file__).parent / "templates"
_CHROME = "en"  # the language of the page's own words
_NAMES = {Format.RSS: "RSS", Format.ATOM: "Atom", Format.JSON: "JSON Feed"}

# Readers, by the addresses at which they let people subscribe to a feed, and whether they read
# JSON Feed as well.
_READERS = (
    ("Feedly", "https://feedly.com/i/subscription/feed/{}", False),
    ("Inoreader", "https://www.inoreader.com/?add_feed={}", True),
    ("NewsBlur", "https://www.newsblur.com/?url={}", True),
    ("Feedbin", "https://feedbin.com/?subscribe={}", True),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url={}", False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """An article as the pages show it; `day` is an ISO date, "" where none is known."""

    title: str
    url: str
    original: str
    lang: str
    dir: str
    authors: str
    publication: str
    section: str
    day: str
    summary: str
    html: str
    paragraphs: tuple[str, ...]
    image: str
    enclosures: tuple[Enclosure, ...]


@dataclass(frozen=True, slots=True)
class _Link:
    label: str
    url: str
    media_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A feed with its addresses, one for each format."""

    title: str
    description: str
    lang: str
    dir: str
    links: tuple[_Link, ...]


def article_page(entry: Entry, site: Site) -> bytes:
    """Return the page of one article: UTF-8 HTML, `lang` and `dir` those of the article."""
    shown = _shown(entry, site)
    return _page("article.html", site, lang=shown.lang or site.language, article=shown)


def landing_page(site: Site, feeds: Sequence[FeedSpec]) -> bytes:
    """Return the page that lists all `feeds` in all formats, with autodiscovery links."""
    listed = [_listed(feed, site) for feed in feeds]
    opml = _Link("OPML", f"{site.url}/feeds.opml", OPML_TYPE)
    return _page("landing.html", site, lang=site.language, feeds=listed, opml=opml)


def feed_page(spec: FeedSpec, site: Site, form: Format, entries: Iterable[Entry]) -> bytes:
    """Return what a person sees at the address of a feed: what it is, and what is in it.

    Needs no script; with one, a button copies the address. The newest `entries` are listed.
    """
    newest = sorted(entries, key=lambda entry: entry.sort_key)[:LATEST]
    listed = _listed(spec, site)
    this = listed.links[list(Format).index(form)]
    return _page(
        "feed.html",
        site,
        lang=listed.lang or site.language,
        scripts=(_file("copy.js"),),
        feed=listed,
        this=this,
        others=[link for link in listed.links if link is not this],
        readers=_readers(this.url, form),
        articles=[_shown(entry, site) for entry in newest],
    )


def list_page(title: str, entries: Sequence[Entry], site: Site) -> bytes:
    """Return a page of `entries` in the given order: where "and 7 more" leads."""
    articles = [_shown(entry, site) for entry in entries]
    return _page("list.html", site, lang=site.language, title=one_line(title), articles=articles)


def _page(
    name: str, site: Site, *, lang: str, scripts: tuple[str, ...] = (), **values: object
) -> bytes:
    style = _file("page.css")
    html = _templates().render(
        name,
        site=site,
        lang=lang,
        dir=direction(lang),
        site_dir=direction(site.language),
        chrome=_CHROME,
        style=style,
        script="".join(scripts),
        policy=_policy(style, scripts),
        **values,
    )
    return html.encode()


@lru_cache(maxsize=1)
def _templates() -> Templates:
    return Templates(_FOLDER)


@lru_cache(maxsize=8)
def _file(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@lru_cache(maxsize=8)
def _policy(style: str, scripts: tuple[str, ...]) -> str:
    """Return the policy that admits these and nothing else but media (CSP 3)."""
    rules = [
        "default-src 'none'",
        f"style-src {_hash(style)}",
        "img-src http: https:",
        "media-src http: https:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    if scripts:
        rules.append(f"script-src {' '.join(map(_hash, scripts))}")
    return "; ".join(rules)


def _hash(source: str) -> str:
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _listed(feed: FeedSpec, site: Site) -> _Listed:
    return _Listed(
        title=feed.title,
        description=feed.description,
        lang=feed.language,
        dir=direction_of(feed.title) or direction(feed.language or site.language),
        links=tuple(
            _Link(_NAMES[form], to_uri(site.feed_url(feed.name, form)), form.media_type)
            for form in Format
        ),
    )


def _readers(url: str, form: Format) -> list[_Link]:
    """Return the links that open a reader with the feed: first whatever this machine has."""
    web = [
        _Link(name, address.format(quote(url, safe="")))
        for name, address, reads_json in _READERS
        if reads_json or form is not Format.JSON
    ]
    return [_Link("An app on this device", f"feed:{url}"), *web]


def _shown(entry: Entry, site: Site) -> _Shown:
    article = entry.article
    names = (one_line(author.name) for author in article.authors)
    return _Shown(
        title=one_line(article.title),
        url=article.url or site.article_url(article.id),
        original=article.url,
        lang=article.language,
        dir=_direction(article, site),
        authors=", ".join(name for name in names if name),
        publication="" if article.publication == site.name else article.publication,
        section=article.section,
        day=_day(article.published, site),
        summary=shorten(one_line(article.summary or article.text[: 8 * BRIEF]), BRIEF),
        html=article.html,
        paragraphs=_paragraphs(article),
        image="" if escape(article.image) in article.html else article.image,
        enclosures=article.enclosures,
    )


def _direction(article: Article, site: Site) -> str:
    if article.language and not same_language(article.language, site.language):
        return direction(article.language)
    return direction_of(article.title) or direction(site.language)


def _day(date: Date | None, site: Site) -> str:
    """Return the day in the zone of the site; one without a time is that day everywhere."""
    if date is None:
        return ""
    return _local(date.at, "UTC" if date.day_only else site.timezone).date().isoformat()


def _local(at: datetime, zone: str) -> datetime:
    try:
        return at.astimezone(ZoneInfo(zone))
    except OverflowError:  # the first or last day that there is
        return at.replace(tzinfo=UTC)


def _paragraphs(article: Article) -> tuple[str, ...]:
    parts = (one_line(part) for part in (article.text or article.summary).split("\n\n"))
    return tuple(part for part in parts if part)

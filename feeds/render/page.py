"""Pages for people: an article without an address of its own, the list of feeds, other lists.

HTML bytes, the same for the same input. No script, no outside style, no form: a strict content
security policy in the page says so, with the hash of the one style sheet. Refuses nothing; the
content of an article is trusted to be sanitised already, all other text is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from feeds.article import Article, Entry
from feeds.document import Date, Enclosure
from feeds.feed import FeedSpec, Format, Site
from feeds.kit.language import direction, direction_of, same_language
from feeds.kit.templates import Templates
from feeds.kit.text import one_line, shorten

BRIEF = 280  # characters of a summary in a list

_FOLDER = Path(__file__).parent / "templates"
_CHROME = "en"  # the language of the page's own words
_NAMES = {Format.RSS: "RSS", Format.ATOM: "Atom", Format.JSON: "JSON Feed"}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    label: str
    url: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A feed with its addresses, one for each format."""

    title: str
    description: str
    lang: str
    links: tuple[_Link, ...]


def article_page(entry: Entry, site: Site) -> bytes:
    """Return the page of one article: UTF-8 HTML, `lang` and `dir` those of the article."""
    shown = _shown(entry, site)
    return _page("article.html", site, lang=shown.lang or site.language, article=shown)


def landing_page(site: Site, feeds: Sequence[FeedSpec]) -> bytes:
    """Return the page that lists all `feeds` in all formats, with autodiscovery links."""
    listed = [
        _Listed(
            title=feed.title,
            description=feed.description,
            lang=feed.language,
            links=tuple(
                _Link(
                    label=_NAMES[form],
                    url=site.feed_url(feed.name, form),
                    media_type=form.media_type,
                )
                for form in Format
            ),
        )
        for feed in feeds
    ]
    return _page("landing.html", site, lang=site.language, feeds=listed)


def list_page(title: str, entries: Sequence[Entry], site: Site) -> bytes:
    """Return a page of `entries` in the given order: where "and 7 more" leads."""
    articles = [_shown(entry, site) for entry in entries]
    return _page("list.html", site, lang=site.language, title=one_line(title), articles=articles)


def _page(name: str, site: Site, *, lang: str, **values: object) -> bytes:
    style, policy = _style()
    html = _templates().render(
        name,
        site=site,
        lang=lang,
        dir=direction(lang),
        site_dir=direction(site.language),
        chrome=_CHROME,
        style=style,
        policy=policy,
        **values,
    )
    return html.encode()


@lru_cache(maxsize=1)
def _templates() -> Templates:
    return Templates(_FOLDER)


@lru_cache(maxsize=1)
def _style() -> tuple[str, str]:
    """Return the style sheet and the policy that admits it and nothing else but media (CSP 3)."""
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rules = (
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src http: https:",
        "media-src http: https:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return style, "; ".join(rules)


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

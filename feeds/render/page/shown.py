"""An article as pages show it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from html import escape

from feeds.article import Article, Entry
from feeds.document import Date, Enclosure
from feeds.feed import Site
from feeds.kit.dates import local_date, written_day
from feeds.kit.language import direction, direction_of, same_language
from feeds.kit.text import one_line, shorten

BRIEF = 280  # characters of a summary in a list


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An article as the pages show it; `dated` says its `day`, None where none is known.

    `dated_lang` is the language of the date where that is not the article's, else empty.
    """

    title: str
    url: str
    original: str
    lang: str
    dir: str
    authors: str
    publication: str
    section: str
    day: date | None
    dated: str
    dated_lang: str
    summary: str
    html: str
    paragraphs: tuple[str, ...]
    image: str
    enclosures: tuple[Enclosure, ...]


def shown(entry: Entry, site: Site, language: str = "") -> Shown:
    """Return `entry` as the pages of `site` show it, its day in the zone of the site.

    The day is written in `language`, or else in that of the article.
    """
    article = entry.article
    day = _day(article.published, site)
    dated_in = language or _other_language(article, site) or site.language
    foreign = article.language and not same_language(article.language, dated_in)
    names = (one_line(author.name) for author in article.authors)
    return Shown(
        title=one_line(article.title),
        url=article.url or site.article_url(article.id),
        original=article.url,
        lang=article.language,
        dir=_direction(article, site),
        authors=", ".join(name for name in names if name),
        publication="" if article.publication == site.name else article.publication,
        section=article.section,
        day=day,
        dated=written_day(day, dated_in) if day else "",
        dated_lang=dated_in if foreign else "",
        summary=shorten(one_line(article.summary or article.text[: 8 * BRIEF]), BRIEF),
        html=article.html,
        paragraphs=_paragraphs(article),
        image="" if escape(article.image) in article.html else article.image,
        enclosures=article.enclosures,
    )


def _direction(article: Article, site: Site) -> str:
    if other := _other_language(article, site):
        return direction(other)
    return direction_of(article.title) or direction(site.language)


def _other_language(article: Article, site: Site) -> str:
    """Return the article's language, "" where it is that of the site, in whatever country."""
    alike = not article.language or same_language(article.language, site.language)
    return "" if alike else article.language


def _day(given: Date | None, site: Site) -> date | None:
    """Return the day in the zone of the site; one without a time is that day everywhere."""
    if given is None:
        return None
    return local_date(given.at, "UTC" if given.day_only else site.timezone)


def _paragraphs(article: Article) -> tuple[str, ...]:
    parts = (one_line(part) for part in (article.text or article.summary).split("\n\n"))
    return tuple(part for part in parts if part)

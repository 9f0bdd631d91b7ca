"""An article as a digest tells it: plain, short, safe to print, without its words told twice.

Pure; standard library only. Foreign text loses the marks that stand for a reader's values, so no
article can smuggle one in. Refuses nothing: whatever the store holds can be told.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from feeds import Article, Site
from feeds.kit.language import direction, direction_of, same_language
from feeds.kit.text import one_line, shorten
from notifier.digest.placeholder import CLOSING, OPENING
from notifier.digest.spec import Topic

TITLE = 300  # characters
NAMES = 200
LABEL = 80
ADDRESS = 2000

_NO_MARKS = {ord(OPENING): None, ord(CLOSING): None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many characters of text the lead story and any other one may have."""

    lead: int
    item: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What templates know of an article; every value is text, "" where there is none.

    `standfirst` is a summary of its own, `paragraphs` the text as far as it is told, `summary`
    one short paragraph of either. `lang` and `dir` are set where they differ from the digest's.
    `date` is already in the reader's language and zone.
    """

    id: str
    title: str
    url: str
    standfirst: str
    summary: str
    paragraphs: tuple[str, ...]
    image: str
    section: str
    tags: tuple[str, ...]
    authors: str
    date: str
    publication: str
    excerpt: bool
    lang: str
    dir: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Stories under one heading; the heading may be ""."""

    title: str
    stories: tuple[Story, ...]


def story_of(article: Article, *, site: Site, language: str, date: str, limits: Limits) -> Story:
    """Return `article` as a digest in `language` tells it, dated `date`."""
    return replace(_told(article, site, language, limits), date=date)


@lru_cache(maxsize=128)  # the editions of a digest for many zones share articles, and little else
def _told(article: Article, site: Site, language: str, limits: Limits) -> Story:
    body = _body(article, limits.lead)
    given = "" if article.title_made else plain(article.summary[: 8 * limits.lead])
    repeated = not given or _begins(body, given)
    lang, way = _language_of(article, language)
    publication = plain(article.publication)
    return Story(
        id=article.id,
        title=shorten(plain(article.title), TITLE),
        url=_address(article.url) or site.article_url(article.id),
        standfirst="" if repeated else shorten(given, limits.item),
        summary=shorten(given or " ".join(body), limits.item),
        paragraphs=_as_far_as(body, limits.lead),
        image=_address(article.image),
        section=shorten(plain(article.section), LABEL),
        tags=tuple(shorten(plain(tag), LABEL) for tag in article.tags),
        authors=shorten(", ".join(plain(a.name) for a in article.authors if a.name), NAMES),
        date="",
        publication="" if publication == site.name else shorten(publication, LABEL),
        excerpt=article.excerpt,
        lang=lang,
        dir=way,
    )


def heading_of(article: Article, topics: Mapping[str, Topic]) -> str:
    """Return the heading that `article` stands under: its first topic, else its section."""
    for topic in topics.values():
        if topic.select.admits(article):
            return plain(topic.title)
    return shorten(plain(article.section), LABEL)


def sections_of(headed: Iterable[tuple[str, Story]]) -> tuple[Section, ...]:
    """Return stories by heading, in order of first appearance; those without one come last."""
    groups: dict[str, list[Story]] = {}
    for heading, story in headed:
        groups.setdefault(heading, []).append(story)
    unnamed = groups.pop("", [])
    named = [Section(title=title, stories=tuple(found)) for title, found in groups.items()]
    return (*named, *([Section(title="", stories=tuple(unnamed))] if unnamed else ()))


def plain(text: str) -> str:
    """Return foreign `text` on one line, without marks that would be filled in later."""
    if text.isprintable():  # then it has no marks, and no white space but spaces
        return " ".join(unicodedata.normalize("NFC", text).split())
    return one_line(text.translate(_NO_MARKS))


def _body(article: Article, limit: int) -> list[str]:
    """The paragraphs of the text, none of them a repetition of a title that was made from it."""
    text = (article.text or article.summary)[: 8 * limit + 8 * TITLE]
    paragraphs = [plain(part) for part in text.split("\n\n")]
    if article.title_made and paragraphs:
        paragraphs[0] = _without(plain(article.title), paragraphs[0])
    return [paragraph for paragraph in paragraphs if paragraph]


def _without(title: str, text: str) -> str:
    if text.startswith(title):
        return text[len(title) :].lstrip("\"'”’»)] ")
    stem = title.removesuffix("…")
    if stem != title and text.startswith(stem):
        return "… " + text[len(stem) :].lstrip(" ,;:–—-")
    return text


def _begins(body: Sequence[str], summary: str) -> bool:
    return " ".join(body).startswith(summary.rstrip("… "))


def _as_far_as(paragraphs: Sequence[str], limit: int) -> tuple[str, ...]:
    told: list[str] = []
    for paragraph in paragraphs:
        if limit <= LABEL and told:
            break
        told.append(shorten(paragraph, limit))
        limit -= len(paragraph)
    return tuple(told)


def _address(url: str) -> str:
    url = url.translate(_NO_MARKS)
    web = url.lower().startswith(("https://", "http://"))
    return url if web and len(url) <= ADDRESS and url.split() == [url] else ""


def _language_of(article: Article, language: str) -> tuple[str, str]:
    here = direction(language)
    if article.language:
        if same_language(article.language, language):
            return "", ""
        return article.language, direction(article.language)
    way = direction_of(article.title)
    return "", way if way and way != here else ""

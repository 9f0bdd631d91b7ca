"""Small builders with defaults: a document, an article, an entry, a feed and a site.

Every argument may be overridden by name; what is left out is plausible and always the same.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from feeds import Article, Date, Document, Entry, FeedSpec, Place, Site, from_document
from feeds.sanitize import content_of

NOON = datetime(2026, 1, 17, 12, 0, tzinfo=UTC)


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> Date:
    """Return a date with a time of day, in UTC."""
    return Date(datetime(year, month, day, hour, minute, tzinfo=UTC))


def day(year: int, month: int, day_of_month: int) -> Date:
    """Return a date that was given without a time of day."""
    return Date(datetime(year, month, day_of_month, tzinfo=UTC), day_only=True)


def a_document(**fields: Any) -> Document:  # keyword arguments of Document, typed there
    """Return a document as a source would read it; `fields` override the defaults."""
    given: dict[str, Any] = {
        "source": "paper",
        "place": Place("articles/bridge.md", 1),
        "path": "articles/bridge.md",
        "title": "The bridge opens again",
        "published": at(2026, 1, 17, 9, 30),
    }
    if not fields.keys() & {"html", "text"}:
        given["html"] = "<p>After a year of work the old bridge carries traffic again.</p>"
    return Document(**(given | fields))


def an_article(**fields: Any) -> Article:  # keyword arguments of Document, typed there
    """Return the article made of `a_document(**fields)`, its content cleaned."""
    document = a_document(**fields)
    return from_document(document, content_of(document))


def an_entry(
    number: int = 1,
    *,
    article: Article | None = None,
    revision: int = 1,
    arrived_at: datetime = NOON,
    revised_at: datetime | None = None,
    withdrawn_at: datetime | None = None,
    **fields: Any,  # keyword arguments of Document, typed there
) -> Entry:
    """Return an entry whose arrival and change are `number`; another number, another article.

    `fields` describe the document unless the `article` itself is given.
    """
    if article is None:
        article = an_article(**({"path": f"articles/{number}.md"} | fields))
    return Entry(
        article=article,
        revision=revision,
        arrival=number,
        arrived_at=arrived_at,
        change=number,
        changed_at=revised_at or arrived_at,
        revised=number,
        revised_at=revised_at or arrived_at,
        withdrawn_at=withdrawn_at,
    )


def some_entries(count: int) -> list[Entry]:
    """Return `count` entries, each a minute older than the one before."""
    return [
        an_entry(
            number,
            title=f"Article number {number}",
            published=Date(NOON - timedelta(minutes=number)),
        )
        for number in range(1, count + 1)
    ]


def a_site(**fields: Any) -> Site:  # keyword arguments of Site, typed there
    """Return the publication of the tests."""
    given: dict[str, Any] = {"name": "Riverside Courier", "url": "https://news.example.org"}
    return Site(**(given | fields))


def a_feed(**fields: Any) -> FeedSpec:  # keyword arguments of FeedSpec, typed there
    """Return a declared feed; it selects everything unless told otherwise."""
    return FeedSpec(**({"name": "all", "title": "Everything"} | fields))

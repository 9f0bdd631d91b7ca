"""Between the nouns and their rows. Nothing else in the package sees a row."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from feeds.article import Article, Entry
from feeds.document import Author, Date, Enclosure, SourceFeed
from feeds.store.selecting import name_lines

# A row's values are of the type that its column says; SQLAlchemy cannot say so per key.
Values = dict[str, Any]


def entry_of(row: RowMapping) -> Entry:
    """Return the entry that a full row of `articles` holds."""
    return Entry(
        article=article_of(row),
        revision=row["revision"],
        arrival=row["arrival"],
        arrived_at=row["arrived_at"],
        change=row["change"],
        changed_at=row["changed_at"],
        revised=row["revised"],
        revised_at=row["revised_at"],
        withdrawn_at=row["withdrawn_at"],
    )


def article_of(row: RowMapping) -> Article:
    """Return the article that a full row of `articles` holds."""
    plain = {name: row[name] for name in _SAME}
    return Article(
        **plain,
        published=_date(row["published"], day_only=row["published_day"], begins=row["visible_at"]),
        updated=_date(row["updated"], day_only=row["updated_day"]),
        authors=tuple(Author(**author) for author in row["authors"]),
        tags=tuple(row["tags"]),
        enclosures=tuple(Enclosure(**enclosure) for enclosure in row["enclosures"]),
        source_feed=_source_feed(row["source_feed"]),
        withdrawn=row["withdrawn_at"] is not None,
    )


def values_of(article: Article) -> Values:
    """Return the columns of `articles` that come from the words alone."""
    published, updated = article.published, article.updated
    return {name: getattr(article, name) for name in _SAME} | {
        "published": published.at if published else None,
        "published_day": bool(published and published.day_only),
        "updated": updated.at if updated else None,
        "updated_day": bool(updated and updated.day_only),
        "authors": [asdict(author) for author in article.authors],
        "tags": list(article.tags),
        "enclosures": [asdict(enclosure) for enclosure in article.enclosures],
        "source_feed": _source_values(article.source_feed),
        "opening": article.opening,
        "normalised": article.normalised,
        "names": name_lines(article),
    }


def _date(at: datetime | None, *, day_only: bool, begins: datetime | None = None) -> Date | None:
    return Date(at, day_only=day_only, begins=begins) if at is not None else None


def _source_feed(values: Values | None) -> SourceFeed | None:
    if values is None:
        return None
    updated = datetime.fromisoformat(values["updated"]) if values["updated"] else None
    return SourceFeed(**(values | {"updated": updated}))


def _source_values(source: SourceFeed | None) -> Values | None:
    if source is None:
        return None
    return asdict(source) | {"updated": source.updated.isoformat() if source.updated else None}


_SAME = (
    "id",
    "source",
    "key",
    "own_iri",
    "url",
    "origin",
    "fingerprint",
    "title",
    "title_made",
    "html",
    "text",
    "summary",
    "image",
    "section",
    "language",
    "publication",
    "excerpt",
    "position",
)

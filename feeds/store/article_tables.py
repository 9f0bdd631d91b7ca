"""The tables of articles and of their sources; `feeds.store.tables` shows them to other stores."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

from feeds.kit.instants import Instant

metadata = MetaData()

articles = Table(
    "articles",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("own_iri", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("arrival", BigInteger),
    Column("arrived_at", Instant),
    Column("change", BigInteger, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("revised", BigInteger, nullable=False),
    Column("revised_at", Instant, nullable=False),
    Column("visible_at", Instant),
    Column("withdrawn_at", Instant),
    Column("names", Text, nullable=False),
    Column("published", Instant),
    Column("published_day", Boolean, nullable=False),
    Column("updated", Instant),
    Column("updated_day", Boolean, nullable=False),
    Column("title", Text, nullable=False),
    Column("title_made", Boolean, nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("image", Text, nullable=False),
    Column("section", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("publication", Text, nullable=False),
    Column("excerpt", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    Column("authors", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("enclosures", JSON, nullable=False),
    Column("source_feed", JSON(none_as_null=True)),
    Column("opening", Text, nullable=False),
    Column("normalised", Text, nullable=False),
    Index("articles_by_arrival", "arrival", unique=True),
    Index("articles_by_arrived_at", "arrived_at", "arrival"),
    Index("articles_by_change", "change", unique=True),
    Index("articles_by_opening", "opening", "excerpt"),
    Index("articles_by_iri", "own_iri"),
    Index("articles_by_visible_at", "visible_at"),
)

# Every key that ever led to an article; a teaser and its article end up under one id.
article_keys = Table(
    "article_keys",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("article_id", Text, ForeignKey("articles.id"), nullable=False),
)

# One row: the last numbers given, and the instant after which the next arrival must lie.
article_ledger = Table(
    "article_ledger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("arrival", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False),
    Column("arrived_at", Instant, nullable=False),
    Column("sealed_at", Instant, nullable=False),
)

source_files = Table(
    "source_files",
    metadata,
    Column("source", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
)

"""The tables of articles and of published feeds; shared by the stores of this package."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

from feeds.kit.database import History, Instant

HISTORY = History("feeds", Path(__file__).parent / "migrations", "0001")

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

# `shown` is the change by which a member was last worth showing anew: its arrival or a major edit.
# Members are current up to the change `watermark`; the last change that touched the feed is
# `touched`, and its documents show everything up to `rendered`.
feed_states = Table(
    "feed_states",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("selection_key", Text, nullable=False),
    Column("rendering_key", Text, nullable=False),
    Column("watermark", BigInteger, nullable=False),
    Column("touched", BigInteger, nullable=False),
    Column("touched_at", Instant, nullable=False),
    Column("rendered", BigInteger, nullable=False),
)

feed_members = Table(
    "feed_members",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("article_id", Text, primary_key=True),
    Column("arrival", BigInteger, nullable=False),
    Column("shown", BigInteger, nullable=False),
    Index("feed_members_by_arrival", "feed", "arrival"),
    Index("feed_members_by_article", "article_id"),
    Index("feed_members_by_shown", "feed", "shown"),
)

# The archive documents of a feed: each has the members that arrived in `(after, upto]`, and was
# last touched by `change`. Their bounds never move.
feed_archives = Table(
    "feed_archives",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("after", BigInteger, nullable=False),
    Column("upto", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index("feed_archives_by_upto", "feed", "upto"),
    Index("feed_archives_by_change", "change"),
)

# The tags, sections, authors and sources that have feeds of their own, and how far each kind of
# label has been looked for.
feed_labels = Table(
    "feed_labels",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("slug", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

feed_label_marks = Table(
    "feed_label_marks",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("watermark", BigInteger, nullable=False),
)

# `pace` is the time between two changes in seconds, on average of late; 0 while it is unknown.
feed_documents = Table(
    "feed_documents",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("format", Text, primary_key=True),
    Column("etag", Text, nullable=False),
    Column("modified", Instant, nullable=False),
    Column("pace", Integer, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("feed_documents_by_serial", "serial"),
)

# The last versions of each document: what their readers have seen is everything up to `change`.
feed_versions = Table(
    "feed_versions",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("format", Text, primary_key=True),
    Column("etag", Text, primary_key=True),
    Column("change", BigInteger, nullable=False),
    Index("feed_versions_by_change", "feed", "change"),
)

# One row: how often anything on the shelf has changed.
shelf_ledger = Table(
    "shelf_ledger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("serial", BigInteger, nullable=False),
)

# Requests to the hub that wait for their callback's word. `due` is empty for one that came to
# nothing: it counts against its host for a while. `ticket` tells a request from its successor.
websub_requests = Table(
    "websub_requests",
    metadata,
    Column("key", Text, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("lease", BigInteger, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Instant),
    Column("claimed_until", Instant),
    Index("websub_requests_by_due", "due"),
    Index("websub_requests_by_host", "host"),
)

# A subscription is its own work item: while `pushed` is behind `wanted`, it is due at `due`.
# `due` is empty where nothing is to be done; `fence` proves that a claim still holds.
websub_subscriptions = Table(
    "websub_subscriptions",
    metadata,
    Column("key", Text, primary_key=True),
    Column("callback", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("lease_until", Instant, nullable=False),
    Column("wanted", BigInteger, nullable=False),
    Column("pushed", BigInteger, nullable=False),
    Column("due", Instant),
    Column("attempts", Integer, nullable=False),
    Column("claimed_until", Instant),
    Column("fence", BigInteger, nullable=False),
    Column("answer", Text, nullable=False),
    Index("websub_subscriptions_by_due", "due"),
    Index("websub_subscriptions_by_topic", "topic"),
    Index("websub_subscriptions_by_lease", "lease_until"),
)

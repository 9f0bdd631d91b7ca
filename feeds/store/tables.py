"""The tables of articles and of published feeds; shared by the stores of this package."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text, update

from feeds.kit.histories import History
from feeds.kit.instants import Instant
from feeds.store.article_tables import (
    article_keys,
    article_ledger,
    articles,
    metadata,
    source_files,
)

__all__ = [
    "ANOTHER_GENERATION",
    "HISTORY",
    "article_keys",
    "article_ledger",
    "articles",
    "feed_archives",
    "feed_documents",
    "feed_label_marks",
    "feed_labels",
    "feed_ledger",
    "feed_members",
    "feed_states",
    "feed_versions",
    "metadata",
    "shelf_ledger",
    "source_files",
    "websub_requests",
    "websub_subscriptions",
]

HISTORY = History("feeds", Path(__file__).parent / "migrations", "0001")

# One row: the members of all feeds are current up to the change `watermark`. `generation` rises
# whenever a feed is chosen, forgotten or rendered another way, or a label occurs: as long as it is
# the same, whoever has compared the feeds with those that are declared need not do so again.
feed_ledger = Table(
    "feed_ledger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("watermark", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
)
ANOTHER_GENERATION = update(feed_ledger).values(generation=feed_ledger.c.generation + 1)

# The last change that touched a feed is `touched`, and its documents show all up to `rendered`.
feed_states = Table(
    "feed_states",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("selection_key", Text, nullable=False),
    Column("rendering_key", Text, nullable=False),
    Column("touched", BigInteger, nullable=False),
    Column("touched_at", Instant, nullable=False),
    Column("rendered", BigInteger, nullable=False),
    Index(
        "feed_states_stale",
        "feed",
        sqlite_where=text("rendered < touched"),
        postgresql_where=text("rendered < touched"),
    ),
)

# `shown` is the change by which a member was last worth showing anew, its arrival or a major edit;
# `change` the last one of any kind. The indexes answer for themselves which members a document has.
feed_members = Table(
    "feed_members",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("article_id", Text, primary_key=True),
    Column("arrival", BigInteger, nullable=False),
    Column("shown", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False),
    Index("feed_members_by_arrival", "feed", "arrival", "change"),
    Index("feed_members_by_article", "article_id"),
    Index("feed_members_by_shown", "feed", "shown", "change"),
    sqlite_with_rowid=False,
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

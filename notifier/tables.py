"""The tables of readers, issues and deliveries; shared by the stores of this package."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from feeds.kit.database import History, Instant

HISTORY = History("notifier", Path(__file__).parent / "migrations", "0001")

metadata = MetaData()

# Numbers of readers, lanes and issues are given by the database; on SQLite that needs INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Number, primary_key=True),
    Column("address_key", Text, nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("declared", JSON(none_as_null=True)),
    Column("chosen", JSON, nullable=False),
    Column("name", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# One reader's subscription to one digest. `cursor` is the reader's own until the first issue in
# the lane, then null: the lane's.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("subscriber_id", Number, ForeignKey("subscribers.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("declared", Boolean, nullable=False),
    Column("chosen", JSON, nullable=False),
    Column("lane_id", Number, ForeignKey("lanes.id")),
    Column("cursor", BigInteger),
    Column("since", Instant, nullable=False),
    Column("paused_until", Instant),
    Column("left_at", Instant),
    UniqueConstraint("subscriber_id", "digest"),
    Index("subscriptions_by_lane", "lane_id", "id"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("since", Instant, nullable=False),
)

# Dead-address answers: only the second one, on another day, suppresses.
dead_addresses = Table(
    "dead_addresses",
    metadata,
    Column("address_key", Text, primary_key=True),
    Column("first_at", Instant, nullable=False),
)

# `served_at` is the last slot considered, `covered_to` the instant up to which articles were sent.
# The subscriptions of one digest that share schedule, zone, language and selection.
lanes = Table(
    "lanes",
    metadata,
    Column("id", Number, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("schedule", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("selection", Text, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("served_at", Instant, nullable=False),
    Column("covered_to", Instant, nullable=False),
    UniqueConstraint("digest", "schedule", "timezone", "language", "selection"),
)

issues = Table(
    "issues",
    metadata,
    Column("id", Number, primary_key=True),
    Column("lane_id", Number, ForeignKey("lanes.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("slot", Text, nullable=False),
    Column("instant", Instant, nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("upto", BigInteger, nullable=False),
    Column("spans_from", Instant),
    Column("expires", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    UniqueConstraint("lane_id", "slot"),
    Index("issues_by_state", "state"),
)

# The words: rendered once, immutable, shared by all issues with the same content.
editions = Table(
    "editions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("articles", JSON, nullable=False),
    Column("shown", Integer, nullable=False),
    Column("frozen", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# What one sender works on at a time; `fence` grows with every claim.
chunks = Table(
    "chunks",
    metadata,
    Column("issue_id", Number, ForeignKey("issues.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("leased_until", Instant),
    Column("due", Instant, nullable=False),
    Index("chunks_by_state", "state", "due"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("issue_id", Number, ForeignKey("issues.id"), primary_key=True),
    Column("subscriber_id", Number, ForeignKey("subscribers.id"), primary_key=True),
    Column("subscription_id", Number, ForeignKey("subscriptions.id"), nullable=False),
    Column("edition_id", Text, ForeignKey("editions.id"), nullable=False),
    Column("chunk", Integer, nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Instant, nullable=False),
    Column("code", Integer),
    Column("words", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index("deliveries_by_chunk", "issue_id", "chunk", "state"),
    Index("deliveries_by_subscriber", "subscriber_id"),
)

secret_keys = Table(
    "secret_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("active", Boolean, nullable=False),
)


def active() -> ColumnElement[bool]:
    """The condition that a subscription is in force: declared, and not left."""
    return subscriptions.c.declared & subscriptions.c.left_at.is_(None)

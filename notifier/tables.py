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
    false,
    text,
)

from feeds.kit.histories import History
from feeds.kit.instants import Instant

HISTORY = History("notifier", Path(__file__).parent / "migrations", "0006")

metadata = MetaData()

# Numbers of readers, lanes and issues are given by the database; on SQLite that needs INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")

# `address_hash` stands where suppressed addresses are kept as hashes: that of the address key.
subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Number, primary_key=True),
    Column("address_key", Text, nullable=False, unique=True),
    Column("address_hash", Text),
    Column("address", Text, nullable=False),
    Column("declared", JSON(none_as_null=True)),
    Column("chosen", JSON, nullable=False),
    Column("name", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# One reader's subscription to one digest: `declared`, or taken by the reader (`added`). Nothing was
# owed that arrived up to `began`. `cursor` is the reader's own until the first issue in the lane,
# then null: the lane's. `served_on` is the local date on which another lane last served the reader.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("subscriber_id", Number, ForeignKey("subscribers.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("declared", Boolean, nullable=False),
    Column("added", Boolean, nullable=False, server_default=false()),
    Column("chosen", JSON, nullable=False),
    Column("lane_id", Number, ForeignKey("lanes.id")),
    Column("cursor", BigInteger),
    Column("began", BigInteger, nullable=False, server_default="0"),
    Column("since", Instant, nullable=False),
    Column("served_on", Text),
    Column("paused_until", Instant),
    Column("left_at", Instant),
    UniqueConstraint("subscriber_id", "digest"),
    Index("subscriptions_by_lane", "lane_id", "id"),
    Index(
        "subscriptions_with_own_cursor",
        "lane_id",
        "id",
        sqlite_where=text("cursor IS NOT NULL"),
        postgresql_where=text("cursor IS NOT NULL"),
    ),
)

# Addresses that must not be written to, in the clear or as hashes. `source` is who said so, `code`
# the server's (RFC 3463).
suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("source", Text, nullable=False, server_default=""),
    Column("code", Text, nullable=False, server_default=""),
    Column("domain", Text, nullable=False, server_default=""),
    Column("since", Instant, nullable=False),
)

# Dead-address answers: only the second one, on another day, suppresses. Many of one domain within
# hours suppress nobody.
dead_addresses = Table(
    "dead_addresses",
    metadata,
    Column("address_key", Text, primary_key=True),
    Column("domain", Text, nullable=False, server_default=""),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant),
    Index("dead_addresses_by_domain", "domain", "last_at"),
)

# What came back, each message once: `digest` is the same for two copies of it. `how` says by what
# the reader was found, `step` what was done.
returned = Table(
    "returned",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("received_at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("subscriber_id", Number),
    Column("issue_id", Number),
    Index("returned_by_time", "received_at"),
)

# One row, or none: the last `turn` of reconciling, the `rules` it went by, and once it has ended
# the name of the `declaration` that all readers follow. See notifier.roster.following.
followed = Table(
    "followed",
    metadata,
    Column("turn", Text, primary_key=True),
    Column("rules", Text, nullable=False),
    Column("declaration", Text, nullable=False),
)

# The subscriptions of one digest that share schedule ("" is the digest's own), zone, language and
# selection. `served_at` is the last slot considered, `served_on` its local date, `covered_to` the
# instant up to which articles were sent. Anybody may read the issues of a `public` lane.
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
    Column("served_on", Text),
    Column("covered_to", Instant, nullable=False),
    Column("public", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("digest", "schedule", "timezone", "language", "selection"),
)

# `articles` is how many the window has; `edition_id` names the words that anybody may read. Who was
# served elsewhere on `day` gets nothing; null where several slots may fall on one date.
issues = Table(
    "issues",
    metadata,
    Column("id", Number, primary_key=True),
    Column("lane_id", Number, ForeignKey("lanes.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("slot", Text, nullable=False),
    Column("instant", Instant, nullable=False),
    Column("local_date", Text),
    Column("day", Text),
    Column("after", BigInteger, nullable=False),
    Column("upto", BigInteger, nullable=False),
    Column("articles", Integer, nullable=False),
    Column("spans_from", Instant),
    Column("edition_id", Text),
    Column("expires", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    UniqueConstraint("lane_id", "slot"),
    Index("issues_by_state", "state"),
    Index("issues_by_upto", "upto"),
    Index("issues_by_digest", "digest", "instant"),
)

# The words: rendered once, immutable, shared by all issues with the same content. `arrivals` are
# those of its articles, ascending; `content` is a name for just these.
editions = Table(
    "editions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("articles", JSON, nullable=False),
    Column("arrivals", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("first_arrival", BigInteger, nullable=False),
    Column("last_arrival", BigInteger, nullable=False),
    Column("shown", Integer, nullable=False),
    Column("frozen", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("editions_by_arrival", "last_arrival", "first_arrival"),
)

# What the readers of an issue get who are owed what came after `after`, and have had of it what
# `mask` says; nothing where there is no edition, for they have had it all.
issue_parts = Table(
    "issue_parts",
    metadata,
    Column("issue_id", Number, ForeignKey("issues.id"), primary_key=True),
    Column("after", BigInteger, primary_key=True),
    Column("mask", Text, primary_key=True),
    Column("edition_id", Text, ForeignKey("editions.id")),
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

# One row for each reader of an issue. There are very many, written from the tables they point to:
# checking that each of these is there would take as long as writing them.
deliveries = Table(
    "deliveries",
    metadata,
    Column("issue_id", Number, primary_key=True),
    Column("subscriber_id", Number, primary_key=True),
    Column("subscription_id", Number, nullable=False),
    Column("edition_id", Text, nullable=False),
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
    Index("deliveries_by_subscriber", "subscriber_id", "issue_id"),
    sqlite_with_rowid=False,
)

# What is left of deliveries that were dropped: how many of an issue, by the domain of the address,
# came to which end; the reason stands for those that were skipped.
tallies = Table(
    "tallies",
    metadata,
    Column("issue_id", Number, ForeignKey("issues.id"), primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# What each process works with, by its role and host: a configuration without its secrets, since
# when, and what came of the last attempt to take up another.
configurations = Table(
    "configurations",
    metadata,
    Column("process", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("snapshot", JSON, nullable=False),
    Column("attempted_at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("problems", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("readers", JSON, nullable=False),
    Column("answered", Number, nullable=False),
)

# Wishes that all processes look at their configuration; `yes` where many readers may be removed.
reload_wishes = Table(
    "reload_wishes",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("yes", Boolean, nullable=False),
)

# `hashes` tells of the key with which suppressed addresses are hashed how far that has come:
# `begun`, or `done`.
secret_keys = Table(
    "secret_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("hashes", Text, nullable=False, server_default=""),
)


def active() -> ColumnElement[bool]:
    """The condition that a subscription is in force: declared or added, and not left."""
    taken = subscriptions.c.declared | subscriptions.c.added
    return taken & subscriptions.c.left_at.is_(None)


def names_reader() -> ColumnElement[bool]:
    """The condition that a suppression is of a subscriber's address, in the clear or as a hash."""
    theirs = (subscribers.c.address_key, subscribers.c.address_hash)
    return suppressions.c.address_key.in_(theirs)

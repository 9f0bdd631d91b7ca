"""Articles, their ledger, and published feeds.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

from feeds.kit.instants import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "article_ledger",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("arrival", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("arrived_at", Instant(), nullable=False),
        sa.Column("sealed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "articles",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("own_iri", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("arrival", sa.BigInteger(), nullable=True),
        sa.Column("arrived_at", Instant(), nullable=True),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("revised", sa.BigInteger(), nullable=False),
        sa.Column("revised_at", Instant(), nullable=False),
        sa.Column("visible_at", Instant(), nullable=True),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("published", Instant(), nullable=True),
        sa.Column("published_day", sa.Boolean(), nullable=False),
        sa.Column("updated", Instant(), nullable=True),
        sa.Column("updated_day", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_made", sa.Boolean(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("publication", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("enclosures", sa.JSON(), nullable=False),
        sa.Column("source_feed", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("normalised", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("articles_by_arrival", "articles", ["arrival"], unique=True)
    op.create_index("articles_by_arrived_at", "articles", ["arrived_at", "arrival"], unique=False)
    op.create_index("articles_by_change", "articles", ["change"], unique=True)
    op.create_index("articles_by_iri", "articles", ["own_iri"], unique=False)
    op.create_index("articles_by_opening", "articles", ["opening", "excerpt"], unique=False)
    op.create_index("articles_by_visible_at", "articles", ["visible_at"], unique=False)
    op.create_table(
        "feed_archives",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "number"),
    )
    op.create_index("feed_archives_by_change", "feed_archives", ["change"], unique=False)
    op.create_index("feed_archives_by_upto", "feed_archives", ["feed", "upto"], unique=False)
    op.create_table(
        "feed_documents",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("modified", Instant(), nullable=False),
        sa.Column("pace", sa.Integer(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "format"),
    )
    op.create_index("feed_documents_by_serial", "feed_documents", ["serial"], unique=False)
    op.create_table(
        "feed_label_marks",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("watermark", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind"),
    )
    op.create_table(
        "feed_labels",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "slug"),
    )
    op.create_table(
        "feed_ledger",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("watermark", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "feed_members",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Text(), nullable=False),
        sa.Column("arrival", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "article_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "feed_members_by_arrival", "feed_members", ["feed", "arrival", "change"], unique=False
    )
    op.create_index("feed_members_by_article", "feed_members", ["article_id"], unique=False)
    op.create_index(
        "feed_members_by_shown", "feed_members", ["feed", "shown", "change"], unique=False
    )
    op.create_table(
        "feed_states",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("selection_key", sa.Text(), nullable=False),
        sa.Column("rendering_key", sa.Text(), nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False),
        sa.Column("touched_at", Instant(), nullable=False),
        sa.Column("rendered", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feed"),
    )
    op.create_index(
        "feed_states_stale",
        "feed_states",
        ["feed"],
        unique=False,
        sqlite_where=sa.text("rendered < touched"),
        postgresql_where=sa.text("rendered < touched"),
    )
    op.create_table(
        "feed_versions",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "format", "etag"),
    )
    op.create_index("feed_versions_by_change", "feed_versions", ["feed", "change"], unique=False)
    op.create_table(
        "shelf_ledger",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "source_files",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "path"),
    )
    op.create_table(
        "websub_requests",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", Instant(), nullable=True),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("websub_requests_by_due", "websub_requests", ["due"], unique=False)
    op.create_index("websub_requests_by_host", "websub_requests", ["host"], unique=False)
    op.create_table(
        "websub_subscriptions",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("pushed", sa.BigInteger(), nullable=False),
        sa.Column("due", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("websub_subscriptions_by_due", "websub_subscriptions", ["due"], unique=False)
    op.create_index(
        "websub_subscriptions_by_lease", "websub_subscriptions", ["lease_until"], unique=False
    )
    op.create_index(
        "websub_subscriptions_by_topic", "websub_subscriptions", ["topic"], unique=False
    )
    op.create_table(
        "article_keys",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
        ),
        sa.PrimaryKeyConstraint("source", "key"),
    )

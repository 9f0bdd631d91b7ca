"""Tallies of deliveries that are dropped, and suppressed addresses as hashes.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table, and a column to readers and to keys."""
    op.create_table(
        "tallies",
        sa.Column("issue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"]),
        sa.PrimaryKeyConstraint("issue_id", "provider", "state", "reason"),
    )
    op.add_column("subscribers", sa.Column("address_hash", sa.Text(), nullable=True))
    op.add_column(
        "secret_keys",
        sa.Column("hashes", sa.Text(), server_default="", nullable=False),
    )

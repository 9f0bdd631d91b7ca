"""Where subscriptions began: what came before is never owed, even where a place goes back.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column; of subscriptions that are there nothing older than their place is owed."""
    op.add_column(
        "subscriptions",
        sa.Column("began", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.execute(
        "UPDATE subscriptions SET began = COALESCE(cursor,"
        " (SELECT lanes.cursor FROM lanes WHERE lanes.id = subscriptions.lane_id), 0)"
    )

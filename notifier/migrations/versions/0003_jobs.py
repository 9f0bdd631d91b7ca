"""The tables of PgQueuer, which brings chunks to senders; on PostgreSQL only.

The library makes them itself. A version of it that wants others needs a migration of its own.

Revision ID: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the library wants to find."""
    if op.get_context().dialect.name == "postgresql":
        from notifier.delivery.carriers.library import tables  # noqa: PLC0415 - slow to import

        op.get_bind().exec_driver_sql(tables())

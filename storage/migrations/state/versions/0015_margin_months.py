"""Which months of the margin mart are as their sources say."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "margin_month",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("sources_digest", sa.Text(), nullable=False),
        sa.Column("refreshed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month"),
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("margin_month")

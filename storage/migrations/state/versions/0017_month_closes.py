"""What was decided about each service's month, and the figures that were kept."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply this step; every month is open until somebody closes it."""
    op.create_table(
        "month_close",
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("is_forced", sa.Boolean(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("checklist", sa.Text(), nullable=False),
        sa.Column("watermark", sa.Text(), nullable=True),
        sa.Column("lake_snapshot", sa.BigInteger(), nullable=True),
        sa.Column("known_at", sa.BigInteger(), nullable=True),
        sa.Column("sources_digest", sa.Text(), nullable=True),
        sa.Column("revenue_cents", sa.BigInteger(), nullable=True),
        sa.Column("cogs_cad", sa.Text(), nullable=True),
        sa.Column("figures_digest", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["service_code"], ["service.code"]),
        sa.PrimaryKeyConstraint("service_code", "month", "revision"),
    )
    op.create_table(
        "month_close_figures",
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_code", "month", "revision"],
            ["month_close.service_code", "month_close.month", "month_close.revision"],
        ),
        sa.PrimaryKeyConstraint("service_code", "month", "revision"),
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("month_close_figures")
    op.drop_table("month_close")

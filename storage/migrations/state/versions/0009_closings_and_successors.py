"""What a draft closed, which subscription followed which, and where late usage is billed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
LIVE = "status IN ('active', 'pending')"


def upgrade() -> None:
    """Apply this step; drafts made before closed plan fee and usage of one period together."""
    late_usage = sa.Column("late_usage", sa.Text(), nullable=False, server_default="next_invoice")
    op.add_column("service", late_usage)
    tax_rate = sa.Column("estimated_tax_rate", sa.Text(), nullable=False, server_default="0")
    op.add_column("service", tax_rate)
    mode = sa.Column("mode", sa.Text(), nullable=False, server_default="live")
    op.add_column("service", mode)
    op.add_column("subscription", sa.Column("previous_id", sa.Text(), nullable=True))
    op.add_column("subscription", sa.Column("takes_over_at", sa.BigInteger(), nullable=True))
    is_followed: sa.Column[bool] = sa.Column(
        "is_followed", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("subscription", is_followed)
    _replace_live_key(["service_code", "external_id", "status"])
    op.add_column("invoice_draft", sa.Column("usage_until", sa.BigInteger(), nullable=True))
    op.add_column("invoice_draft", sa.Column("fee_until", sa.BigInteger(), nullable=True))
    op.add_column("invoice_draft", sa.Column("periods", sa.Text(), nullable=True))
    op.create_table(
        "blocked_closing",
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("subscription_external_id", sa.Text(), nullable=False),
        sa.Column("closing_at", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("blocked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["service_code"], ["service.code"]),
        sa.PrimaryKeyConstraint("subscription_id", "closing_at"),
    )
    op.execute("UPDATE invoice_draft SET usage_until = closing_at, fee_until = closing_at")


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("blocked_closing")
    with op.batch_alter_table("invoice_draft") as draft:
        draft.drop_column("periods")
        draft.drop_column("fee_until")
        draft.drop_column("usage_until")
    _replace_live_key(["service_code", "external_id"])
    with op.batch_alter_table("subscription") as subscription:
        subscription.drop_column("is_followed")
        subscription.drop_column("takes_over_at")
        subscription.drop_column("previous_id")
    with op.batch_alter_table("service") as service:
        service.drop_column("mode")
        service.drop_column("estimated_tax_rate")
        service.drop_column("late_usage")


def _replace_live_key(columns: list[str]) -> None:
    op.drop_index("subscription_live_key", "subscription")
    op.create_index(
        "subscription_live_key",
        "subscription",
        columns,
        unique=True,
        sqlite_where=sa.text(LIVE),
        postgresql_where=sa.text(LIVE),
    )

"""Usage alerts, where webhooks are to go, and the key pair that will sign them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
KEPT = sa.text("deleted_at IS NULL")
CHANGED = sa.text("changes > changes_seen AND deleted_at IS NULL")


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "alert",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("subscription_external_id", sa.Text(), nullable=False),
        sa.Column("alert_type", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("metric_id", sa.Text(), nullable=True),
        sa.Column("thresholds", sa.Text(), nullable=False),
        sa.Column("previous_value", sa.Text(), nullable=False),
        sa.Column("peak_value", sa.Text(), nullable=False),
        sa.Column("period_start", sa.BigInteger(), nullable=True),
        sa.Column("period_end", sa.BigInteger(), nullable=True),
        sa.Column("last_processed_at", sa.BigInteger(), nullable=True),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("changes_seen", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["service_code"], ["service.code"]),
        sa.ForeignKeyConstraint(["metric_id"], ["billable_metric.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    kept_key = ["service_code", "subscription_external_id", "code"]
    _index("alert_kept_key", "alert", kept_key, KEPT, unique=True)
    _index("alert_changed", "alert", ["service_code"], CHANGED)
    _index("alert_period_end", "alert", ["period_end"], KEPT)
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("signature_algo", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("event_types", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["service_code"], ["service.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    _index(
        "webhook_endpoint_kept_key", "webhook_endpoint", ["service_code", "url"], KEPT, unique=True
    )
    op.create_table(
        "key_pair",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("public_pem", sa.Text(), nullable=False),
        sa.Column("encrypted_private_pem", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("purpose"),
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("key_pair")
    op.drop_table("webhook_endpoint")
    op.drop_table("alert")


def _index(
    name: str, table: str, columns: list[str], where: sa.TextClause, *, unique: bool = False
) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)

"""The tables of usage alerts and of where webhooks are to go."""

import sqlalchemy as sa

from storage.columns import instant, metadata, service_code, text, unique_while_kept

alert = sa.Table(
    "alert",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    service_code(),
    text("subscription_external_id"),
    text("alert_type"),
    text("code"),
    text("name", null=True),
    text("metric_id", sa.ForeignKey("billable_metric.id"), null=True),
    text("thresholds"),
    text("previous_value"),
    text("peak_value"),
    instant("period_start", null=True),
    instant("period_end", null=True),
    instant("last_processed_at", null=True),
    sa.Column("changes", sa.BigInteger, nullable=False),
    sa.Column("changes_seen", sa.BigInteger, nullable=False),
    instant("created_at"),
    instant("deleted_at", null=True),
)
unique_while_kept(alert, "service_code", "subscription_external_id", "code")
IS_CHANGED = sa.and_(alert.c.changes > alert.c.changes_seen, alert.c.deleted_at.is_(None))
sa.Index(
    "alert_changed", alert.c.service_code, sqlite_where=IS_CHANGED, postgresql_where=IS_CHANGED
)
sa.Index(
    "alert_period_end",
    alert.c.period_end,
    sqlite_where=alert.c.deleted_at.is_(None),
    postgresql_where=alert.c.deleted_at.is_(None),
)

webhook_endpoint = sa.Table(
    "webhook_endpoint",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    service_code(),
    text("url"),
    text("signature_algo"),
    text("name", null=True),
    text("event_types", null=True),
    instant("created_at"),
    instant("deleted_at", null=True),
)
unique_while_kept(webhook_endpoint, "service_code", "url")

key_pair = sa.Table(
    "key_pair",
    metadata,
    sa.Column("purpose", sa.Text, primary_key=True),
    text("public_pem"),
    text("encrypted_private_pem"),
    instant("created_at"),
)

"""The state database's tables: rows that need keys and transactions. No query lives here."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept as integer microseconds since the epoch: exact and sortable."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(  # named by SQLAlchemy
        self, value: datetime | None, _dialect: Dialect
    ) -> int | None:
        """Refuse naive times; they would be read in a timezone nobody chose."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a timezone")
        return (value - EPOCH) // MICROSECOND

    def process_result_value(  # named by SQLAlchemy
        self, value: int | None, _dialect: Dialect
    ) -> datetime | None:
        """Return the instant in UTC."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


metadata = sa.MetaData()


def _text(name: str, *constraints: sa.ForeignKey, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, *constraints, nullable=null)


def _instant(name: str, *, null: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, Instant, nullable=null)


def _service() -> sa.Column[str]:
    return _text("service_code", sa.ForeignKey("service.code"))


def _unique_while_kept(table: sa.Table, *columns: str) -> None:
    """Make columns unique among rows that are not deleted."""
    sa.Index(
        f"{table.name}_kept_key",
        *(table.c[name] for name in columns),
        unique=True,
        sqlite_where=table.c.deleted_at.is_(None),
        postgresql_where=table.c.deleted_at.is_(None),
    )


service = sa.Table(
    "service",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    _text("name"),
    _text("timezone"),
    _text("currency"),
    _instant("created_at"),
    sa.Column("duplicates", sa.Text, nullable=False, server_default="replay"),
    sa.Column("late_usage", sa.Text, nullable=False, server_default="next_invoice"),
    sa.Column("estimated_tax_rate", sa.Text, nullable=False, server_default="0"),
    sa.Column("mode", sa.Text, nullable=False, server_default="live"),
)

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("public_id", sa.Text, primary_key=True),
    _service(),
    _text("secret_digest"),
    _instant("created_at"),
    _instant("expires_at", null=True),
    _instant("revoked_at", null=True),
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _service(),
    _text("external_id"),
    sa.Column("sequential_id", sa.Integer, nullable=False, default=0),
    *(
        _text(name, null=True)
        for name in (
            "name",
            "firstname",
            "lastname",
            "email",
            "phone",
            "url",
            "legal_name",
            "legal_number",
            "tax_identification_number",
            "currency",
            "timezone",
            "country",
            "state",
            "city",
            "zipcode",
            "address_line1",
            "address_line2",
        )
    ),
    _instant("created_at"),
    _instant("updated_at"),
    _instant("deleted_at", null=True),
)
_unique_while_kept(account, "service_code", "external_id")

billable_metric = sa.Table(
    "billable_metric",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _service(),
    _text("code"),
    _instant("created_at"),
    _instant("deleted_at", null=True),
)
_unique_while_kept(billable_metric, "service_code", "code")

billable_metric_version = sa.Table(
    "billable_metric_version",
    metadata,
    sa.Column("metric_id", sa.Text, sa.ForeignKey("billable_metric.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    _instant("valid_from"),
    _text("body"),
)

plan = sa.Table(
    "plan",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _service(),
    _text("code"),
    _instant("created_at"),
    _instant("deleted_at", null=True),
)
_unique_while_kept(plan, "service_code", "code")

plan_version = sa.Table(
    "plan_version",
    metadata,
    sa.Column("plan_id", sa.Text, sa.ForeignKey("plan.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    _instant("valid_from"),
    _text("body"),
)

subscription = sa.Table(
    "subscription",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _service(),
    _text("external_id"),
    _text("account_id", sa.ForeignKey("account.id")),
    _text("account_external_id"),
    _text("plan_id", sa.ForeignKey("plan.id")),
    _text("plan_code"),
    _text("status"),
    _text("billing_time"),
    _text("name", null=True),
    _instant("subscription_at"),
    _instant("started_at", null=True),
    _instant("ending_at", null=True),
    _instant("terminated_at", null=True),
    _instant("canceled_at", null=True),
    _instant("created_at"),
    _text("previous_id", null=True),
    _instant("takes_over_at", null=True),
    sa.Column("is_followed", sa.Boolean, nullable=False, server_default=sa.false()),
)
sa.Index(
    "subscription_live_key",
    subscription.c.service_code,
    subscription.c.external_id,
    subscription.c.status,
    unique=True,
    sqlite_where=subscription.c.status.in_(("active", "pending")),
    postgresql_where=subscription.c.status.in_(("active", "pending")),
)
sa.Index("subscription_account", subscription.c.account_id)

billing_run = sa.Table(
    "billing_run",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _service(),
    _instant("cutoff_at"),
    _text("watermark"),
    _instant("started_at"),
    _instant("finished_at", null=True),
    sa.Column("drafts_count", sa.Integer, nullable=False),
)

invoice_draft = sa.Table(
    "invoice_draft",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _service(),
    _text("billing_run_id", sa.ForeignKey("billing_run.id")),
    _text("account_id", sa.ForeignKey("account.id")),
    _text("account_external_id"),
    _text("subscription_id", sa.ForeignKey("subscription.id")),
    _text("subscription_external_id"),
    _instant("closing_at"),
    _text("status"),
    _text("currency"),
    sa.Column("amount_cents", sa.BigInteger, nullable=False),
    _text("lines"),
    _instant("rated_at"),
    _instant("sent_at", null=True),
    sa.Column("odoo_move_id", sa.BigInteger, nullable=True),
    _text("problem", null=True),
    _instant("usage_until", null=True),
    _instant("fee_until", null=True),
    _text("periods", null=True),
    sa.UniqueConstraint("subscription_id", "closing_at"),
)
sa.Index("invoice_draft_status", invoice_draft.c.status)

blocked_closing = sa.Table(
    "blocked_closing",
    metadata,
    _service(),
    sa.Column("subscription_id", sa.Text, primary_key=True),
    _text("subscription_external_id"),
    sa.Column("closing_at", Instant, primary_key=True),
    _text("problem"),
    _instant("blocked_at"),
)

rated_line_outbox = sa.Table(
    "rated_line_outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _text("body"),
    sqlite_autoincrement=True,
)

odoo_link = sa.Table(
    "odoo_link",
    metadata,
    sa.Column("odoo_database", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("odoo_id", sa.BigInteger, nullable=False),
)

usage_import = sa.Table(
    "usage_import",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _service(),
    _text("sha256"),
    _text("file_name"),
    _text("format"),
    _text("status"),
    sa.Column("rows_done", sa.BigInteger, nullable=False),
    sa.Column("kept_count", sa.BigInteger, nullable=False),
    sa.Column("known_count", sa.BigInteger, nullable=False),
    sa.Column("refused_count", sa.BigInteger, nullable=False),
    _text("errors"),
    _text("problem", null=True),
    _instant("started_at"),
    _instant("finished_at", null=True),
    sa.UniqueConstraint("service_code", "sha256"),
)

lifecycle_event = sa.Table(
    "lifecycle_event",
    metadata,
    sa.Column("service_code", sa.Text, sa.ForeignKey("service.code"), primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("kind"),
    _text("body"),
    _instant("created_at"),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _text("holder"),
    sa.Column("token", sa.BigInteger, nullable=False),
    _instant("expires_at"),
)

quarantine_resolution = sa.Table(
    "quarantine_resolution",
    metadata,
    sa.Column("service_code", sa.Text, sa.ForeignKey("service.code"), primary_key=True),
    sa.Column("row_id", sa.Text, primary_key=True),
    _text("kind"),
    _text("author", null=True),
    _text("reason", null=True),
    _text("changes", null=True),
    _instant("decided_at"),
    _instant("finished_at", null=True),
)
sa.Index(
    "quarantine_resolution_unfinished",
    quarantine_resolution.c.service_code,
    sqlite_where=quarantine_resolution.c.finished_at.is_(None),
    postgresql_where=quarantine_resolution.c.finished_at.is_(None),
)

told_mark = sa.Table(
    "told_mark",
    metadata,
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("mark", sa.BigInteger, nullable=False),
)

correction = sa.Table(
    "correction",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _service(),
    _text("kind"),
    _text("selection"),
    _text("changes"),
    _text("author"),
    _text("reason"),
    _text("reverts_id", sa.ForeignKey("correction.id"), null=True),
    _instant("created_at"),
    _text("watermark"),
    sa.Column("rows_total", sa.BigInteger, nullable=False),
    sa.Column("rows_done", sa.BigInteger, nullable=False),
    _text("status"),
)
sa.Index("correction_service", correction.c.service_code, correction.c.created_at)

erasure = sa.Table(
    "erasure",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _service(),
    _text("kind"),
    _text("scope"),
    _text("author"),
    _text("reason"),
    _text("watermark"),
    _instant("begun_at"),
    _instant("finished_at", null=True),
)

erasure_proof = sa.Table(
    "erasure_proof",
    metadata,
    sa.Column("erasure_id", sa.Text, sa.ForeignKey("erasure.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    _text("part"),
    _text("subscription_external_id", null=True),
    _text("metric_code"),
    _instant("window_start"),
    _instant("window_end"),
    sa.Column("rows_count", sa.BigInteger, nullable=False),
    _text("value_sum", null=True),
    _text("rows_digest"),
    _text("window_key", null=True),
    _text("draft_id", null=True),
    _text("rated_line_id", null=True),
    _text("line_digest", null=True),
    _text("quantity", null=True),
)
sa.Index("erasure_proof_window", erasure_proof.c.window_key)

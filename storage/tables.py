"""The state database's tables: rows that need keys and transactions. No query lives here."""

import sqlalchemy as sa

from storage.columns import Instant, instant, metadata, service_code, text, unique_while_kept

service = sa.Table(
    "service",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    text("name"),
    text("timezone"),
    text("currency"),
    instant("created_at"),
    sa.Column("duplicates", sa.Text, nullable=False, server_default="replay"),
    sa.Column("late_usage", sa.Text, nullable=False, server_default="next_invoice"),
    sa.Column("estimated_tax_rate", sa.Text, nullable=False, server_default="0"),
    sa.Column("mode", sa.Text, nullable=False, server_default="live"),
    sa.Column("posting", sa.Text, nullable=False, server_default="draft"),
    sa.Column("invoice_style", sa.Text, nullable=False, server_default="separate"),
    sa.Column("card_charging", sa.Text, nullable=False, server_default="off"),
)

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("public_id", sa.Text, primary_key=True),
    service_code(),
    text("secret_digest"),
    instant("created_at"),
    instant("expires_at", null=True),
    instant("revoked_at", null=True),
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    service_code(),
    text("external_id"),
    sa.Column("sequential_id", sa.Integer, nullable=False, default=0),
    *(
        text(name, null=True)
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
    instant("created_at"),
    instant("updated_at"),
    instant("deleted_at", null=True),
)
unique_while_kept(account, "service_code", "external_id")

billable_metric = sa.Table(
    "billable_metric",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    service_code(),
    text("code"),
    instant("created_at"),
    instant("deleted_at", null=True),
)
unique_while_kept(billable_metric, "service_code", "code")

billable_metric_version = sa.Table(
    "billable_metric_version",
    metadata,
    sa.Column("metric_id", sa.Text, sa.ForeignKey("billable_metric.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    instant("valid_from"),
    text("body"),
)

plan = sa.Table(
    "plan",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    service_code(),
    text("code"),
    instant("created_at"),
    instant("deleted_at", null=True),
    text("parent_id", null=True),
)
PLAN_IS_LISTED = sa.and_(plan.c.deleted_at.is_(None), plan.c.parent_id.is_(None))
sa.Index(
    "plan_kept_key",
    plan.c.service_code,
    plan.c.code,
    unique=True,
    sqlite_where=PLAN_IS_LISTED,
    postgresql_where=PLAN_IS_LISTED,
)
sa.Index("plan_parent", plan.c.parent_id)

plan_version = sa.Table(
    "plan_version",
    metadata,
    sa.Column("plan_id", sa.Text, sa.ForeignKey("plan.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    instant("valid_from"),
    text("body"),
)

subscription = sa.Table(
    "subscription",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    service_code(),
    text("external_id"),
    text("account_id", sa.ForeignKey("account.id")),
    text("account_external_id"),
    text("plan_id", sa.ForeignKey("plan.id")),
    text("plan_code"),
    text("status"),
    text("billing_time"),
    text("name", null=True),
    instant("subscription_at"),
    instant("started_at", null=True),
    instant("ending_at", null=True),
    instant("terminated_at", null=True),
    instant("canceled_at", null=True),
    instant("created_at"),
    text("previous_id", null=True),
    instant("takes_over_at", null=True),
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
    service_code(),
    instant("cutoff_at"),
    text("watermark"),
    instant("started_at"),
    instant("finished_at", null=True),
    sa.Column("drafts_count", sa.Integer, nullable=False),
)

invoice_draft = sa.Table(
    "invoice_draft",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    service_code(),
    text("billing_run_id", sa.ForeignKey("billing_run.id")),
    text("account_id", sa.ForeignKey("account.id")),
    text("account_external_id"),
    text("subscription_id", sa.ForeignKey("subscription.id")),
    text("subscription_external_id"),
    instant("closing_at"),
    text("status"),
    text("currency"),
    sa.Column("amount_cents", sa.BigInteger, nullable=False),
    text("lines"),
    instant("rated_at"),
    instant("sent_at", null=True),
    sa.Column("odoo_move_id", sa.BigInteger, nullable=True),
    text("problem", null=True),
    instant("usage_until", null=True),
    instant("fee_until", null=True),
    text("periods", null=True),
    sa.UniqueConstraint("subscription_id", "closing_at"),
)
sa.Index("invoice_draft_status", invoice_draft.c.status)

blocked_closing = sa.Table(
    "blocked_closing",
    metadata,
    service_code(),
    sa.Column("subscription_id", sa.Text, primary_key=True),
    text("subscription_external_id"),
    sa.Column("closing_at", Instant, primary_key=True),
    text("problem"),
    instant("blocked_at"),
)

rated_line_outbox = sa.Table(
    "rated_line_outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    text("body"),
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
    service_code(),
    text("sha256"),
    text("file_name"),
    text("format"),
    text("status"),
    sa.Column("rows_done", sa.BigInteger, nullable=False),
    sa.Column("kept_count", sa.BigInteger, nullable=False),
    sa.Column("known_count", sa.BigInteger, nullable=False),
    sa.Column("refused_count", sa.BigInteger, nullable=False),
    text("errors"),
    text("problem", null=True),
    instant("started_at"),
    instant("finished_at", null=True),
    sa.UniqueConstraint("service_code", "sha256"),
)

lifecycle_event = sa.Table(
    "lifecycle_event",
    metadata,
    sa.Column("service_code", sa.Text, sa.ForeignKey("service.code"), primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    text("kind"),
    text("body"),
    instant("created_at"),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    text("holder"),
    sa.Column("token", sa.BigInteger, nullable=False),
    instant("expires_at"),
)

quarantine_resolution = sa.Table(
    "quarantine_resolution",
    metadata,
    sa.Column("service_code", sa.Text, sa.ForeignKey("service.code"), primary_key=True),
    sa.Column("row_id", sa.Text, primary_key=True),
    text("kind"),
    text("author", null=True),
    text("reason", null=True),
    text("changes", null=True),
    instant("decided_at"),
    instant("finished_at", null=True),
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
    service_code(),
    text("kind"),
    text("selection"),
    text("changes"),
    text("author"),
    text("reason"),
    text("reverts_id", sa.ForeignKey("correction.id"), null=True),
    instant("created_at"),
    text("watermark"),
    sa.Column("rows_total", sa.BigInteger, nullable=False),
    sa.Column("rows_done", sa.BigInteger, nullable=False),
    text("status"),
)
sa.Index("correction_service", correction.c.service_code, correction.c.created_at)

erasure = sa.Table(
    "erasure",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    service_code(),
    text("kind"),
    text("scope"),
    text("author"),
    text("reason"),
    text("watermark"),
    instant("begun_at"),
    instant("finished_at", null=True),
)

erasure_proof = sa.Table(
    "erasure_proof",
    metadata,
    sa.Column("erasure_id", sa.Text, sa.ForeignKey("erasure.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    text("part"),
    text("subscription_external_id", null=True),
    text("metric_code"),
    instant("window_start"),
    instant("window_end"),
    sa.Column("rows_count", sa.BigInteger, nullable=False),
    text("value_sum", null=True),
    text("rows_digest"),
    text("window_key", null=True),
    text("draft_id", null=True),
    text("rated_line_id", null=True),
    text("line_digest", null=True),
    text("quantity", null=True),
)
sa.Index("erasure_proof_window", erasure_proof.c.window_key)

"""State tables of the monthly close: what was decided about a service's month, and what was kept.

Rows are only ever added: the newest revision of a service and month says how it stands.
"""

import sqlalchemy as sa

from storage.columns import instant, metadata, text

# A month is its first day as text (2026-10-01): dates sort and compare as they are written.
month_close = sa.Table(
    "month_close",
    metadata,
    sa.Column("service_code", sa.Text, sa.ForeignKey("service.code"), primary_key=True),
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    text("state"),
    text("author"),
    text("reason", null=True),
    sa.Column("is_forced", sa.Boolean, nullable=False),
    instant("decided_at"),
    text("checklist"),
    text("watermark", null=True),
    sa.Column("lake_snapshot", sa.BigInteger, nullable=True),
    instant("known_at", null=True),
    text("sources_digest", null=True),
    sa.Column("revenue_cents", sa.BigInteger, nullable=True),
    text("cogs_cad", null=True),
    text("figures_digest", null=True),
)

# The figures as text (a JSON line a row): their SHA-256 is month_close.figures_digest.
month_close_figures = sa.Table(
    "month_close_figures",
    metadata,
    sa.Column("service_code", sa.Text, primary_key=True),
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    text("body"),
    sa.ForeignKeyConstraint(
        ["service_code", "month", "revision"],
        ["month_close.service_code", "month_close.month", "month_close.revision"],
    ),
)

"""The state database's tables of Odoo's change feed: our invoices as last seen, lines for the lake.

A row of `odoo_move` is made when a draft is sent, and from then on says what Odoo said last.
"""

import sqlalchemy as sa

from storage.columns import instant, metadata, service_code, text

odoo_move = sa.Table(
    "odoo_move",
    metadata,
    sa.Column("odoo_database", sa.Text, primary_key=True),
    sa.Column("move_id", sa.BigInteger, primary_key=True, autoincrement=False),
    service_code(),
    text("account_external_id"),
    text("draft_id", null=True),
    text("move_type"),
    text("state"),
    text("payment_state"),
    text("name"),
    text("currency"),
    sa.Column("untaxed_cents", sa.BigInteger, nullable=False),
    sa.Column("total_cents", sa.BigInteger, nullable=False),
    sa.Column("residual_cents", sa.BigInteger, nullable=False),
    sa.Column("lines_count", sa.Integer, nullable=False),
    text("invoice_date", null=True),
    text("due_date", null=True),
    text("accounting_date", null=True),
    sa.Column("reversed_id", sa.BigInteger, nullable=True),
    instant("written_at"),
    instant("seen_at"),
    sa.Column("lines_revision", sa.Integer, nullable=False),
    sa.Column("is_creation_told", sa.Boolean, nullable=False),
    sa.Column("is_overdue_told", sa.Boolean, nullable=False),
    sa.Column("accepted_cents", sa.BigInteger, nullable=True),
)
sa.Index("odoo_move_draft", odoo_move.c.draft_id)

odoo_move_mark = sa.Table(
    "odoo_move_mark",
    metadata,
    sa.Column("odoo_database", sa.Text, primary_key=True),
    instant("read_until"),
    instant("polled_at"),
    instant("swept_at"),
)

invoice_line_outbox = sa.Table(
    "invoice_line_outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    text("body"),
    sqlite_autoincrement=True,
)

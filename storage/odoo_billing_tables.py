"""The state database's tables of what Odoo does with our drafts besides keeping them.

`odoo_clock_share`: what Odoo's own clock bills of a draft. `odoo_card_charge`: the one charge of a
saved card for an invoice.
"""

import sqlalchemy as sa

from storage.columns import instant, metadata, service_code, text

odoo_clock_share = sa.Table(
    "odoo_clock_share",
    metadata,
    sa.Column("odoo_database", sa.Text, primary_key=True),
    sa.Column("draft_id", sa.Text, sa.ForeignKey("invoice_draft.id"), primary_key=True),
    service_code(),
    sa.Column("order_id", sa.BigInteger, nullable=False),
    text("day"),
    text("status"),
    sa.Column("fee_cents", sa.BigInteger, nullable=False),
    sa.Column("own_cents", sa.BigInteger, nullable=False),
    sa.Column("own_lines_count", sa.Integer, nullable=False),
    sa.Column("clock_move_id", sa.BigInteger, nullable=True),
    text("problem", null=True),
    instant("updated_at"),
    sa.UniqueConstraint("odoo_database", "order_id", "day"),
)

odoo_card_charge = sa.Table(
    "odoo_card_charge",
    metadata,
    sa.Column("odoo_database", sa.Text, primary_key=True),
    sa.Column("draft_id", sa.Text, sa.ForeignKey("invoice_draft.id"), primary_key=True),
    service_code(),
    sa.Column("move_id", sa.BigInteger, nullable=False),
    text("status"),
    sa.Column("payment_id", sa.BigInteger, nullable=True),
    text("problem", null=True),
    instant("updated_at"),
)

"""The state database's tables about Odoo: products as last read, and the orders we keep there.

`provided_plan` also knows which plans a file brought, so that one taken out of it can go.
"""

import sqlalchemy as sa

from storage.columns import instant, metadata, service_code, text

odoo_product = sa.Table(
    "odoo_product",
    metadata,
    sa.Column("odoo_database", sa.Text, primary_key=True),
    sa.Column("product_id", sa.BigInteger, primary_key=True, autoincrement=False),
    text("body"),
    instant("changed_at"),
    text("problem", null=True),
    instant("problem_since", null=True),
    instant("noted_at", null=True),
)

odoo_catalogue_mark = sa.Table(
    "odoo_catalogue_mark",
    metadata,
    sa.Column("odoo_database", sa.Text, primary_key=True),
    instant("read_until"),
    instant("swept_at"),
)

provided_plan = sa.Table(
    "provided_plan",
    metadata,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("service_code", sa.Text, sa.ForeignKey("service.code"), primary_key=True),
    sa.Column("plan_code", sa.Text, primary_key=True),
    text("source"),
)

odoo_order = sa.Table(
    "odoo_order",
    metadata,
    sa.Column("odoo_database", sa.Text, primary_key=True),
    sa.Column("first_subscription_id", sa.Text, primary_key=True),
    service_code(),
    text("subscription_id"),
    sa.Column("order_id", sa.BigInteger, nullable=True),
    text("name", null=True),
    sa.Column("note_line_id", sa.BigInteger, nullable=True),
    text("settled_as", null=True),
    text("problem", null=True),
    instant("updated_at"),
)

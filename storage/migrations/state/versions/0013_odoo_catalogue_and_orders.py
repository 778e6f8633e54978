"""The catalogue as Odoo's products say it, and the order of each subscription."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "odoo_product",
        sa.Column("odoo_database", sa.Text(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("problem_since", sa.BigInteger(), nullable=True),
        sa.Column("noted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("odoo_database", "product_id"),
    )
    op.create_table(
        "odoo_catalogue_mark",
        sa.Column("odoo_database", sa.Text(), nullable=False),
        sa.Column("read_until", sa.BigInteger(), nullable=False),
        sa.Column("swept_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("odoo_database"),
    )
    op.create_table(
        "provided_plan",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("plan_code", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["service_code"], ["service.code"]),
        sa.PrimaryKeyConstraint("provider", "service_code", "plan_code"),
    )
    op.create_table(
        "odoo_order",
        sa.Column("odoo_database", sa.Text(), nullable=False),
        sa.Column("first_subscription_id", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("note_line_id", sa.BigInteger(), nullable=True),
        sa.Column("settled_as", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["service_code"], ["service.code"]),
        sa.PrimaryKeyConstraint("odoo_database", "first_subscription_id"),
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("odoo_order")
    op.drop_table("provided_plan")
    op.drop_table("odoo_catalogue_mark")
    op.drop_table("odoo_product")

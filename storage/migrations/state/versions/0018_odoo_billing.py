"""How a service's invoices are made and paid in Odoo: with its clock's, and by saved cards."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply this step; no card is charged until a service asks for it."""
    style = sa.Column("invoice_style", sa.Text(), nullable=False, server_default="separate")
    op.add_column("service", style)
    charging = sa.Column("card_charging", sa.Text(), nullable=False, server_default="off")
    op.add_column("service", charging)
    op.create_table(
        "odoo_clock_share",
        sa.Column("odoo_database", sa.Text(), nullable=False),
        sa.Column("draft_id", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("fee_cents", sa.BigInteger(), nullable=False),
        sa.Column("own_cents", sa.BigInteger(), nullable=False),
        sa.Column("own_lines_count", sa.Integer(), nullable=False),
        sa.Column("clock_move_id", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["invoice_draft.id"]),
        sa.ForeignKeyConstraint(["service_code"], ["service.code"]),
        sa.PrimaryKeyConstraint("odoo_database", "draft_id"),
        sa.UniqueConstraint("odoo_database", "order_id", "day"),
    )
    op.create_table(
        "odoo_card_charge",
        sa.Column("odoo_database", sa.Text(), nullable=False),
        sa.Column("draft_id", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("move_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["invoice_draft.id"]),
        sa.ForeignKeyConstraint(["service_code"], ["service.code"]),
        sa.PrimaryKeyConstraint("odoo_database", "draft_id"),
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("odoo_card_charge")
    op.drop_table("odoo_clock_share")
    with op.batch_alter_table("service") as service:
        service.drop_column("card_charging")
        service.drop_column("invoice_style")

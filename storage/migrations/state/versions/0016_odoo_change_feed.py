"""Our invoices as Odoo said them last, lines on their way to the lake, and who posts invoices."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply this step; a service's invoices stay drafts until people post them, as before."""
    posting = sa.Column("posting", sa.Text(), nullable=False, server_default="draft")
    op.add_column("service", posting)
    op.create_table(
        "odoo_move",
        sa.Column("odoo_database", sa.Text(), nullable=False),
        sa.Column("move_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("account_external_id", sa.Text(), nullable=False),
        sa.Column("draft_id", sa.Text(), nullable=True),
        sa.Column("move_type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("payment_state", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("untaxed_cents", sa.BigInteger(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("residual_cents", sa.BigInteger(), nullable=False),
        sa.Column("lines_count", sa.Integer(), nullable=False),
        sa.Column("invoice_date", sa.Text(), nullable=True),
        sa.Column("due_date", sa.Text(), nullable=True),
        sa.Column("accounting_date", sa.Text(), nullable=True),
        sa.Column("reversed_id", sa.BigInteger(), nullable=True),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("lines_revision", sa.Integer(), nullable=False),
        sa.Column("is_creation_told", sa.Boolean(), nullable=False),
        sa.Column("is_overdue_told", sa.Boolean(), nullable=False),
        sa.Column("accepted_cents", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["service_code"], ["service.code"]),
        sa.PrimaryKeyConstraint("odoo_database", "move_id"),
    )
    op.create_index("odoo_move_draft", "odoo_move", ["draft_id"])
    op.create_table(
        "odoo_move_mark",
        sa.Column("odoo_database", sa.Text(), nullable=False),
        sa.Column("read_until", sa.BigInteger(), nullable=False),
        sa.Column("polled_at", sa.BigInteger(), nullable=False),
        sa.Column("swept_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("odoo_database"),
    )
    op.create_table(
        "invoice_line_outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("invoice_line_outbox")
    op.drop_table("odoo_move_mark")
    op.drop_table("odoo_move")
    with op.batch_alter_table("service") as service:
        service.drop_column("posting")

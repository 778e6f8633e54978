"""What was decided about quarantined usage, and up to where apps were told of their faults."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "quarantine_resolution",
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changes", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["service_code"], ["service.code"]),
        sa.PrimaryKeyConstraint("service_code", "row_id"),
    )
    unfinished = sa.text("finished_at IS NULL")
    op.create_index(
        "quarantine_resolution_unfinished",
        "quarantine_resolution",
        ["service_code"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_table(
        "told_mark",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "shard"),
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("told_mark")
    op.drop_table("quarantine_resolution")

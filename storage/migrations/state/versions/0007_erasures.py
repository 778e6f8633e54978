"""Proofs of erased usage."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "erasure",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("watermark", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["service_code"], ["service.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "erasure_proof",
        sa.Column("erasure_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("subscription_external_id", sa.Text(), nullable=True),
        sa.Column("metric_code", sa.Text(), nullable=False),
        sa.Column("window_start", sa.BigInteger(), nullable=False),
        sa.Column("window_end", sa.BigInteger(), nullable=False),
        sa.Column("rows_count", sa.BigInteger(), nullable=False),
        sa.Column("value_sum", sa.Text(), nullable=True),
        sa.Column("rows_digest", sa.Text(), nullable=False),
        sa.Column("window_key", sa.Text(), nullable=True),
        sa.Column("draft_id", sa.Text(), nullable=True),
        sa.Column("rated_line_id", sa.Text(), nullable=True),
        sa.Column("line_digest", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasure.id"]),
        sa.PrimaryKeyConstraint("erasure_id", "position"),
    )
    op.create_index("erasure_proof_window", "erasure_proof", ["window_key"])


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("erasure_proof")
    op.drop_table("erasure")

"""A service's answer to a repeated push."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply this step."""
    with op.batch_alter_table("service") as batch_op:
        batch_op.add_column(
            sa.Column("duplicates", sa.Text(), nullable=False, server_default="replay")
        )


def downgrade() -> None:
    """Undo this step."""
    with op.batch_alter_table("service") as batch_op:
        batch_op.drop_column("duplicates")

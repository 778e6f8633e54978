"""Which plan a plan was made from: the one of a single subscription has its parent's code."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
KEPT = "deleted_at IS NULL"


def upgrade() -> None:
    """Apply this step."""
    op.add_column("plan", sa.Column("parent_id", sa.Text(), nullable=True))
    _replace_kept_key(f"{KEPT} AND parent_id IS NULL")
    op.create_index("plan_parent", "plan", ["parent_id"])


def downgrade() -> None:
    """Undo this step; a code that is kept twice must be mended by hand first."""
    op.drop_index("plan_parent", "plan")
    _replace_kept_key(KEPT)
    with op.batch_alter_table("plan") as plan:
        plan.drop_column("parent_id")


def _replace_kept_key(condition: str) -> None:
    op.drop_index("plan_kept_key", "plan")
    op.create_index(
        "plan_kept_key",
        "plan",
        ["service_code", "code"],
        unique=True,
        sqlite_where=sa.text(condition),
        postgresql_where=sa.text(condition),
    )

"""How a metric's counter pushes are to be read: a member of each version's body, null when absent.

Versions kept before this step need no change: a body without the member takes no counter pushes.
"""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Change nothing: the member is read where it is."""


def downgrade() -> None:
    """Change nothing: the member is ignored by what ran before."""

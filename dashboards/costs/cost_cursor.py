"""How far each source of costs was read, kept in state in the source's own words."""

from datetime import datetime

import sqlalchemy as sa

from storage.cost_tables import cost_cursor


def cursor_position(connection: sa.Connection, source: str) -> str | None:
    """Return where the last reading of a source ended, None before the first."""
    asked = sa.select(cost_cursor.c.position).where(cost_cursor.c.source == source)
    return connection.scalar(asked)


def move_cursor(connection: sa.Connection, source: str, position: str, at: datetime) -> None:
    """Keep where a reading ended."""
    connection.execute(cost_cursor.delete().where(cost_cursor.c.source == source))
    moved = cost_cursor.insert().values(source=source, position=position, moved_at=at)
    connection.execute(moved)

"""What the columns of the state database's tables are made of."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept as integer microseconds since the epoch: exact and sortable."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(  # named by SQLAlchemy
        self, value: datetime | None, _dialect: Dialect
    ) -> int | None:
        """Refuse naive times; they would be read in a timezone nobody chose."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a timezone")
        return (value - EPOCH) // MICROSECOND

    def process_result_value(  # named by SQLAlchemy
        self, value: int | None, _dialect: Dialect
    ) -> datetime | None:
        """Return the instant in UTC."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


metadata = sa.MetaData()


def text(name: str, *constraints: sa.ForeignKey, null: bool = False) -> sa.Column[str]:
    """Return a column of text."""
    return sa.Column(name, sa.Text, *constraints, nullable=null)


def instant(name: str, *, null: bool = False) -> sa.Column[datetime]:
    """Return a column of instants."""
    return sa.Column(name, Instant, nullable=null)


def service_code() -> sa.Column[str]:
    """Return the column that says whose the row is."""
    return text("service_code", sa.ForeignKey("service.code"))


def unique_while_kept(table: sa.Table, *columns: str) -> None:
    """Make columns unique among rows that are not deleted."""
    sa.Index(
        f"{table.name}_kept_key",
        *(table.c[name] for name in columns),
        unique=True,
        sqlite_where=table.c.deleted_at.is_(None),
        postgresql_where=table.c.deleted_at.is_(None),
    )

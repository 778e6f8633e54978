"""The price list of estimates in the state database: each change is a revision."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa

from catalog.errors import NotFound
from catalog.money import decimal_text
from dashboards.costs.estimates import CostPrice
from storage.cost_tables import cost_price


def cost_prices(connection: sa.Connection, as_of: datetime | None = None) -> list[CostPrice]:
    """Return every price as it was known at a time."""
    asked = sa.select(cost_price).order_by(cost_price.c.revision)
    if as_of is not None:
        asked = asked.where(cost_price.c.recorded_at <= as_of)
    newest = {row.id: row for row in connection.execute(asked)}
    return sorted(map(_price, newest.values()), key=lambda price: (price.valid_from, price.id))


def add_price(connection: sa.Connection, price: CostPrice, at: datetime) -> None:
    """Keep a price, or a new revision of one."""
    last = sa.select(sa.func.max(cost_price.c.revision)).where(cost_price.c.id == price.id)
    connection.execute(
        cost_price.insert().values(
            id=price.id,
            revision=(connection.scalar(last) or 0) + 1,
            provider=price.provider,
            provider_service=price.provider_service,
            service=price.service,
            metric_code=price.metric_code,
            unit_price=decimal_text(price.unit_price),
            currency=price.currency,
            valid_from=price.valid_from.isoformat(),
            valid_until=price.valid_until.isoformat() if price.valid_until else None,
            is_override=price.is_override,
            recorded_at=at,
        )
    )


def end_price(connection: sa.Connection, price_id: str, until: date, at: datetime) -> CostPrice:
    """Let a price end on a day (excluded); NotFound without it."""
    found = next((price for price in cost_prices(connection) if price.id == price_id), None)
    if found is None:
        raise NotFound("cost_price")
    if until < found.valid_from:
        raise ValueError("a price can't end before it begins")
    ended = replace(found, valid_until=until)
    add_price(connection, ended, at)
    return ended


def _price(row: sa.Row[tuple[object, ...]]) -> CostPrice:
    return CostPrice(
        id=row.id,
        provider=row.provider,
        provider_service=row.provider_service,
        service=row.service,
        metric_code=row.metric_code,
        unit_price=Decimal(row.unit_price),
        currency=row.currency,
        valid_from=date.fromisoformat(row.valid_from),
        valid_until=date.fromisoformat(row.valid_until) if row.valid_until else None,
        is_override=row.is_override,
    )

"""Vectors of charge models: units and properties in, the exact price out."""

from dataclasses import asdict
from decimal import Decimal

from aggregation.quantity import Quantity
from catalog.money import MONEY_CONTEXT
from rating.charge_models import model_price, tier_shares, unit_amount
from rating.estimates.instant import instant_price
from tests.lago_vectors.reading import Computed, Vector
from tests.lago_vectors.terms import vector_terms

CURRENCY = "EUR"
CENTS = Decimal(100)


def computed(vector: Vector) -> Computed:
    """Return the price of a vector's units, what a unit came to, and each tier's share."""
    terms, quantity = vector_terms(vector["model"], vector["properties"]), vector_quantity(vector)
    if vector.get("single_transaction_estimate"):
        price = instant_price(terms, quantity.units)
    else:
        price = model_price(terms, quantity, CURRENCY)
    return {
        "amount": price.amount,
        "unit_amount": unit_amount(terms, quantity, price),
        "ranges": [asdict(share) for share in tier_shares(price)],
    }


def vector_quantity(vector: Vector) -> Quantity:
    """Return a vector's units, and what it tells of their events."""
    values = vector.get("event_full_units", vector.get("events_values"))
    full_units = _decimal(vector.get("full_units"))
    if "event_full_units" in vector:
        full_units = sum(_decimals(vector["event_full_units"]), Decimal(0))
    return Quantity(
        units=Decimal(vector["units"]),
        events_count=len(values or ()),
        event_values=None if values is None else _decimals(values),
        full_units=full_units,
        event_prorated_values=(
            _decimals(vector["event_prorated_units"]) if "event_prorated_units" in vector else None
        ),
        precise_total_amount_cents=_own_cents(vector),
    )


def _own_cents(vector: Vector) -> Decimal | None:
    """Return the price that usage brought: the events' in cents, the metric's in units."""
    custom = vector.get("custom_aggregation")
    if custom is None:
        return _decimal(vector.get("precise_total_amount_cents"))
    return MONEY_CONTEXT.multiply(Decimal(custom["amount"]), CENTS)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _decimals(texts: list[str]) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in texts)

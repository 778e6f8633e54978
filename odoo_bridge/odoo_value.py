"""Values as they cross the wire: Odoo's JSON has no static type and gives money as floats. Pure."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

OdooValue: TypeAlias = Any
"""What Odoo takes and gives as JSON."""


def from_odoo_amount(amount: OdooValue) -> Decimal:
    """Return an amount that Odoo rounded to the currency, exactly as it is written."""
    return Decimal(repr(amount))


def from_odoo_instant(told: OdooValue) -> datetime:
    """Return an instant from Odoo's text, which is UTC and names no timezone."""
    return datetime.fromisoformat(str(told)).replace(tzinfo=UTC)

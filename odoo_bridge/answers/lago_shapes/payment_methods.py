"""Saved cards in Lago's words. Pure."""

from catalog.lago_shapes.times import iso_seconds
from odoo_bridge.answers.payment_methods import PaymentMethod


def to_lago_payment_method(method: PaymentMethod, *, is_default: bool) -> dict[str, object]:
    """Return the card; the digits that Odoo shows stand for the provider's own id."""
    return {
        "lago_id": method.lago_id,
        "is_default": is_default,
        "payment_provider_code": method.provider_code,
        "payment_provider_name": method.provider_name,
        "payment_provider_type": method.provider_code,
        "provider_method_id": method.details,
        "created_at": iso_seconds(method.created_at),
    }

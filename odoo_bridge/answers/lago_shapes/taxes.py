"""Taxes in Lago's words. Pure."""

from catalog.lago_shapes.times import iso_seconds
from odoo_bridge.answers.lago_shapes.parts import json_number
from odoo_bridge.answers.taxes import Tax


def to_lago_tax(tax: Tax) -> dict[str, object]:
    """Return the tax; the company's default is the one that Lago calls the organization's."""
    return {
        "lago_id": tax.lago_id,
        "name": tax.name,
        "code": tax.code,
        "description": tax.description,
        "rate": json_number(tax.rate),
        "applied_to_organization": tax.is_default,
        "applied_to_billing_entities_codes": [],
        "created_at": iso_seconds(tax.created_at),
    }

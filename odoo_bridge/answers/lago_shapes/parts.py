"""What several of Odoo's records have in common in Lago's words. Pure."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import msgspec

from catalog.lago_shapes.times import iso_seconds
from catalog.money import decimal_text
from odoo_bridge.answers.lago_ids import odoo_lago_id
from odoo_bridge.answers.move import AppliedTax

TAX_MODEL = "account.tax"


def iso_day(day: date | None) -> str | None:
    """Return a day as Lago writes it, or None."""
    return None if day is None else day.isoformat()


def json_number(value: Decimal) -> msgspec.Raw:
    """Return a decimal as a JSON number, every digit kept: Lago writes rates so."""
    return msgspec.Raw(decimal_text(value).encode())


def tax_code(name: str, tax_id: int) -> str:
    """Return the code of a tax of Odoo, which has none: its name's letters and digits, its id."""
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return "_".join([*words, str(tax_id)])


def to_lago_applied_tax(
    tax: AppliedTax, *, owner: str, owner_id: str, database: str, currency: str, at: datetime
) -> dict[str, object]:
    """Return a tax on a document; `owner` names the member with the document's id."""
    lago_tax_id = odoo_lago_id(database, TAX_MODEL, tax.tax_id)
    base = "fees_amount_cents" if owner == "lago_invoice_id" else "base_amount_cents"
    return {
        "lago_id": odoo_lago_id(database, f"{owner_id} {TAX_MODEL}", tax.tax_id),
        owner: owner_id,
        "lago_tax_id": lago_tax_id,
        "tax_name": tax.name,
        "tax_code": tax_code(tax.name, tax.tax_id),
        "tax_rate": json_number(tax.rate),
        "tax_description": tax.description,
        "amount_cents": tax.amount_cents,
        "amount_currency": currency,
        base: tax.base_cents,
        "created_at": iso_seconds(at),
    }


def total_rate(taxes: Sequence[AppliedTax]) -> msgspec.Raw:
    """Return the rates of a document's taxes, added up."""
    return json_number(sum((tax.rate for tax in taxes), Decimal(0)))

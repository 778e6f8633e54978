"""The company of Odoo that bills: what its currency, default tax and rounding are."""

from dataclasses import dataclass

from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue

ROUND_GLOBALLY = "round_globally"


@dataclass(frozen=True, slots=True)
class OdooCompany:
    """What matters to billing of one company; no sale tax means that no tax is charged."""

    name: str
    currency: str
    sale_tax: str | None
    tax_rounding: str


def company_of(odoo: OdooConnection) -> OdooCompany:
    """Return the company that the entered user works for."""
    user = odoo.call("res.users", "read", [odoo.user_id], ["company_id"])[0]
    fields = ["name", "currency_id", "account_sale_tax_id", "tax_calculation_rounding_method"]
    return from_odoo_company(odoo.call("res.company", "read", [user["company_id"][0]], fields)[0])


def from_odoo_company(read: OdooValue) -> OdooCompany:
    """Return a company from what Odoo reads of it."""
    tax = read["account_sale_tax_id"]
    return OdooCompany(
        name=str(read["name"]),
        currency=str(read["currency_id"][1]),
        sale_tax=str(tax[1]) if tax else None,
        tax_rounding=str(read["tax_calculation_rounding_method"]),
    )

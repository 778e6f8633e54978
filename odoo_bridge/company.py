"""The company of Odoo that bills: what its currency, default tax, rounding and locks are."""

from collections.abc import Mapping
from dataclasses import dataclass

from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue

ROUND_GLOBALLY = "round_globally"
LOCK_DATES = {
    "fiscalyear_lock_date": "the global lock date",
    "tax_lock_date": "the tax return lock date",
    "sale_lock_date": "the sales lock date",
    "hard_lock_date": "the hard lock date",
}
READ_FIELDS = [
    *("name", "currency_id", "account_sale_tax_id", "tax_calculation_rounding_method"),
    *("account_fiscal_country_id", "restrictive_audit_trail", *LOCK_DATES),
]


@dataclass(frozen=True, slots=True)
class OdooCompany:
    """What matters to billing of one company; no sale tax means that no tax is charged.

    `locked_until` has the ISO dates up to which the books are locked, by the lock's field; with
    `keeps_audit_trail` Odoo forbids to lose the history of what was posted once.
    """

    company_id: int
    name: str
    currency: str
    sale_tax: str | None
    sale_tax_id: int | None
    tax_rounding: str
    fiscal_country_id: int | None
    locked_until: Mapping[str, str]
    keeps_audit_trail: bool = False


def company_of(odoo: OdooConnection) -> OdooCompany:
    """Return the company that the entered user works for."""
    user = odoo.call("res.users", "read", [odoo.user_id], ["company_id"])[0]
    return from_odoo_company(
        odoo.call("res.company", "read", [user["company_id"][0]], READ_FIELDS)[0]
    )


def from_odoo_company(read: OdooValue) -> OdooCompany:
    """Return a company from what Odoo reads of it."""
    tax, country = read["account_sale_tax_id"], read["account_fiscal_country_id"]
    return OdooCompany(
        company_id=int(read["id"]),
        name=str(read["name"]),
        currency=str(read["currency_id"][1]),
        sale_tax=str(tax[1]) if tax else None,
        sale_tax_id=int(tax[0]) if tax else None,
        tax_rounding=str(read["tax_calculation_rounding_method"]),
        fiscal_country_id=int(country[0]) if country else None,
        locked_until={name: str(read[name]) for name in LOCK_DATES if read[name]},
        keeps_audit_trail=bool(read["restrictive_audit_trail"]),
    )

"""Provinces of Canada without a fiscal position: Odoo would tax their clients like those abroad.

Judged where the company is Canadian and has a default sales tax, as `check` does.
"""

from odoo_bridge.checks.taxes import RATES
from odoo_bridge.company import OdooCompany
from odoo_bridge.connection import OdooConnection

PARTNER = "res.partner"
POSITION = "account.fiscal.position"


def provinces_without_position(odoo: OdooConnection, company: OdooCompany) -> frozenset[int]:
    """Return the ids of provinces that no position applies to by itself, in two calls.

    A position for all of Canada applies to each of them.
    """
    if company.sale_tax_id is None or company.fiscal_country_id is None:
        return frozenset()
    in_canada = [["country_id", "=", company.fiscal_country_id], ["country_id.code", "=", "CA"]]
    named = [*in_canada, ["code", "in", list(RATES)]]
    provinces = frozenset(map(int, odoo.call("res.country.state", "search", named)))
    if not provinces:
        return provinces
    applied = [
        *(*in_canada, ["auto_apply", "=", True], ["vat_required", "=", False]),
        ["company_id", "=", company.company_id],
    ]
    positions = odoo.call(POSITION, "search_read", applied, ["state_ids"])
    if not all(position["state_ids"] for position in positions):
        return frozenset()
    return provinces - {int(one) for position in positions for one in position["state_ids"]}


def province_fault(odoo: OdooConnection, partner_id: int, provinces: frozenset[int]) -> str | None:
    """Return why a partner in one of these provinces can't be billed; None for all others.

    One whose fiscal position was set by hand is taxed by that.
    """
    if not provinces:
        return None
    there = [
        *(["id", "=", partner_id], ["state_id", "in", sorted(provinces)]),
        ["property_account_position_id", "=", False],
    ]
    for found in odoo.call(PARTNER, "search_read", there, ["display_name", "state_id"]):
        return (
            f"partner {found['display_name']} (#{partner_id}) is in {found['state_id'][1]}, for "
            "which Odoo has no fiscal position, and so would not tax it as that province does: "
            "load the Canadian fiscal positions again, with 'Detect Automatically' on, or set one "
            "on the partner, then send again"
        )
    return None

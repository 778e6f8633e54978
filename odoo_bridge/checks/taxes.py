"""What each province of Canada is taxed: Odoo's fiscal positions beside the rates in force.

A province without a position would be taxed like the company's own.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from odoo_bridge.checks.finding import Finding, fail, ok, warn
from odoo_bridge.company import OdooCompany, company_of
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue, from_odoo_amount

# Sales tax on services in percent: GST or HST plus PST or QST, since 2025-04-01.
RATES = {
    **dict.fromkeys(("AB", "NT", "NU", "YT"), Decimal(5)),
    **dict.fromkeys(("BC", "MB"), Decimal(12)),
    **dict.fromkeys(("NB", "NL", "PE"), Decimal(15)),
    "NS": Decimal(14),
    "ON": Decimal(13),
    "QC": Decimal("14.975"),
    "SK": Decimal(11),
}
POSITION_FIELDS = ["state_ids", "tax_map", "tax_ids"]


def look_at_taxes(odoo: OdooConnection) -> Iterator[Finding]:
    """Yield whether Canadian provinces are taxed as the law says; other countries are not judged.

    A company without a default sales tax has nothing that a position could replace.
    """
    company = company_of(odoo)
    canada = odoo.call("res.country", "search", [["code", "=", "CA"]])
    if company.fiscal_country_id not in canada:
        yield ok("the company's taxes are not Canadian: not judged")
    elif company.sale_tax_id is not None:
        yield from _judged(_rates_found(odoo, company, canada[0]))


def _judged(found: Mapping[str, Decimal | None]) -> Iterator[Finding]:
    missing = sorted(code for code, rate in found.items() if rate is None)
    if missing:
        yield fail(
            f"no fiscal position for {', '.join(missing)}: taxed like the company's own province",
            "load the Canadian fiscal positions again, with 'Detect Automatically' on",
        )
    for code, rate in found.items():
        if rate is not None and rate != RATES[code]:
            words = f"{code} is taxed at {rate.normalize():f} %, the law says {RATES[code]} %"
            yield warn(words, f"look at the taxes of the fiscal position of {code}")
    right = [f"{code} {rate.normalize():f}" for code, rate in found.items() if rate == RATES[code]]
    if right:
        yield ok(f"sales tax by province, in percent: {', '.join(right)}")


def _rates_found(
    odoo: OdooConnection, company: OdooCompany, canada_id: int
) -> dict[str, Decimal | None]:
    """Return the percentage that the default sales tax becomes in each province."""
    provinces = _provinces(odoo, canada_id)
    positions = _positions(odoo, company, canada_id)
    tax_ids = {state_id: _replaced(position, company) for state_id, position in positions.items()}
    percentages = _percentages(odoo, sorted({tax_id for ids in tax_ids.values() for tax_id in ids}))
    return {
        code: sum((percentages[tax_id] for tax_id in tax_ids[state_id]), Decimal(0))
        if state_id in tax_ids
        else None
        for code, state_id in sorted(provinces.items())
    }


def _provinces(odoo: OdooConnection, canada_id: int) -> dict[str, int]:
    domain = [["country_id", "=", canada_id], ["code", "in", list(RATES)]]
    found = odoo.call("res.country.state", "search_read", domain, ["code"])
    return {str(state["code"]): int(state["id"]) for state in found}


def _positions(odoo: OdooConnection, company: OdooCompany, canada_id: int) -> dict[int, OdooValue]:
    """Return the fiscal position that Odoo applies by itself in each province, by state id."""
    domain = [
        *(["auto_apply", "=", True], ["country_id", "=", canada_id]),
        *(["company_id", "=", company.company_id], ["vat_required", "=", False]),
    ]
    found = odoo.call("account.fiscal.position", "search_read", domain, POSITION_FIELDS)
    by_state: dict[int, OdooValue] = {}
    for position in found:
        for state_id in position["state_ids"]:
            by_state.setdefault(int(state_id), position)
    return by_state


def _replaced(position: OdooValue, company: OdooCompany) -> list[int]:
    """Return the taxes that a position puts in place of the company's default (Odoo: map_tax)."""
    if not position["tax_ids"]:
        return []
    default = company.sale_tax_id
    return [int(tax_id) for tax_id in (position["tax_map"] or {}).get(str(default), [default])]


def _percentages(odoo: OdooConnection, tax_ids: list[int]) -> dict[int, Decimal]:
    """Return the percentage of each tax; that of a group is the sum of its taxes."""
    fields = ["amount", "amount_type", "children_tax_ids"]
    taxes = odoo.call("account.tax", "read", tax_ids, fields)
    children = sorted({child for tax in taxes for child in tax["children_tax_ids"]})
    inside = odoo.call("account.tax", "read", children, ["amount"]) if children else []
    amounts = {int(tax["id"]): from_odoo_amount(tax["amount"]) for tax in [*inside, *taxes]}
    return {
        int(tax["id"]): sum((amounts[child] for child in tax["children_tax_ids"]), Decimal(0))
        if tax["amount_type"] == "group"
        else amounts[int(tax["id"])]
        for tax in taxes
    }

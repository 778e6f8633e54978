"""Which provinces have no fiscal position: judged where the company charges Canadian tax."""

from dataclasses import replace

import pytest

from odoo_bridge.checks.provinces import province_fault, provinces_without_position
from odoo_bridge.company import OdooCompany
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from tests.odoo_bridge.scripted_odoo import ScriptedOdoo, result

COMPANY = OdooCompany(1, "Acme", "CAD", "13% HST", 3, "round_globally", 38, {})
ONTARIO, QUEBEC = 7, 8


@pytest.mark.parametrize(
    ("positions", "without"),
    [
        ([[ONTARIO], [QUEBEC]], frozenset()),
        ([[ONTARIO]], frozenset({QUEBEC})),
        ([[ONTARIO], []], frozenset()),
        ([], frozenset({ONTARIO, QUEBEC})),
    ],
)
def test_a_position_for_all_of_canada_covers_each_province(
    server: ScriptedOdoo,
    odoo: OdooConnection,
    positions: list[list[OdooValue]],
    without: frozenset[int],
) -> None:
    """A province is covered by a position that names it, or by one that names none."""
    told = [{"id": number, "state_ids": ids} for number, ids in enumerate(positions, 1)]
    server.script.extend([result([ONTARIO, QUEBEC]), result(told)])

    assert provinces_without_position(odoo, COMPANY) == without


def test_a_company_abroad_is_not_judged(server: ScriptedOdoo, odoo: OdooConnection) -> None:
    """Where the company's country has no provinces of Canada, nothing else is asked."""
    server.script.append(result([]))

    assert provinces_without_position(odoo, COMPANY) == frozenset()
    assert len(server.asked) == 1


def test_a_company_without_sales_tax_is_not_judged(
    server: ScriptedOdoo, odoo: OdooConnection
) -> None:
    """A small supplier charges no tax: there is nothing that a position could replace."""
    assert provinces_without_position(odoo, replace(COMPANY, sale_tax_id=None)) == frozenset()
    assert province_fault(odoo, 5, frozenset()) is None
    assert server.asked == []

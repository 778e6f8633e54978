"""Which partners can be billed as they stand."""

from dataclasses import replace

import pytest

from odoo_bridge.partner_matches import OdooPartner
from odoo_bridge.partners import partner_fault

ACME = OdooPartner(
    partner_id=7,
    name="Acme",
    is_active=True,
    commercial_id=7,
    email="",
    vat="",
    country_code="CA",
    province="Ontario (CA)",
    has_fiscal_position=False,
)


@pytest.mark.parametrize(
    "partner",
    [
        ACME,
        replace(ACME, country_code="FR", province=""),
        replace(ACME, country_code="", province="", has_fiscal_position=True),
    ],
)
def test_a_partner_whose_tax_is_known_can_be_billed(partner: OdooPartner) -> None:
    """A province at home, a country abroad or a position set by hand decides the tax."""
    assert partner_fault(partner) is None


@pytest.mark.parametrize(
    ("partner", "words"),
    [
        (replace(ACME, country_code=""), "no country"),
        (replace(ACME, province=""), "no province"),
        (replace(ACME, is_active=False, has_fiscal_position=True), "archived"),
    ],
)
def test_any_other_partner_says_what_to_mend(partner: OdooPartner, words: str) -> None:
    """A partner that Odoo would tax by default, or that was archived, is named with the remedy."""
    told = str(partner_fault(partner))

    assert words in told
    assert "Acme (#7)" in told
    assert "send again" in told

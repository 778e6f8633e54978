"""What is odd or wrong in one draft, on a real Odoo 19: kept as text, or parked with its reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.partners import partner_id_of
from odoo_bridge.product_rows import ProductKey
from odoo_bridge.products import product_ids_of
from odoo_bridge.send_report import Outcome
from rating.invoice_draft import InvoiceDraft
from tests.odoo.house import House
from tests.odoo_bridge.makers import a_draft, a_line, entered

pytestmark = pytest.mark.xdist_group("odoo")

MARKUP = "<script>alert('1')</script> ${7*7} & \"Ünï\u0301\u202e\" "
LONG = (MARKUP * 400)[:10_000].strip()
# Sixteen digits, one more than Odoo's floats hold.
HUGE_CENTS = 1_234_567_890_123_456


def kept(house: House, name: str, draft: InvoiceDraft, **known: str) -> InvoiceDraft:
    """Keep a draft of a client of its own."""
    account = house.account(name, email=f"{name}@{house.tag}.example", **known)
    return house.books.add(account, draft)


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
def test_the_rest_of_a_batch_goes_on(house: House, transport: str) -> None:
    """An archived product, an amount past Odoo's digits and a lost address hold only their own."""
    odoo = entered(house.keyed, transport=transport)
    code = f"old{house.tag}"
    key = ProductKey("nexadesk", code)
    product = product_ids_of(odoo, [key])[key]
    house.inside.call("product.product", "write", [product], {"active": False})

    def of(name: str) -> InvoiceDraft:
        return a_draft(house.account(name))

    archived = kept(house, "a", a_draft(house.account("a"), lines=[a_line(500, charge_code=code)]))
    huge = kept(house, "b", a_draft(house.account("b"), [HUGE_CENTS]))
    adrift = house.account("c", email=f"c@{house.tag}.example")
    moved = house.books.add(adrift, of("c"))
    partner = partner_id_of(house.books.state, odoo, adrift)
    house.inside.call("res.partner", "write", [partner], {"country_id": False, "state_id": False})
    foreign = kept(house, "d", a_draft(house.account("d"), currency="EUR"))
    well = [kept(house, name, of(name)) for name in ("e", "f")]
    report = house.books.send(odoo)
    problems = {one.draft.id: one.message for one in report.drafts}

    assert (report.sent, report.parked, report.stopped_by) == (len(well), 4, None)
    assert "is archived in Odoo: unarchive it" in problems[archived.id]
    assert "Odoo's numbers hold 15 digits" in problems[huge.id]
    assert "has no country in Odoo" in problems[moved.id]
    assert "the draft is in EUR" in problems[foreign.id]
    sent = {move["x_fc_draft_id"] for move in house.moves()}
    assert {one.id for one in well} <= sent
    assert not sent & {archived.id, moved.id, foreign.id}


def taxed(house: House, name: str, **tax: OdooValue) -> InvoiceDraft:
    """Keep a draft whose product a person gave a tax of its own."""
    told = {"name": f"{name} {house.tag}", "amount": 7.0, "type_tax_use": "sale"}
    tax_ids = house.inside.call("account.tax", "create", [told | tax])
    key = ProductKey("nexadesk", f"{name}{house.tag}")
    product = product_ids_of(house.odoo, [key])[key]
    house.inside.call("product.product", "write", [product], {"taxes_id": [(6, 0, tax_ids)]})
    lines = [a_line(10_000, charge_code=key.charge_code)]
    return kept(house, name, a_draft(house.account(name), lines=lines))


@contextmanager
def no_position_for(house: House, province: str) -> Iterator[None]:
    """Let Odoo apply no fiscal position to a province for a while."""
    inside = house.inside
    asked = [["state_ids.code", "=", province], ["country_id.code", "=", "CA"]]
    positions = inside.call("account.fiscal.position", "search", asked)
    inside.call("account.fiscal.position", "write", positions, {"auto_apply": False})
    try:
        yield
    finally:
        inside.call("account.fiscal.position", "write", positions, {"auto_apply": True})


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
def test_taxes_set_up_oddly_hold_only_their_own(house: House, transport: str) -> None:
    """A foreign tax, one inside the price and a province without a rule park; the rest goes on."""
    odoo = entered(house.keyed, transport=transport)
    abroad = {"country_id": house.inside.record_id("base.us")}
    group = house.inside.call("account.tax.group", "create", [abroad | {"name": house.tag}])
    foreign = taxed(house, "foreign", tax_group_id=group[0], **abroad)
    inside = taxed(house, "inside", price_include_override="tax_included")
    west = kept(house, "west", a_draft(house.account("west")), state="BC")
    well = kept(house, "well", a_draft(house.account("well")))
    with no_position_for(house, "BC"):
        report = house.books.send(odoo)
    problems = {one.draft.id: one.message for one in report.drafts}

    assert (report.sent, report.parked, report.stopped_by) == (1, 3, None)
    assert "taxes that are not compatible with your fiscal position" in problems[foreign.id]
    assert "included in their price" in problems[inside.id]
    assert "British Columbia (CA), for which Odoo has no fiscal position" in problems[west.id]
    assert {move["x_fc_draft_id"] for move in house.moves()} == {well.id, inside.id}


def test_a_province_is_billed_once_it_has_a_rule(house: House) -> None:
    """A client parked for its province is foreseen as such, and billed by the rule it then has."""
    west = house.account("west", state="BC")
    house.books.add(west, a_draft(west, [10_000]))
    partner_id_of(house.books.state, house.odoo, west)
    with no_position_for(house, "BC"):
        foreseen = house.books.send(house.odoo, dry_run=True)
    sent = house.books.send(house.odoo)
    (move,) = house.moves()

    assert [one.outcome for one in foreseen.drafts] == [Outcome.PARKED]
    assert (sent.sent, move["amount_tax"]) == (1, 12.0)


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
def test_names_of_any_kind_arrive_as_they_are(house: House, transport: str) -> None:
    """Markup, and words of 10,000 characters, are text in Odoo, in the partner and in the line."""
    odoo = entered(house.keyed, transport=transport)
    account = house.account(name="odd", email=f"{transport}@{house.tag}.example")
    named = replace(account, name=LONG)
    house.books.add(named, a_draft(named, lines=[replace(a_line(), description=LONG)]))
    report = house.books.send(odoo)
    (move,) = house.moves()
    (shown,) = house.inside.call(
        "account.move.line", "read", move["invoice_line_ids"], ["name", "price_subtotal"]
    )
    (partner,) = house.inside.call("res.partner", "read", [move["partner_id"][0]], ["name"])

    assert (report.sent, report.parked) == (1, 0)
    assert (shown["name"], shown["price_subtotal"]) == (LONG, 12.34)
    assert partner["name"] == LONG

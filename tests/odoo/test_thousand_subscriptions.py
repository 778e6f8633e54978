"""What a real Odoo 19 invoices is what was rated, to the cent, taxed as each province taxes."""

import random
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from fusion_billing.odoo import odoo_of, send_waiting
from odoo_bridge.odoo_value import OdooValue
from rating.draft_store import drafts_waiting
from rating.invoice_draft import InvoiceDraft
from tests.nightly.mortal_service import count_of
from tests.odoo.rated_house import CLOSED_AT, a_rated_house
from tests.real_parts import OdooDatabase

pytestmark = pytest.mark.xdist_group("odoo")

SUBSCRIPTIONS = 26
NIGHTLY_SUBSCRIPTIONS = 1_000
SEED = 20_261_122
CENT = Decimal("0.01")
GST = "5"
# Each tax in percent: Odoo rounds each of them once, on the whole invoice.
TAXES = {
    **dict.fromkeys(("AB", "NT", "NU", "YT"), (GST,)),
    **dict.fromkeys(("BC", "MB"), (GST, "7")),
    **dict.fromkeys(("NB", "NL", "PE"), ("15",)),
    "NS": ("14",),
    "ON": ("13",),
    "QC": (GST, "9.975"),
    "SK": (GST, "6"),
}
FIELDS = ["x_fc_draft_id", "amount_untaxed", "amount_tax", "state", "partner_id"]

Entries = tuple[OdooDatabase, OdooDatabase, OdooDatabase]


def billed(entries: Entries, folder: Path, count: int, seed: int) -> int:
    """Bill so many random subscriptions into Odoo, compare each, and return the cents in all."""
    inside, user, _ = entries
    with a_rated_house(folder, user, count, random.Random(seed)) as (house, code):
        odoo = odoo_of(house.settings)
        assert odoo is not None
        with house.state.read() as connection:
            drafts = {draft.id: draft for draft in drafts_waiting(connection, count)}
        report = send_waiting(house.state, odoo, house.settings, at=CLOSED_AT)
    assert (report.sent, report.parked, report.stopped_by) == (count, 0, None), f"seed {seed}"
    moves = inside.call("account.move", "search_read", [["x_fc_service", "=", code]], FIELDS)
    provinces = _provinces(inside, moves)
    assert {move["x_fc_draft_id"] for move in moves} == set(drafts)
    assert len(moves) == count
    for move in moves:
        _compare(move, drafts[move["x_fc_draft_id"]], provinces[move["partner_id"][0]])
    untaxed = sum((Decimal(repr(move["amount_untaxed"])) for move in moves), Decimal(0))
    rated = sum(draft.amount_cents for draft in drafts.values())
    assert untaxed == Decimal(rated).scaleb(-2)
    return rated


def _compare(move: OdooValue, draft: InvoiceDraft, province: str) -> None:
    untaxed = Decimal(draft.amount_cents).scaleb(-2)
    tax = sum(
        (untaxed * Decimal(percent) / 100).quantize(CENT, ROUND_HALF_UP)
        for percent in TAXES[province]
    )
    held = [Decimal(repr(move[name])) for name in ("amount_untaxed", "amount_tax")]
    assert (province, held, move["state"]) == (province, [untaxed, tax], "posted")


def _provinces(inside: OdooDatabase, moves: list[OdooValue]) -> dict[int, str]:
    partner_ids = [move["partner_id"][0] for move in moves]
    partners = inside.call("res.partner", "read", partner_ids, ["state_id"])
    state_ids = sorted({partner["state_id"][0] for partner in partners})
    states = inside.call("res.country.state", "read", state_ids, ["code"])
    codes = {state["id"]: str(state["code"]) for state in states}
    return {partner["id"]: codes[partner["state_id"][0]] for partner in partners}


def test_odoo_invoices_what_was_rated_in_every_province(shared: Entries, tmp_path: Path) -> None:
    """Untaxed is rated, invoice by invoice and in all; the tax is each province's own."""
    assert billed(shared, tmp_path, SUBSCRIPTIONS, SEED) > 0


@pytest.mark.nightly
def test_a_thousand_subscriptions_are_invoiced_as_rated(shared: Entries, tmp_path: Path) -> None:
    """The same for a thousand subscriptions and the seed of the night."""
    count = count_of("ODOO_SUBSCRIPTIONS", NIGHTLY_SUBSCRIPTIONS)
    cents = billed(shared, tmp_path, count, count_of("CRASH_SEED", SEED))
    print(f"{count} subscriptions, {cents} cents")

"""Drafts become draft invoices on a real Odoo 19: once, to the cent, with minimal rights."""

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_HALF_UP, Decimal

import pytest

from odoo_bridge.partners import partner_id_of
from rating.invoice_draft import DraftStatus
from storage.tables import invoice_draft
from tests.odoo.house import House
from tests.odoo_bridge.makers import a_draft

pytestmark = pytest.mark.xdist_group("odoo")

CENT = Decimal("0.01")
HST = Decimal("0.13")


def test_one_partner_gets_one_invoice_from_each_service(house: House) -> None:
    """A client of two services is one partner with two draft invoices, each with 13 % HST."""
    partners_before = house.count("res.partner")
    cloud, desk = house.two_services()
    report = house.books.send(house.odoo)
    moves = house.moves()

    assert (report.sent, report.parked, report.remaining, report.stopped_by) == (2, 0, 0, None)
    assert house.count("res.partner") == partners_before + 1
    assert len({move["partner_id"][0] for move in moves}) == 1
    assert {move["x_fc_draft_id"] for move in moves} == {cloud.id, desk.id}
    for move in moves:
        draft = cloud if move["x_fc_draft_id"] == cloud.id else desk
        untaxed = Decimal(draft.amount_cents).scaleb(-2)
        assert move["state"] == "draft"
        assert (move["invoice_date"], move["invoice_date_due"]) == ("2026-12-01", "2026-12-31")
        assert move["x_fc_service"] == draft.service_code
        assert move["x_fc_account_id"] == draft.account_external_id
        assert Decimal(repr(move["amount_untaxed"])) == untaxed
        assert Decimal(repr(move["amount_tax"])) == (untaxed * HST).quantize(CENT, ROUND_HALF_UP)
        assert house.books.kept(draft).odoo_move_id == move["id"]
        assert house.books.kept(draft).status is DraftStatus.SENT


def test_lines_carry_what_they_bill(house: House) -> None:
    """A line says its rated line, its metric and its exact quantity, and bills one times cents."""
    account = house.account()
    draft = house.books.add(account, a_draft(account, [1234]))
    house.books.send(house.odoo)
    fields = ["name", "quantity", "price_unit", "product_id", "x_fc_rated_line_id"]
    fields += ["x_fc_metric_code", "x_fc_quantity"]
    line_ids = house.moves()[0]["invoice_line_ids"]
    (held,) = house.inside.call("account.move.line", "read", line_ids, fields)
    product = house.inside.call(
        "product.product", "read", [held["product_id"][0]], ["type", "invoice_policy"]
    )[0]

    assert held["name"] == draft.lines[0].description
    assert (held["quantity"], held["price_unit"]) == (1.0, 12.34)
    assert held["x_fc_rated_line_id"] == draft.lines[0].rated_line_id
    assert held["x_fc_metric_code"] == "tokens"
    assert held["x_fc_quantity"] == "1234567.000000000001"
    assert (product["type"], product["invoice_policy"]) == ("service", "order")


def test_a_second_run_creates_nothing(house: House) -> None:
    """What was sent is not sent again, nor is any partner or product made twice."""
    drafts = house.two_services()
    house.books.send(house.odoo)
    counted = ("account.move", "account.move.line", "res.partner", "product.product")
    before = [house.count(model) for model in counted]
    first_repeat = house.books.send(house.odoo)
    with house.books.state.write() as connection:
        sent = invoice_draft.c.id == drafts[0].id
        connection.execute(invoice_draft.update().where(sent).values(status=DraftStatus.DRAFT))
    second_repeat = house.books.send(house.odoo)

    assert (first_repeat.sent, first_repeat.already_there) == (0, 0)
    assert (second_repeat.sent, second_repeat.already_there) == (0, 1)
    assert [house.count(model) for model in counted] == before


def test_a_crash_before_remembering_is_mended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that dies between Odoo's commit and ours is completed by the next, without a copy."""

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    drafts = house.two_services()
    with monkeypatch.context() as patched:
        patched.setattr("odoo_bridge.invoices.mark_sent", die)
        with pytest.raises(KeyboardInterrupt):
            house.books.send(house.odoo)
    statuses = {house.books.kept(draft).status for draft in drafts}
    before = len(house.moves())
    report = house.books.send(house.odoo)

    assert (statuses, before) == ({DraftStatus.DRAFT}, 2)
    assert (report.sent, report.already_there, report.remaining) == (0, 2, 0)
    assert len(house.moves()) == 2


def test_racing_runs_make_one_invoice(house: House) -> None:
    """Two runs over the same drafts at the same moment create each invoice once."""
    drafts = house.two_services()
    with ThreadPoolExecutor(2) as racers:
        reports = list(racers.map(house.books.send, [house.odoo, house.odoo]))

    assert [report.stopped_by for report in reports] == [None, None]
    assert len(house.moves()) == len(drafts)
    assert {house.books.kept(draft).status for draft in drafts} == {DraftStatus.SENT}


def test_hundreds_of_amounts_total_exactly(house: House) -> None:
    """Hundreds of arbitrary cent amounts arrive as the exact sum, in more than one batch."""
    chance = random.Random(19)
    drafts = []
    for number in range(53):
        account = house.account(str(number))
        amounts = [chance.choice((1, -1, 1)) * chance.randint(1, 9_999_999) for _ in range(3)]
        amounts.append(10**8)
        drafts.append(house.books.add(account, a_draft(account, amounts)))
    report = house.books.send(house.odoo)
    held = {move["x_fc_draft_id"]: Decimal(repr(move["amount_untaxed"])) for move in house.moves()}

    assert (report.sent, report.parked) == (53, 0)
    assert held == {draft.id: Decimal(draft.amount_cents).scaleb(-2) for draft in drafts}


def test_one_refused_draft_does_not_hold_up_the_others(house: House) -> None:
    """When Odoo refuses one draft of a batch, it is parked with Odoo's words, the rest is sent."""
    good, bad = house.account("good"), house.account("bad", email=f"bad@{house.tag}.example")
    sound = house.books.add(good, a_draft(good))
    refused = house.books.add(bad, a_draft(bad))
    partner_id = partner_id_of(house.books.state, house.odoo, bad)
    rule = {
        "name": "refuse",
        "model_id": house.inside.call("ir.model", "search", [["model", "=", "account.move"]])[0],
        "trigger": "on_create",
    }
    automation = house.inside.call("base.automation", "create", rule)
    code = f"if record.partner_id.id == {partner_id}: raise UserError('Credit is blocked')"
    action = {"name": "refuse", "model_id": rule["model_id"], "state": "code", "code": code}
    action |= {"base_automation_id": automation, "usage": "base_automation"}
    house.inside.call("ir.actions.server", "create", action)
    report = house.books.send(house.odoo)

    assert (report.sent, report.parked) == (1, 1)
    assert house.books.kept(sound).status is DraftStatus.SENT
    assert "Credit is blocked" in str(house.books.kept(refused).problem)


def test_an_invoice_changed_by_hand_is_not_adopted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An invoice whose amount differs from its draft parks the draft with both numbers."""
    account = house.account()
    draft = house.books.add(account, a_draft(account, [1234]))
    monkeypatch.setattr("odoo_bridge.invoices.mark_sent", lambda *_args: None)
    house.books.send(house.odoo)
    (move,) = house.moves()
    change = {"invoice_line_ids": [(1, move["invoice_line_ids"][0], {"price_unit": 12.0})]}
    house.inside.call("account.move", "write", [move["id"]], change)
    report = house.books.send(house.odoo)
    kept = house.books.kept(draft)

    assert (report.parked, kept.status) == (1, DraftStatus.PARKED)
    assert "12.0" in str(kept.problem)
    assert "12.34" in str(kept.problem)


def test_unsound_drafts_never_reach_odoo(house: House) -> None:
    """A draft whose lines miss its amount and one in a foreign currency are parked unsent."""
    accounts = [house.account(name) for name in ("sum", "dollars")]
    house.books.add(accounts[0], a_draft(accounts[0], [100], amount_cents=101))
    house.books.add(accounts[1], a_draft(accounts[1], [100], currency="USD"))
    report = house.books.send(house.odoo)

    assert (report.sent, report.parked) == (0, 2)
    assert house.moves() == []


def test_what_is_owed_to_a_client_is_a_credit_note(house: House) -> None:
    """A negative draft becomes one draft credit note, taxed as the invoice would be, and once."""
    account = house.account()
    draft = house.books.add(account, a_draft(account, [-5000, 1234]))
    first, second = house.books.send(house.odoo), house.books.send(house.odoo)

    assert (first.sent, first.parked, second.sent) == (1, 0, 0)
    kept = house.books.kept(draft)
    (held,) = house.inside.call(
        "account.move", "read", [kept.odoo_move_id], ["move_type", "amount_untaxed", "amount_tax"]
    )
    assert (held["move_type"], held["amount_untaxed"]) == ("out_refund", 37.66)
    assert Decimal(repr(held["amount_tax"])) == (Decimal("37.66") * HST).quantize(
        CENT, ROUND_HALF_UP
    )


def test_a_dry_run_writes_nothing(house: House) -> None:
    """A dry run tells what would be sent and to whom, and leaves Odoo and the books alone."""
    drafts = house.two_services()
    counted = ("account.move", "res.partner", "product.product")
    before = [house.count(model) for model in counted]
    report = house.books.send(house.odoo, dry_run=True)

    assert (report.sent, report.remaining, report.dry_run) == (2, 2, True)
    assert "102.38 CAD to a new partner for Acme Ltd" in {line.message for line in report.drafts}
    assert [house.count(model) for model in counted] == before
    assert {house.books.kept(draft).status for draft in drafts} == {DraftStatus.DRAFT}

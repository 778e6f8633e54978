"""Invoices posted by us on a real Odoo 19: once, as proposed, in a period that is open."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from odoo_bridge.company import company_of
from odoo_bridge.invoices import SendRules
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.partners import partner_id_of
from odoo_bridge.posting import post_once
from rating.invoice_draft import DraftStatus, InvoiceDraft
from storage.tables import invoice_draft
from tests.odoo.house import House
from tests.odoo_bridge.broken_line import BrokenLine, Cut
from tests.odoo_bridge.makers import TORONTO, a_draft

pytestmark = pytest.mark.xdist_group("odoo")

CLOUD_POSTS = SendRules(posting_codes=frozenset({"nexacloud"}))
CHANGE_FIELDS = ["old_value_char", "new_value_char"]
FIELDS = ["state", "name", "date", "invoice_date", "sequence_number"]


def held(house: House, draft: InvoiceDraft) -> dict[str, object]:
    """Return what Odoo has of a draft's invoice."""
    (found,) = house.inside.call(
        "account.move", "search_read", [["x_fc_draft_id", "=", draft.id]], FIELDS
    )
    return dict(found)


def notes(house: House, draft: InvoiceDraft) -> list[OdooValue]:
    """Return the notes that Odoo keeps on a draft's invoice."""
    on_it = [["model", "=", "account.move"], ["res_id", "=", house.books.kept(draft).odoo_move_id]]
    fields = ["create_uid", "tracking_value_ids"]
    return list(house.inside.call("mail.message", "search_read", on_it, fields))


def keep_audit_trail(house: House, *, kept: bool) -> None:
    """Say in Odoo whether the company's books keep an audit trail."""
    company_id = company_of(house.odoo).company_id
    house.inside.call("res.company", "write", [company_id], {"restrictive_audit_trail": kept})


def test_only_services_that_ask_for_it_are_posted(house: House) -> None:
    """A service that posts gets a number at once; the other's invoice stays a draft."""
    cloud, desk = house.two_services()
    report = house.books.send(house.odoo, rules=CLOUD_POSTS)

    assert (report.sent, report.parked, report.stopped_by) == (2, 0, None)
    assert (held(house, cloud)["state"], held(house, desk)["state"]) == ("posted", "draft")
    assert house.books.kept(cloud).status is DraftStatus.SENT
    messages = {line.draft.id: line.message for line in report.drafts}
    assert messages[cloud.id] == f"102.38 CAD is invoice {held(house, cloud)['name']}, posted"


def test_who_posted_is_noted_for_the_auditor(house: House) -> None:
    """Where books keep an audit trail, Odoo notes who posted and when; what is made has no note."""
    cloud, desk = house.two_services()
    keep_audit_trail(house, kept=True)
    house.books.send(house.odoo, rules=CLOUD_POSTS)
    posted, made = (notes(house, draft) for draft in (cloud, desk))
    values = house.inside.call(
        "mail.tracking.value", "read", posted[0]["tracking_value_ids"], CHANGE_FIELDS
    )
    changes = {(one["old_value_char"], one["new_value_char"]) for one in values}

    assert [note["create_uid"][0] for note in posted] == [house.user.user_id]
    assert ("Draft", "Posted") in changes
    assert (False, held(house, cloud)["name"]) in changes
    assert made == []


def test_posting_is_not_noted_without_an_audit_trail(house: House) -> None:
    """Books that keep no audit trail are spared the work of the notes."""
    cloud, _ = house.two_services()
    keep_audit_trail(house, kept=False)
    house.books.send(house.odoo, rules=CLOUD_POSTS)

    assert held(house, cloud)["state"] == "posted"
    assert notes(house, cloud) == []


def test_posting_twice_posts_once(house: House) -> None:
    """Runs at the same moment, and one after them, give an invoice one number and keep it."""
    cloud, _ = house.two_services()
    with ThreadPoolExecutor(2) as racers:
        reports = list(
            racers.map(lambda odoo: house.books.send(odoo, rules=CLOUD_POSTS), [house.odoo] * 2)
        )
    first = held(house, cloud)
    with house.books.state.write() as connection:
        mine = invoice_draft.c.id == cloud.id
        connection.execute(invoice_draft.update().where(mine).values(status=DraftStatus.DRAFT))
    again = house.books.send(house.odoo, rules=CLOUD_POSTS)

    assert [report.stopped_by for report in reports] == [None, None]
    assert (again.already_there, again.parked) == (1, 0)
    assert held(house, cloud) == first
    assert len(house.moves()) == 2
    assert post_once(house.odoo, [int(str(first["id"]))]) == {}


@pytest.mark.parametrize("how", [Cut.BEFORE, Cut.DURING, Cut.AFTER])
def test_a_posting_that_broke_off_is_looked_at(house: House, line: BrokenLine, how: Cut) -> None:
    """A call cut before, during or after its work leaves one posted invoice in the end."""
    cloud, _ = house.two_services()
    line.cut("action_post", how)
    reports = [house.books.send(house.through(line), rules=CLOUD_POSTS) for _ in range(2)]

    assert line.cuts == 1
    assert [report.parked for report in reports] == [0, 0]
    assert (reports[1].stopped_by, reports[1].remaining) == (None, 0)
    assert held(house, cloud)["state"] == "posted"
    assert house.books.kept(cloud).status is DraftStatus.SENT


def test_a_locked_period_moves_to_the_next_open_one(house: House) -> None:
    """Where the books are closed on its date, an invoice is booked later, which is reported."""
    closing_at = datetime.now(UTC) - timedelta(days=40)
    locked_until = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    account = house.account("locked", "nexacloud")
    draft = house.books.add(account, a_draft(account, closing_at=closing_at))
    company = house.inside.call("res.users", "read", [house.inside.user_id], ["company_id"])
    company_id = company[0]["company_id"][0]
    house.inside.call("res.company", "write", [company_id], {"sale_lock_date": locked_until})
    try:
        report = house.books.send(house.odoo, rules=CLOUD_POSTS)
    finally:
        house.inside.call("res.company", "write", [company_id], {"sale_lock_date": False})
    move = held(house, draft)

    assert (report.sent, report.parked) == (1, 0)
    assert move["state"] == "posted"
    assert move["invoice_date"] == closing_at.astimezone(TORONTO).date().isoformat()
    assert str(move["date"]) > locked_until
    assert f"booked on {move['date']} since the books are closed" in report.drafts[0].message


def test_what_odoo_wont_post_is_parked(house: House) -> None:
    """A refusal parks its draft with Odoo's words and the remedy; the others are posted."""
    good = house.account("good", "nexacloud")
    bad = house.account("bad", "nexacloud", email=f"bad@{house.tag}.example")
    sound = house.books.add(good, a_draft(good))
    refused = house.books.add(bad, a_draft(bad))
    partner_id = partner_id_of(house.books.state, house.odoo, bad)
    block_posting(house, partner_id)
    first = house.books.send(house.odoo, rules=CLOUD_POSTS)
    problem = str(house.books.kept(refused).problem)

    assert (first.sent, first.parked, first.stopped_by) == (1, 1, None)
    assert (held(house, sound)["state"], held(house, refused)["state"]) == ("posted", "draft")
    assert "Credit is blocked" in problem
    assert "fusion-billing odoo sync --parked" in problem
    assert len(house.moves()) == 2


def block_posting(house: House, partner_id: int) -> None:
    """Let Odoo refuse to post invoices of a partner."""
    model_id = house.inside.call("ir.model", "search", [["model", "=", "account.move"]])[0]
    rule = {"name": "block", "model_id": model_id, "trigger": "on_create_or_write"}
    automation = house.inside.call("base.automation", "create", rule)
    code = (
        f"if record.partner_id.id == {partner_id} and record.state == 'posted': "
        "raise UserError('Credit is blocked')"
    )
    action = {"name": "block", "model_id": model_id, "state": "code", "code": code}
    action |= {"base_automation_id": automation, "usage": "base_automation"}
    house.inside.call("ir.actions.server", "create", action)

"""What people do to our invoices in a real Odoo 19 is seen once, told, and mirrored."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from odoo_bridge.connection import OdooConnection
from odoo_bridge.invoices import SendRules
from odoo_bridge.odoo_value import OdooValue
from rating.draft_store import unpark_all
from rating.invoice_draft import DraftStatus
from storage.lake import Lake
from storage.lake_tables import INVOICE_LINE
from tests.lago_clients.differences import unexplained
from tests.odoo.feeding import Feeding
from tests.odoo.house import House

pytestmark = pytest.mark.xdist_group("odoo")


@pytest.fixture
def feeding(house: House) -> Feeding:
    """Give a house whose feed has looked once at what other tests left in Odoo."""
    made = Feeding(house, datetime.now(UTC))
    made.look()
    assert made.kinds() == []
    return made


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Open an empty lake."""
    opened = Lake(tmp_path / "lake")
    yield opened
    opened.close()


def test_a_payment_becomes_one_event(feeding: Feeding) -> None:
    """A payment registered in Odoo is one event with Lago's invoice; looking again tells none."""
    draft, move_id = feeding.sent(10_000)
    drafted = feeding.look()
    feeding.post(move_id)
    posted = feeding.look()
    feeding.pay(move_id, 113.0)
    paid = feeding.look()
    again = feeding.look()

    told = [[event.kind for event in look.events] for look in (drafted, posted, paid, again)]
    assert told == [
        ["invoice.drafted"],
        ["invoice.created"],
        ["invoice.payment_status_updated"],
        [],
    ]
    assert (again.moves_changed, again.lines_mirrored) == (0, 0)
    (body,) = feeding.bodies("invoice.payment_status_updated")
    assert (body["lago_id"], body["payment_status"]) == (draft.id, "succeeded")
    assert (body["total_amount_cents"], body["total_paid_amount_cents"]) == (11_300, 11_300)
    assert body["customer"]["external_id"] == draft.account_external_id
    assert unexplained(body, "InvoiceObject") == set()


def test_a_look_that_comes_late_tells_what_lies_between(feeding: Feeding) -> None:
    """Sent, posted and paid between two looks is told in the order in which it happened."""
    _, move_id = feeding.sent(10_000)
    feeding.post(move_id)
    feeding.pay(move_id, 40.0)
    feeding.look()
    feeding.pay(move_id, 73.0)
    feeding.look()

    changed = "invoice.payment_status_updated"
    assert feeding.kinds() == ["invoice.created", changed, changed]
    assert [one["total_due_amount_cents"] for one in feeding.bodies(changed)] == [7_300, 0]


def test_a_deleted_draft_is_told_and_not_made_anew(feeding: Feeding) -> None:
    """A draft deleted in Odoo parks ours with the remedy; only `recreate` makes it anew."""
    draft, move_id = feeding.sent()
    feeding.look()
    feeding.house.inside.call("account.move", "unlink", [move_id])
    unseen = feeding.look()
    swept = feeding.look(sweep=True)
    parked = feeding.house.books.kept(draft)
    again = feeding.look(sweep=True)
    with feeding.house.books.state.write() as connection:
        unpark_all(connection)
    refused = feeding.house.books.send(feeding.house.odoo)
    with feeding.house.books.state.write() as connection:
        unpark_all(connection)
    made = feeding.house.books.send(feeding.house.odoo, rules=SendRules(recreate=True))

    assert unseen.events == ()
    assert [event.kind for event in swept.events] == ["invoice.deleted"]
    assert parked.status is DraftStatus.PARKED
    assert "was deleted in Odoo" in str(parked.problem)
    assert "fusion-billing odoo sync --recreate" in str(parked.problem)
    assert (again.events, again.problems) == ((), ())
    assert (refused.sent, refused.parked) == (0, 1)
    assert (made.sent, made.parked) == (1, 0)
    assert len(feeding.house.moves()) == 1


def test_a_draft_changed_by_hand_is_told(feeding: Feeding) -> None:
    """A changed amount is a problem with both numbers, until it is what we proposed again."""
    draft, move_id = feeding.sent(10_000)
    feeding.look()
    feeding.price(move_id, 90.0)
    changed = feeding.look()
    told = feeding.house.books.kept(draft)
    feeding.price(move_id, 100.0)
    mended = feeding.look()

    (problem,) = changed.problems
    assert "amount: Odoo has 90.00, the draft 100.00" in problem
    assert (told.status, told.problem) == (DraftStatus.SENT, problem)
    assert mended.problems == ()
    assert feeding.house.books.kept(draft).problem is None


def test_an_empty_look_is_one_call(feeding: Feeding, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that finds nothing new asks Odoo once, though it looks back some minutes."""
    _, move_id = feeding.sent()
    feeding.post(move_id)
    feeding.look()
    asked: list[str] = []
    call = OdooConnection.call

    def counted(
        self: OdooConnection, model: str, method: str, *args: OdooValue, **kw: OdooValue
    ) -> OdooValue:
        asked.append(f"{model}.{method}")
        return call(self, model, method, *args, **kw)

    monkeypatch.setattr(OdooConnection, "call", counted)
    report = feeding.look()

    assert asked == ["account.move.search_read"]
    assert report.moves_read > report.moves_changed == 0


def test_the_mirror_holds_posted_lines_once(feeding: Feeding, lake: Lake) -> None:
    """Posted lines are in the lake once, less what is credited; a draft's are not."""
    draft, move_id = feeding.sent(10_000, 2_500)
    feeding.look()
    before = feeding.lines(lake).height
    feeding.post(move_id)
    feeding.look()
    feeding.look(sweep=True)
    posted = feeding.lines(lake)
    credit_id = feeding.credit(move_id)
    feeding.look()
    credited = feeding.lines(lake)
    mine = posted.filter(posted["move_id"] == move_id)

    assert posted.height == before + 2
    assert mine["untaxed_cents"].to_list() == [10_000, 2_500]
    assert mine["rated_line_id"].to_list() == [line.rated_line_id for line in draft.lines]
    assert mine["quantity"].to_list() == ["1234567.000000000001"] * 2
    assert set(mine["account_id"]) == {draft.account_external_id}
    assert set(mine["charge_code"]) | set(mine["metric_code"]) == {"tokens"}
    assert set(mine["plan_code"]) == {"pro"}
    theirs = credited.filter(credited["move_id"] == credit_id)
    assert theirs["untaxed_cents"].to_list() == [-10_000, -2_500]
    assert set(theirs["service"]) == {draft.service_code}
    assert set(theirs["reversed_move_id"]) == {move_id}
    assert "credit_note.created" in feeding.kinds()
    (note,) = feeding.bodies("credit_note.created")
    assert (note["lago_invoice_id"], note["total_amount_cents"]) == (draft.id, 14_125)


def test_what_is_posted_no_more_counts_no_more(feeding: Feeding, lake: Lake) -> None:
    """An invoice set back to draft leaves the mirror, and comes back as it is posted again."""
    _, move_id = feeding.sent(10_000)
    feeding.post(move_id)
    feeding.look()
    feeding.lines(lake)
    feeding.house.inside.call("account.move", "button_draft", [move_id])
    feeding.price(move_id, 90.0)
    feeding.look()
    drawn_back = feeding.lines(lake)
    feeding.post(move_id)
    look = feeding.look()
    again = feeding.lines(lake)
    kept = lake.scan(INVOICE_LINE).collect()
    mine = kept.filter(kept["move_id"] == move_id).sort("revision")

    assert move_id not in drawn_back["move_id"]
    assert again.filter(again["move_id"] == move_id)["untaxed_cents"].to_list() == [9_000]
    assert mine["state"].to_list() == ["posted", "draft", "posted"]
    assert mine["revision"].to_list() == [1, 2, 3]
    assert feeding.kinds() == ["invoice.created"]
    assert "posted" not in str(look.events)


def test_a_cancelled_invoice_is_voided_once(feeding: Feeding, lake: Lake) -> None:
    """A cancelled invoice is told as voided, once, and its lines count no more."""
    _, move_id = feeding.sent()
    feeding.post(move_id)
    feeding.look()
    feeding.house.inside.call("account.move", "button_draft", [move_id])
    feeding.house.inside.call("account.move", "button_cancel", [move_id])
    feeding.look()
    feeding.look(sweep=True)

    assert feeding.kinds() == ["invoice.created", "invoice.voided"]
    assert feeding.bodies("invoice.voided")[0]["status"] == "voided"
    assert move_id not in feeding.lines(lake)["move_id"]

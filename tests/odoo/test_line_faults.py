"""The line to a real Odoo 19 breaks wherever it can: nothing is lost, nothing is made twice."""

import pytest

from odoo_bridge.faults import Misconfigured, OutcomeUnknown
from odoo_bridge.send_report import SendReport
from rating.invoice_draft import DraftStatus
from tests.odoo.house import House
from tests.odoo_bridge.broken_line import BrokenLine, Cut
from tests.odoo_bridge.makers import a_draft
from tests.real_parts.odoo_database import INTEGRATION_GROUPS

pytestmark = pytest.mark.xdist_group("odoo")

RUNS_MAX = 12
CALLS_MAX = 40
BILLING = "account.group_account_invoice"


def sent_in_the_end(house: House, line: BrokenLine, transport: str) -> list[SendReport]:
    """Send again and again, as the scheduler would, until nothing waits."""
    odoo = house.through(line, transport)
    reports: list[SendReport] = []
    while not reports or reports[-1].remaining:
        assert len(reports) < RUNS_MAX, reports[-1].stopped_by
        reports.append(house.books.send(odoo))
    return reports


@pytest.mark.parametrize(
    ("how", "transport"),
    [
        (Cut.BEFORE, "json2"),
        (Cut.DURING, "jsonrpc"),
        (Cut.AFTER, "json2"),
        (Cut.HALF, "jsonrpc"),
        (Cut.PAGE, "json2"),
        pytest.param(Cut.BEFORE, "jsonrpc", marks=pytest.mark.nightly),
        pytest.param(Cut.DURING, "json2", marks=pytest.mark.nightly),
        pytest.param(Cut.AFTER, "jsonrpc", marks=pytest.mark.nightly),
        pytest.param(Cut.HALF, "json2", marks=pytest.mark.nightly),
        pytest.param(Cut.PAGE, "jsonrpc", marks=pytest.mark.nightly),
    ],
)
def test_every_call_may_break_once(
    house: House, line: BrokenLine, how: Cut, transport: str
) -> None:
    """Whatever breaks before, during or after each call, every draft is one invoice in the end."""
    drafts = house.two_services()
    line.cut_every_call_once(how)
    reports = sent_in_the_end(house, line, transport)
    moves = house.moves()

    assert line.cuts > len(drafts)
    assert {report.parked for report in reports} == {0}
    assert sorted(move["x_fc_draft_id"] for move in moves) == sorted(draft.id for draft in drafts)
    assert len({move["partner_id"][0] for move in moves}) == 1
    assert {house.books.kept(draft).status for draft in drafts} == {DraftStatus.SENT}


@pytest.mark.nightly
@pytest.mark.parametrize("how", [Cut.BEFORE, Cut.DURING, Cut.AFTER])
@pytest.mark.parametrize("number", range(1, CALLS_MAX))
def test_any_one_call_may_break(house: House, line: BrokenLine, how: Cut, number: int) -> None:
    """A single cut at the n-th call, of any kind, makes no second invoice and loses none."""
    drafts = house.two_services()
    line.cut_call(number, how)
    sent_in_the_end(house, line, "jsonrpc")

    made = [move["x_fc_draft_id"] for move in house.moves()]
    assert sorted(made) == sorted(draft.id for draft in drafts)


def test_a_doubt_that_stays_ends_the_run(house: House, line: BrokenLine) -> None:
    """While nobody can know whether Odoo worked, the draft waits; the next run finds out."""
    account = house.account()
    draft = house.books.add(account, a_draft(account))
    line.cut("__fb__", Cut.AFTER, times=1000)
    broken = house.books.send(house.through(line))
    status = house.books.kept(draft).status
    mended = house.books.send(house.odoo)

    assert isinstance(broken.stopped_by, OutcomeUnknown)
    assert (status, broken.remaining) == (DraftStatus.DRAFT, 1)
    assert (mended.sent + mended.already_there, len(house.moves())) == (1, 1)


def test_a_slow_answer_is_a_doubt(house: House, line: BrokenLine) -> None:
    """An answer that comes too late is none: the invoice is looked for, and found."""
    account = house.account()
    house.books.add(account, a_draft(account))
    house.books.send(house.odoo, dry_run=True)
    line.let_wait('x_fc_rated_line_id", "invoice', seconds=4)
    report = house.books.send(house.through(line, seconds_max=3))

    assert (report.sent, report.parked, report.stopped_by) == (1, 0, None)
    assert len(house.moves()) == 1


def test_a_user_who_loses_a_right_stops_the_run(house: House) -> None:
    """A right taken away in mid-run stops it with the right's name; given back, all is sent."""
    drafts = house.two_services()
    house.books.send(house.odoo, limit=1)
    kept = [house.inside.record_id(group) for group in INTEGRATION_GROUPS]
    left = [group for group in kept if group != house.inside.record_id(BILLING)]
    try:
        _give(house, left)
        refused = house.books.send(house.odoo)
    finally:
        _give(house, kept)
    mended = house.books.send(house.odoo)

    assert isinstance(refused.stopped_by, Misconfigured)
    assert (refused.remaining, refused.parked) == (1, 0)
    assert (mended.sent, len(house.moves())) == (1, len(drafts))


def _give(house: House, groups: list[int]) -> None:
    values = {"group_ids": [(6, 0, groups)]}
    house.inside.call("res.users", "write", [house.user.user_id], values)

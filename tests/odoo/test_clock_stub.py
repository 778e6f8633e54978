"""The fee is billed once, by Odoo's clock or by us: on our stand-in for Enterprise, not on it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.services import InvoiceStyle, ServiceMode
from odoo_bridge.send_report import Outcome
from rating.draft_store import unpark_all
from rating.invoice_draft import DraftStatus
from tests.odoo.asking_app import asking
from tests.odoo.clocking import Clocked, bill
from tests.odoo.francophone import let_read_french
from tests.odoo.killed_once import killed_at, send
from tests.odoo.ordering import AT, KilledError, OrderBook, counting
from tests.odoo.stamps import changed, stamps_of
from tests.odoo_bridge.makers import entered
from tests.real_parts import OdooDatabase, OdooServer

pytestmark = [pytest.mark.xdist_group("odoo"), pytest.mark.stub]

SEPARATE, COMBINED = InvoiceStyle
Opened = Callable[[InvoiceStyle], Clocked]


@pytest.fixture
def opened(stubbed: tuple[OdooDatabase, OdooDatabase], tmp_path: Path) -> Iterator[Opened]:
    """Provide a subscription whose order is due on the day of its draft."""
    book = OrderBook(stubbed[0], tmp_path / "book", ServiceMode.LIVE)

    def open_one(style: InvoiceStyle) -> Clocked:
        running = book.subscribe(book.plan("team", 4900))
        book.sync(entered(stubbed[1]))
        made = Clocked(book, style, running)
        made.wind()
        return made

    yield open_one
    book.state.close()


@pytest.mark.parametrize("transport", ["json2", pytest.param("jsonrpc", marks=pytest.mark.nightly)])
def test_separate_bills_the_fee_by_the_clock_and_usage_by_us(
    opened: Opened, stubbed: tuple[OdooDatabase, OdooDatabase], transport: str
) -> None:
    """Two invoices add up to the draft, in either order of their making, and nothing follows."""
    clocked, odoo = opened(SEPARATE), entered(stubbed[1], transport=transport)
    draft = clocked.draft()
    first = clocked.send(odoo)
    alone = clocked.amounts()
    bill(stubbed[0])
    clocked.send(odoo)
    moves = clocked.moves()
    bill(stubbed[0])
    last = clocked.send(odoo)

    assert (first.sent, first.parked, first.problems) == (1, 0, ())
    assert alone == [12.34]
    assert [move["amount_untaxed"] for move in moves] == [12.34, 49.0]
    assert [move["x_fc_service"] for move in moves] == [clocked.book.tag] * 2
    assert [move["x_fc_draft_id"] for move in moves] == [draft.id, False]
    assert (last.drafts, last.problems) == ((), ())
    assert clocked.moves() == moves


def test_separate_after_the_clock_leaves_the_fee_out(
    opened: Opened, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """A fee that the clock has billed is not on our invoice; a part of it is taken off."""
    clocked, odoo = opened(SEPARATE), entered(stubbed[1])
    bill(stubbed[0])
    clocked.draft(fee_cents=3_900)
    clocked.send(odoo)

    assert clocked.amounts() == [49.0, 2.34]
    assert clocked.send(odoo).problems == ()


@pytest.mark.parametrize("style", InvoiceStyle)
def test_what_the_clock_does_not_bill_is_on_our_invoice(
    opened: Opened, stubbed: tuple[OdooDatabase, OdooDatabase], style: InvoiceStyle
) -> None:
    """Before the first whole period, or with a product nobody delivers, the fee is ours."""
    clocked, odoo = opened(style), entered(stubbed[1])
    clocked.wind("2027-01-01")
    clocked.draft(fee_cents=1_470)
    report = clocked.send(odoo)
    bill(stubbed[0])

    assert (report.sent, report.parked) == (1, 0)
    assert clocked.amounts() == [27.04]


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
def test_combined_is_one_invoice_of_the_clock(
    opened: Opened, stubbed: tuple[OdooDatabase, OdooDatabase], transport: str
) -> None:
    """Usage waits on the order and is invoiced with the fee, once, whatever runs how often."""
    clocked, odoo = opened(COMBINED), entered(stubbed[1], transport=transport)
    draft = clocked.draft(usage_cents=(1_234, 501))
    waiting = [clocked.send(odoo) for _ in range(2)]
    placed = clocked.one_time_lines()
    bill(stubbed[0])
    report = clocked.send(odoo)
    moves = clocked.moves()
    bill(stubbed[0])
    last = clocked.send(odoo)
    lines = [["move_id", "=", moves[0]["id"]], ["x_fc_rated_line_id", "!=", False]]
    kept = clocked.kept(draft)

    assert [one.drafts[0].outcome for one in waiting] == [Outcome.WAITING] * 2
    assert placed == [(1.0, 12.34, 0.0), (1.0, 5.01, 0.0)]
    assert [(move["amount_untaxed"], move["x_fc_draft_id"]) for move in moves] == [
        (66.35, draft.id)
    ]
    assert moves[0]["amount_tax"] == 8.63
    assert (report.sent, report.parked) == (1, 0)
    assert (kept.status, kept.odoo_move_id) == (DraftStatus.SENT, moves[0]["id"])
    assert stubbed[0].call("account.move.line", "search_count", lines) == 2
    assert (last.drafts, clocked.moves()) == ((), moves)


def test_one_time_lines_speak_the_partners_language(
    opened: Opened, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """Usage on the order of a French partner is told in French."""
    clocked, odoo = opened(COMBINED), entered(stubbed[1])
    (order,) = clocked.book.orders()
    let_read_french(stubbed[0], [order["partner_id"][0]])
    clocked.draft()
    clocked.send(odoo)
    mine = [["order_id", "=", clocked.order_id], ["x_fc_rated_line_id", "!=", False]]
    lines = stubbed[0].call("sale.order.line", "search_read", mine, ["name"])

    assert [line["name"] for line in lines] == ["Tokens 2\u00a0: 1\u00a0234\u00a0567"]


@pytest.mark.parametrize(
    "writes",
    [*(1, 3), *(pytest.param(count, marks=pytest.mark.nightly) for count in (2, 4))],
)
def test_combined_survives_a_kill_after_any_write(
    opened: Opened, stubbed: tuple[OdooDatabase, OdooDatabase], writes: int
) -> None:
    """Killed after any write to Odoo, before or after the clock, one invoice has it all."""
    clocked = opened(COMBINED)
    draft = clocked.draft()
    dying = counting(stubbed[1], "json2", dies_after_writes=writes)
    for step in range(3):
        try:
            clocked.send(dying)
        except KilledError:
            clocked.send(entered(stubbed[1]))
        if step == 1:
            bill(stubbed[0])
    clocked.send(entered(stubbed[1]))

    assert dying.dies_after_writes == 0
    assert clocked.amounts() == [61.34]
    assert clocked.kept(draft).status is DraftStatus.SENT
    assert clocked.one_time_lines() == [(1.0, 12.34, 1.0)]


@pytest.mark.parametrize("is_placed", [False, True])
def test_late_lines_fall_back_to_an_invoice_of_ours(
    opened: Opened,
    stubbed: tuple[OdooDatabase, OdooDatabase],
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_placed: bool,
) -> None:
    """What the clock went past is taken off the order and billed by us, with what it left."""
    clocked, odoo = opened(COMBINED), entered(stubbed[1])
    clocked.draft()
    if is_placed:
        clocked.send(odoo)
        clocked.wind("2026-12-01")
    else:
        with monkeypatch.context() as patched:
            patched.setattr("odoo_bridge.clock.leaving.place", killed)
            with pytest.raises(KilledError):
                clocked.send(odoo)
        bill(stubbed[0])
    report = clocked.send(odoo)
    billed = clocked.amounts()
    clocked.wind("2026-11-15")
    bill(stubbed[0])

    assert (report.sent, report.parked) == (1, 0)
    assert billed == ([61.34] if is_placed else [49.0, 12.34])
    assert clocked.amounts() == [*billed, 49.0]
    assert [quantity for quantity, _, _ in clocked.one_time_lines()] == [0.0] * is_placed


def killed(*_given: object) -> None:
    """End the run."""
    raise KilledError


def test_a_paused_order_holds_its_draft(
    opened: Opened, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """A draft of an order that is paused in Odoo is parked; resumed, it is billed as ever."""
    clocked, odoo = opened(SEPARATE), entered(stubbed[1])
    stubbed[0].call("sale.order", "pause_subscription", [clocked.order_id])
    draft = clocked.draft()
    report = clocked.send(odoo)
    bill(stubbed[0])
    problem, paused = str(clocked.kept(draft).problem), clocked.amounts()
    stubbed[0].call("sale.order", "resume_subscription", [clocked.order_id])
    with clocked.book.state.write() as connection:
        unpark_all(connection)
    clocked.send(odoo)
    bill(stubbed[0])

    assert (report.sent, report.parked, paused) == (0, 1, [])
    assert "is paused in Odoo" in problem
    assert clocked.amounts() == [12.34, 49.0]


def test_a_fee_that_the_clock_never_billed_is_told(
    opened: Opened, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """A fee left to the clock which goes past it, or never runs, is a problem of each run."""
    clocked, odoo = opened(SEPARATE), entered(stubbed[1])
    clocked.draft()
    clocked.send(odoo)
    late = clocked.send(odoo, AT)
    clocked.wind("2026-12-01")
    passed = clocked.send(odoo)

    assert "recurring invoices have not run" in late.problems[0]
    assert "49.00 CAD, was left to Odoo's own clock" in passed.problems[0]
    assert "went past that day" in passed.problems[0]


@pytest.mark.parametrize("style", InvoiceStyle)
def test_apps_read_what_the_clock_billed(
    opened: Opened,
    stubbed: tuple[OdooDatabase, OdooDatabase],
    tmp_path: Path,
    style: InvoiceStyle,
) -> None:
    """An app sees the clock's invoices as its own; the draft's is known by the draft's id."""
    clocked, odoo = opened(style), entered(stubbed[1])
    draft = clocked.draft()
    clocked.send(odoo)
    bill(stubbed[0])
    clocked.send(odoo)
    with asking(tmp_path / "book", stubbed[1], clocked.book.tag) as ask:
        invoices = ask("/invoices")["invoices"]
        one = ask(f"/invoices/{draft.id}")["invoice"]
        others = [ask(f"/invoices/{each['lago_id']}")["invoice"] for each in invoices]

    both = [4_900, 1_234] if style is SEPARATE else [6_134]
    assert sorted(each["fees_amount_cents"] for each in invoices) == sorted(both)
    assert one["fees_amount_cents"] == both[-1]
    assert one["total_amount_cents"] == one["fees_amount_cents"] + one["taxes_amount_cents"]
    assert [each["number"] for each in others] == [each["number"] for each in invoices]
    assert one["status"] == ("draft" if style is SEPARATE else "finalized")


@pytest.mark.parametrize("place", ["decided", "placed", "withdrawn", "marked"])
def test_killed_at_the_clock_all_is_billed_once(
    opened: Opened, stubbed: tuple[OdooDatabase, OdooDatabase], place: str
) -> None:
    """Killed at each step beside Odoo's clock and begun again, fee and usage are billed once."""
    clocked, odoo = opened(COMBINED), entered(stubbed[1])
    draft = clocked.draft()
    if place in {"withdrawn", "marked"}:
        clocked.send(odoo)
    if place == "marked":
        bill(stubbed[0])
    if place == "withdrawn":
        clocked.wind("2026-12-01")
    killed_at(
        *(f"odoo.clock.{place}", send, clocked.book.folder, stubbed[1]), service=clocked.book.tag
    )
    clocked.send(odoo)
    bill(stubbed[0])
    clocked.send(odoo)
    moves = clocked.moves()
    last = clocked.send(odoo)

    assert sum(move["amount_untaxed"] for move in moves) == 61.34
    assert len(moves) == 1
    assert clocked.kept(draft).status is DraftStatus.SENT
    assert (last.drafts, last.problems, clocked.moves()) == ((), (), moves)


@pytest.mark.parametrize("style", InvoiceStyle)
def test_a_second_run_beside_the_clock_writes_nothing(
    opened: Opened,
    stubbed: tuple[OdooDatabase, OdooDatabase],
    odoo_server: OdooServer,
    style: InvoiceStyle,
) -> None:
    """Orders and sending, and Odoo's own clock, leave every record as it was once all is billed."""
    clocked, odoo = opened(style), entered(stubbed[1])
    clocked.draft()
    clocked.send(odoo)
    bill(stubbed[0])
    clocked.send(odoo)
    before = stamps_of(odoo_server, stubbed[0])
    orders = clocked.book.sync(odoo)
    report = clocked.send(odoo)

    assert (orders.orders, report.drafts, report.problems) == ((), (), ())
    assert changed(before, stamps_of(odoo_server, stubbed[0])) == {}

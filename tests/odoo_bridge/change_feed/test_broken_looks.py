"""A look that breaks anywhere loses nothing and tells nothing twice; what is unseen is not gone."""

from datetime import UTC, datetime, timedelta

import pytest

from odoo_bridge.change_feed import polling
from odoo_bridge.change_feed.feed_store import feed_mark, seen_moves
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import Misconfigured, OutcomeUnknown
from rating.invoice_draft import DraftStatus
from tests.odoo_bridge.change_feed.makers import a_read, a_read_line, kinds, look, since
from tests.odoo_bridge.makers import Books, a_draft, an_account
from tests.odoo_bridge.scripted_odoo import Answer, ScriptedOdoo, refusal, result

GATEWAY = Answer(b"", 502)
DENIED = refusal("odoo.exceptions.AccessError", "You are not allowed to access 'Journal Entry'")
CREATED = "invoice.created"


@pytest.fixture
def watched(books: Books, odoo: OdooConnection, server: ScriptedOdoo) -> Books:
    """Give books whose feed has looked once and found nothing."""
    server.script.append(result([]))
    look(books, odoo)
    server.asked.clear()
    return books


def test_a_look_cut_off_between_pages_is_begun_again(
    watched: Books, odoo: OdooConnection, server: ScriptedOdoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that fails at the second page leaves the first told, once, and the mark behind."""
    monkeypatch.setattr(polling, "PAGE_MOVES_MAX", 1)
    first = [result([a_read(1)]), result([a_read_line(1)])]
    server.script.extend([*first, *[GATEWAY] * 5])
    with pytest.raises(OutcomeUnknown):
        look(watched, odoo, 1)
    told = kinds(watched)
    with watched.state.read() as connection:
        mark = feed_mark(connection, "books")
    # The rest is glanced at, and what is new of it read whole.
    second = [result([a_read(2)]), result([a_read(2)]), result([a_read_line(2)])]
    server.script.extend([result([a_read(1)]), *second])
    fresh = OdooConnection(odoo.settings, sleep=lambda _seconds: None)
    again = look(watched, fresh, 2)

    assert told == [CREATED]
    assert mark is not None
    assert mark.read_until < datetime(2026, 12, 1, 10, tzinfo=UTC)
    assert (again.moves_read, again.moves_changed) == (2, 1)
    assert kinds(watched) == [CREATED, CREATED]


def test_a_crash_before_the_mark_tells_nothing_twice(
    watched: Books, odoo: OdooConnection, server: ScriptedOdoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that dies after its pages is repeated whole, and finds all of it known."""

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    server.script.extend([result([a_read(1)]), result([a_read_line(1)])])
    with monkeypatch.context() as patched:
        patched.setattr("odoo_bridge.change_feed.reading.keep_feed_mark", die)
        with pytest.raises(KeyboardInterrupt):
            look(watched, odoo, 1)
    server.script.append(result([a_read(1)]))
    again = look(watched, odoo, 2)

    assert (again.moves_changed, kinds(watched)) == (0, [CREATED])


def test_a_crash_before_the_commit_tells_it_the_next_time(
    watched: Books, odoo: OdooConnection, server: ScriptedOdoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered and what is told stand or fall together."""

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    answers = [result([a_read(1)]), result([a_read_line(1)])]
    server.script.extend(answers)
    with monkeypatch.context() as patched:
        patched.setattr("odoo_bridge.change_feed.taking.keep_seen", die)
        with pytest.raises(KeyboardInterrupt):
            look(watched, odoo, 1)
    told = kinds(watched)
    server.script.extend(answers)
    look(watched, odoo, 2)

    assert (told, kinds(watched)) == ([], [CREATED])


def test_an_older_sight_changes_nothing(
    watched: Books, odoo: OdooConnection, server: ScriptedOdoo
) -> None:
    """What was read before a newer reading was kept is thrown away."""
    newer = a_read(1, payment_state="paid", amount_residual=0.0, write_date="2026-12-01 10:05:00")
    partials = result([])
    server.script.extend([result([newer]), result([a_read_line(1)]), partials])
    look(watched, odoo, 1)
    told = kinds(watched)
    server.script.append(result([a_read(1)]))
    report = look(watched, odoo, 2)

    assert told == [CREATED, "invoice.payment_status_updated"]
    assert (report.moves_changed, kinds(watched)) == (0, told)
    with watched.state.read() as connection:
        assert seen_moves(connection, "books", [1])[1].payment_state == "paid"


def test_what_may_not_be_seen_is_not_deleted(
    books: Books, odoo: OdooConnection, server: ScriptedOdoo
) -> None:
    """When a right is lost, a sweep ends with that; no invoice is called deleted, none parked."""
    account = an_account()
    draft = books.add(account, a_draft(account))
    drafted = a_read(1, x_fc_draft_id=draft.id, state="draft", amount_untaxed=12.34)
    server.script.append(result([drafted]))
    look(books, odoo)
    server.script.extend([result([]), result([]), DENIED])
    with pytest.raises(Misconfigured):
        look(books, odoo, 1, sweep=True)

    with books.state.read() as connection:
        assert seen_moves(connection, "books", [1])[1].state == "draft"
    assert books.kept(draft).status is DraftStatus.DRAFT
    assert kinds(books) == []


def test_a_due_day_that_passes_is_told_once(
    watched: Books, odoo: OdooConnection, server: ScriptedOdoo
) -> None:
    """Odoo writes nothing when an invoice falls due; it is told on the day after, once."""
    server.script.extend([result([a_read(1)]), result([a_read_line(1)])])
    look(watched, odoo, 1)
    month = 31 * 24 * 60
    asked_before = len(server.asked)
    server.script.extend([result([]), result([a_read(1)])])
    look(watched, odoo, month)
    server.script.append(result([]))
    look(watched, odoo, month + 1)

    assert kinds(watched) == [CREATED, "invoice.payment_overdue"]
    assert len(server.asked) == asked_before + 3


def test_looks_follow_odoos_clock(
    watched: Books, odoo: OdooConnection, server: ScriptedOdoo
) -> None:
    """A look goes back ten minutes behind what Odoo's clock is known to have shown."""
    server.script.extend([result([a_read(1)]), result([a_read_line(1)])])
    look(watched, odoo, 1)
    server.asked.clear()
    server.script.extend([result([]), result([])])
    look(watched, odoo, 2)
    look(watched, odoo, 30)
    asked = [since(one, server.transport) for one in server.asked]

    written = datetime(2026, 12, 1, 10, tzinfo=UTC)
    assert asked == [written - timedelta(minutes=10), written - timedelta(minutes=9)]

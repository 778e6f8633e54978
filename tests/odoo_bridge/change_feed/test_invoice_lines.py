"""The mirror of posted lines: shipped once, newest revision only, less what is posted no more."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from odoo_bridge.change_feed.accepting import accept_change
from odoo_bridge.change_feed.invoice_lines import (
    invoiced_history,
    invoiced_lines,
    ship_invoice_lines,
)
from odoo_bridge.connection import OdooConnection
from rating.draft_store import mark_sent
from storage.feed_tables import invoice_line_outbox
from storage.lake import Lake
from storage.lake_tables import INVOICE_LINE
from tests.odoo_bridge.change_feed.makers import a_read, a_read_line, look
from tests.odoo_bridge.makers import NOW, Books, a_draft, an_account
from tests.odoo_bridge.scripted_odoo import ScriptedOdoo, result

LATER = "2026-12-01 10:05:00"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Open an empty lake."""
    opened = Lake(tmp_path / "lake")
    yield opened
    opened.close()


@pytest.fixture
def posted(books: Books, odoo: OdooConnection, server: ScriptedOdoo) -> Books:
    """Give books that know of two posted invoices since the first look."""
    lines = [a_read_line(1), a_read_line(2)]
    server.script.extend([result([a_read(1), a_read(2)]), result(lines)])
    look(books, odoo)
    return books


def test_an_empty_mirror_has_all_columns(lake: Lake) -> None:
    """Readers find every column before there is a line."""
    assert invoiced_lines(lake).collect().schema == INVOICE_LINE.polars_schema


def test_what_was_posted_before_the_first_look_is_mirrored(posted: Books, lake: Lake) -> None:
    """The mirror begins with what is posted already, though nothing is told of it."""
    assert ship_invoice_lines(posted.state, lake) == 2
    found = invoiced_lines(lake).sort("move_id").collect()

    assert found["untaxed_cents"].to_list() == [10_000, 10_000]
    assert found["invoice_date"].dt.to_string().to_list() == ["2026-12-01"] * 2
    assert found["quantity"].to_list() == ["5", "5"]


def test_a_crash_in_shipping_ships_nothing_twice(
    posted: Books, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shipment that dies between the lake's commit and ours is known by its mark."""

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(invoice_line_outbox), "delete", die)
        with pytest.raises(KeyboardInterrupt):
            ship_invoice_lines(posted.state, lake)
    again = ship_invoice_lines(posted.state, lake)

    assert (again, invoiced_lines(lake).collect().height) == (0, 2)


def test_only_the_newest_revision_counts(
    posted: Books, lake: Lake, odoo: OdooConnection, server: ScriptedOdoo
) -> None:
    """A posted invoice that changed counts as it is now; one set back to draft counts nothing."""
    ship_invoice_lines(posted.state, lake)
    cheaper = a_read(1, amount_untaxed=90.0, write_date=LATER)
    drawn_back = a_read(2, state="draft", write_date=LATER)
    server.script.extend([result([cheaper, drawn_back]), result([a_read_line(1, 90.0)])])
    look(posted, odoo, 1)
    ship_invoice_lines(posted.state, lake)
    found = invoiced_lines(lake).collect()

    assert found["move_id"].to_list() == [1]
    assert found["untaxed_cents"].to_list() == [9_000]
    assert lake.scan(INVOICE_LINE).collect().height == 4


def test_a_change_that_people_accept_is_told_no_more(
    books: Books, odoo: OdooConnection, server: ScriptedOdoo
) -> None:
    """An accepted amount is no problem any more; another one is told again."""
    account = an_account()
    draft = books.add(account, a_draft(account, [10_000]))
    changed = a_read(1, x_fc_draft_id=draft.id, state="draft", amount_untaxed=90.0)
    with books.state.write() as connection:
        mark_sent(connection, draft.id, 1, NOW)
    server.script.append(result([changed]))
    first = look(books, odoo)
    with books.state.write() as connection:
        accept_change(connection, "books", draft.id, NOW)
    accepted = books.kept(draft).problem
    server.script.append(result([changed | {"write_date": LATER, "ref": "x"}]))
    same = look(books, odoo, 1)
    server.script.append(result([changed | {"write_date": LATER, "amount_untaxed": 80.0}]))
    other = look(books, odoo, 2)

    assert "Odoo has 90.00, the draft 100.00" in first.problems[0]
    assert draft.id in first.problems[0]
    assert (accepted, same.problems) == (None, ())
    assert "Odoo has 80.00, the draft 100.00" in other.problems[0]


def test_lines_as_seen_at_a_time_are_those_of_then(
    posted: Books, lake: Lake, odoo: OdooConnection, server: ScriptedOdoo
) -> None:
    """Before a look its invoices are not known; before the next they are as first seen."""
    drawn_back = a_read(2, state="draft", write_date=LATER)
    cheaper = a_read(1, amount_untaxed=90.0, write_date=LATER)
    server.script.extend([result([cheaper, drawn_back]), result([a_read_line(1, 90.0)])])
    look(posted, odoo, 1)
    ship_invoice_lines(posted.state, lake)
    first, second = lake.scan(INVOICE_LINE).collect()["seen_at"].unique().sort()

    assert invoiced_lines(lake, first - timedelta(seconds=1)).collect().is_empty()
    assert invoiced_lines(lake, first).collect()["untaxed_cents"].to_list() == [10_000, 10_000]
    assert invoiced_lines(lake, second).collect().equals(invoiced_lines(lake).collect())
    ends = invoiced_history(lake).sort("revision", "move_id").collect()["known_until"]
    assert ends.to_list() == [second, second, None]

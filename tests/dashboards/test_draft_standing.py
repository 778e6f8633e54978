"""Where drafts stand, and the way from them into Odoo."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import sqlalchemy as sa
from fastapi import Request

from dashboards.draft_standing import Standing, draft_standing, moves_of_drafts, odoo_link
from odoo_bridge.change_feed.feed_store import keep_problem, keep_seen
from odoo_bridge.change_feed.seen_move import SeenMove, from_odoo_feed
from rating.draft_store import park
from storage.tables import invoice_draft
from tests.odoo_bridge.change_feed.makers import a_read
from tests.odoo_bridge.makers import NOW, Books, a_draft, an_account


def seen(draft_id: str, move_id: int, state: str) -> SeenMove:
    """Return a move of a draft as the feed saw it."""
    return from_odoo_feed(a_read(move_id, x_fc_draft_id=draft_id, state=state)).seen


def test_drafts_are_counted_where_they_stand(tmp_path: Path) -> None:
    """Each draft is counted once: waiting, parked, a draft in Odoo, posted, or changed there."""
    books = Books(tmp_path)
    drafts = [
        books.add(account, a_draft(account)) for account in (an_account(f"a{n}") for n in range(5))
    ]
    with books.state.write() as connection:
        for number, state in ((0, "posted"), (1, "posted"), (2, "draft")):
            draft_id, problem = drafts[number].id, "changed" if number == 2 else None
            keep_problem(connection, draft_id, number + 1, problem)
            keep_seen(connection, "books", [seen(draft_id, number + 1, state)], NOW)
        park(connection, [drafts[3].id], "two partners")
    standing = draft_standing(books.state, None)
    moves = moves_of_drafts(books.state, [draft.id for draft in drafts])
    with books.state.read() as connection:
        total = connection.scalar(sa.select(sa.func.count()).select_from(invoice_draft))
    books.state.close()

    counts = (("waiting", 1), ("parked", 1), ("draft in Odoo", 1), ("posted", 2))
    assert standing == [Standing("nexadesk", list(counts), 1)]
    assert sum(count for _, count in counts) == total
    assert {moves[draft.id]["state"] for draft in drafts[:3]} == {"posted", "draft"}


@pytest.mark.parametrize(("url", "move_id"), [("", 7), ("https://odoo.example/", None)])
def test_there_is_no_way_into_no_odoo(url: str, move_id: int | None) -> None:
    """Without an Odoo, or without an invoice, there is no link."""
    assert odoo_link(asked(url), move_id) is None


def test_a_link_opens_the_invoice_in_odoo() -> None:
    """A link names the record, and Odoo asks for the login itself."""
    link = odoo_link(asked("https://odoo.example/"), 7)
    assert link == "https://odoo.example/mail/view?model=account.move&res_id=7"


def asked(url: str) -> Request:
    """Return a request to an app with an Odoo, or without one."""
    odoo = SimpleNamespace(settings=SimpleNamespace(url=url)) if url else None
    state = SimpleNamespace(odoo_answers=SimpleNamespace(odoo=odoo))
    return cast(Request, SimpleNamespace(app=SimpleNamespace(state=state)))

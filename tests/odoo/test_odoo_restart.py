"""Odoo dies in the middle of a batch and comes back: every draft is one invoice."""

import pytest

from odoo_bridge.faults import OutcomeUnknown, Retryable
from rating.invoice_draft import InvoiceDraft
from tests.odoo.house import House
from tests.odoo.own_odoo import OwnOdoo
from tests.odoo_bridge.broken_line import broken_line
from tests.odoo_bridge.makers import a_draft
from tests.real_parts import ODOO, OdooServer, require

pytestmark = pytest.mark.xdist_group("odoo")

DRAFTS = 9


def test_an_odoo_that_dies_in_a_batch_makes_nothing_twice(
    house: House, odoo_server: OdooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at the second of three batches and started again, Odoo has each invoice once."""
    monkeypatch.setattr("odoo_bridge.invoices.BATCH_DRAFTS_MAX", DRAFTS // 3)
    accounts = [house.account(str(number)) for number in range(DRAFTS)]
    drafts = [house.books.add(account, a_draft(account)) for account in accounts]
    own = OwnOdoo(require(ODOO), odoo_server.postgres)
    try:
        own.start()
        with broken_line(own.server.host, own.server.port) as line:
            line.before(f"__fb__.inv_{_word(drafts, DRAFTS // 3)}_l1", own.kill)
            odoo = house.through(line)
            broken = house.books.send(odoo)
            while_down = house.books.send(odoo)
            sent_before = len(house.moves())
            own.start()
            mended = house.books.send(house.through(line))
    finally:
        own.kill()

    assert isinstance(broken.stopped_by, (Retryable, OutcomeUnknown))
    assert isinstance(while_down.stopped_by, (Retryable, OutcomeUnknown))
    assert sent_before == broken.sent == DRAFTS // 3
    assert (mended.sent + mended.already_there, mended.parked) == (DRAFTS - broken.sent, 0)
    made = [move["x_fc_draft_id"] for move in house.moves()]
    assert sorted(made) == sorted(draft.id for draft in drafts)


def _word(drafts: list[InvoiceDraft], number: int) -> str:
    """Return what names the n-th draft, in the order of sending, in its external id."""
    ids = sorted(draft.id for draft in drafts)
    return ids[number].replace("-", "")

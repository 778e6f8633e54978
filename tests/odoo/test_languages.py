"""Lines tell usage in the partner's language, on a real Odoo 19; no key or amount depends on it."""

import pytest

from odoo_bridge.partners import partner_id_of
from tests.odoo.francophone import let_read_french
from tests.odoo.house import House
from tests.odoo_bridge.makers import a_draft, entered

pytestmark = pytest.mark.xdist_group("odoo")

ENGLISH = "Tokens 1: 1,234,567"
FRENCH = "Tokens 1\u00a0: 1\u00a0234\u00a0567"


def told(house: House, account_id: str) -> list[str]:
    """Return what the lines of an account's one invoice say."""
    (move,) = [one for one in house.moves() if one["x_fc_account_id"] == account_id]
    lines = house.inside.call("account.move.line", "read", move["invoice_line_ids"], ["name"])
    return [str(line["name"]) for line in lines]


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
def test_each_partner_reads_its_own_language(house: House, transport: str) -> None:
    """In one batch a French partner reads French and another English; a second run adds nothing."""
    odoo = entered(house.keyed, transport=transport)
    first, second, new = (
        house.account(name, email=f"{name}@{house.tag}.example") for name in ("a", "b", "c")
    )
    partners = [partner_id_of(house.books.state, odoo, one) for one in (first, second)]
    let_read_french(house.inside, partners[:1])
    for account in (first, second, new):
        house.books.add(account, a_draft(account, [10_005]))
    report = house.books.send(odoo)
    again = house.books.send(odoo)

    assert (report.sent, report.parked, again.drafts) == (3, 0, ())
    assert told(house, first.external_id) == [FRENCH]
    assert told(house, second.external_id) == told(house, new.external_id) == [ENGLISH]
    assert {move["amount_untaxed"] for move in house.moves()} == {100.05}

"""Invoices name the order of their subscription in a real Odoo 19, where there is one."""

import pytest
import sqlalchemy as sa

from odoo_bridge.partners import partner_id_of
from storage.odoo_tables import odoo_order
from tests.odoo.house import House
from tests.odoo_bridge.makers import NOW, a_draft

pytestmark = pytest.mark.xdist_group("odoo")

FIELDS = ["invoice_ids", "name", "order_line"]


def test_an_invoice_belongs_to_the_order(house: House) -> None:
    """Sent invoices are listed on the subscription's order; a deleted order holds up none."""
    tied, untied, free = (house.account(name) for name in ("tied", "untied", "free"))
    drafts = [house.books.add(one, a_draft(one, [4_900, 321])) for one in (tied, untied, free)]
    partner_id = partner_id_of(house.books.state, house.odoo, tied)
    note = (0, 0, {"display_type": "line_note", "name": "Usage"})
    made = [
        int(
            house.inside.call(
                "sale.order", "create", {"partner_id": partner_id, "order_line": [note]}
            )
        )
        for _ in range(2)
    ]
    orders = house.inside.call("sale.order", "read", made, FIELDS)
    with house.books.state.write() as connection:
        for draft, order in zip(drafts[:2], orders, strict=True):
            kept: dict[str, object] = {"odoo_database": house.user.database}
            kept |= {"service_code": draft.service_code, "updated_at": NOW}
            kept |= {"first_subscription_id": draft.subscription_id}
            kept |= {"subscription_id": draft.subscription_id, "order_id": order["id"]}
            kept |= {"name": order["name"], "note_line_id": order["order_line"][0]}
            connection.execute(sa.insert(odoo_order).values(kept))
    house.inside.call("sale.order", "unlink", [made[1]])
    report = house.books.send(house.odoo)
    moves = {move["x_fc_draft_id"]: move for move in house.moves()}
    (order,) = house.inside.call("sale.order", "read", [made[0]], FIELDS)

    assert (report.sent, report.parked) == (3, 0)
    assert moves[drafts[0].id]["invoice_origin"] == order["name"]
    assert order["invoice_ids"] == [moves[drafts[0].id]["id"]]
    for draft in drafts[1:]:
        origin = f"nexadesk {draft.subscription_external_id}"
        assert moves[draft.id]["invoice_origin"] == origin
    assert {move["amount_untaxed"] for move in moves.values()} == {52.21}

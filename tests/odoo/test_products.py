"""Products of charges on a real Odoo 19: asked for together, and those that are odd one by one."""

from collections import Counter

import pytest

from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.product_rows import ProductKey
from odoo_bridge.products import fit_product_ids, product_ids_of
from tests.odoo.house import House
from tests.odoo_bridge.makers import a_draft, a_line, entered

pytestmark = pytest.mark.xdist_group("odoo")

CHARGES = 4
FIELDS = ["product_id"]


class Counting(OdooConnection):
    """Our connection, its calls counted by model."""

    def __init__(self, other: OdooConnection) -> None:
        super().__init__(other.settings)
        self.calls: Counter[str] = Counter()

    def call(self, model: str, method: str, *args: OdooValue, **kwargs: OdooValue) -> OdooValue:
        """Call."""
        self.calls[model] += 1
        return super().call(model, method, *args, **kwargs)


def keys(house: House) -> list[ProductKey]:
    """Return products of this test's own."""
    return [ProductKey("nexadesk", f"{house.tag}-{number}") for number in range(CHARGES)]


def test_known_products_cost_two_calls_a_run(house: House) -> None:
    """However many charges a run bills, their products are found in two calls."""
    known = product_ids_of(house.odoo, keys(house))
    lines = [a_line(100, number, key.charge_code) for number, key in enumerate(known, 1)]
    account = house.account()
    house.books.add(account, a_draft(account, lines=lines))
    counting = Counting(house.odoo)
    report = house.books.send(counting)
    (move,) = house.moves()
    billed = house.inside.call("account.move.line", "read", move["invoice_line_ids"], FIELDS)

    assert (report.sent, report.parked) == (1, 0)
    assert counting.calls["product.product"] == 2
    # That is the partner's: is there one of ours already?
    assert counting.calls["ir.model.data"] == 1
    assert {one["product_id"][0] for one in billed} == set(known.values())


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
def test_only_what_can_be_billed_is_found_together(house: House, transport: str) -> None:
    """Archived, deleted and unknown products are left to be made or told of one by one."""
    odoo = entered(house.keyed, transport=transport)
    well, archived, deleted, unknown = keys(house)[:4]
    ids = product_ids_of(odoo, [well, archived, deleted])
    house.inside.call("product.product", "write", [ids[archived]], {"active": False})
    house.inside.call("product.product", "unlink", [ids[deleted]])
    found = fit_product_ids(odoo, [well, archived, deleted, unknown])
    anew = product_ids_of(odoo, [deleted])

    assert found == {well: ids[well]}
    assert anew[deleted] not in ids.values()
    assert fit_product_ids(odoo, []) == {}

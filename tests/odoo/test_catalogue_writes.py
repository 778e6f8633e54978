"""Plans that apps write over HTTP where a real Odoo 19 owns the catalogue."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from odoo_bridge.odoo_value import OdooValue
from tests.odoo.catalogue_desk import Ask, asking_desk, open_desk, products_of
from tests.odoo.house import House
from tests.odoo.killed_once import killed_at, write_plan
from tests.odoo_bridge.broken_line import BrokenLine, Cut

pytestmark = pytest.mark.xdist_group("odoo")

PLAN: dict[str, Any] = {"code": "pro", "name": "Pro", "interval": "monthly"}
PLAN |= {"amount_cents": 4_900, "amount_currency": "CAD"}
OLD, NEW = {"amount": "0.0000012"}, {"amount": "0.25"}


class Desk:
    """Such an app, and what Odoo has of its plans."""

    def __init__(self, ask: Ask, house: House, code: str) -> None:
        self.ask = ask
        self._house = house
        self._code = code
        self.metric_id = ask("GET", "/billable_metrics")[1]["billable_metrics"][0]["lago_id"]

    def products(self) -> list[OdooValue]:
        """Return every product that says something of a plan, archived too."""
        return products_of(self._house.inside, self._code)


def said(product: OdooValue) -> dict[str, OdooValue]:
    """Return what a product says, whenever it was written."""
    return {name: told for name, told in product.items() if name != "write_date"}


@pytest.fixture
def desk(house: House, line: BrokenLine, tmp_path: Path) -> Iterator[Desk]:
    """Provide an app whose house asks Odoo through a line that can be cut."""
    code = f"c{house.tag[1:9]}"
    folder = tmp_path / "owned"
    key = open_desk(folder, house.inside, house.keyed, code)
    with asking_desk(folder, house.keyed, key, line.port) as ask:
        yield Desk(ask, house, code)


def test_a_plan_is_written_to_products_and_read_back(desk: Desk) -> None:
    """Made, changed, given a charge, relieved of it and deleted: Odoo says it each time, once."""
    made = desk.ask("POST", "/plans", {"plan": PLAN})
    again = desk.ask("POST", "/plans", {"plan": PLAN})
    first = desk.products()
    charge: dict[str, object] = {"billable_metric_id": desk.metric_id, "charge_model": "standard"}
    charge |= {"properties": {"amount": "0.0000012"}}
    added = desk.ask("POST", "/plans/pro/charges", {"charge": charge})
    changed = desk.ask("PUT", "/plans/pro", {"plan": {"name": "Pro plus", "amount_cents": 5_050}})
    second = desk.products()
    removed = desk.ask("DELETE", "/plans/pro/charges/tokens")
    shown = desk.ask("GET", "/plans/pro")
    deleted = desk.ask("DELETE", "/plans/pro")
    last = desk.products()
    missing = desk.ask("GET", "/plans/pro")

    assert (made[0], made[1]["plan"]["amount_cents"]) == (200, 4_900)
    assert (again[0], again[1]["error_details"]) == (422, {"code": ["value_already_exist"]})
    assert [(one["list_price"], one["active"]) for one in first] == [(49.0, True)]
    assert (added[0], added[1]["charge"]["properties"]["amount"]) == (200, "0.0000012")
    assert (changed[0], changed[1]["plan"]["name"]) == (200, "Pro plus")
    assert len(changed[1]["plan"]["charges"]) == 1
    assert [one["name"] for one in second] == ["Pro plus", "tokens"]
    assert second[0]["list_price"] == 50.5
    assert (removed[0], shown[1]["plan"]["charges"]) == (200, [])
    assert (deleted[0], missing[0]) == (200, 404)
    assert [one["active"] for one in last] == [False, False]


def test_a_single_charge_is_written_to_its_product(desk: Desk) -> None:
    """A price that an app changes stands on its product; the plan's product says the same."""
    charge: dict[str, object] = {"billable_metric_id": desk.metric_id, "charge_model": "standard"}
    desk.ask("POST", "/plans", {"plan": PLAN | {"charges": [charge | {"properties": OLD}]}})
    before = desk.products()
    answers = [
        desk.ask("PUT", "/plans/pro/charges/tokens", {"charge": {"properties": NEW}})
        for _ in range(2)
    ]
    after = desk.products()
    shown = desk.ask("GET", "/plans/pro/charges/tokens")

    assert [status for status, _ in answers] == [200, 200]
    assert answers[1][1] == shown[1]
    assert shown[1]["charge"]["properties"]["amount"] == NEW["amount"]
    assert json.loads(after[1]["x_fc_charge_properties"])["amount"] == NEW["amount"]
    assert json.loads(before[1]["x_fc_charge_properties"])["amount"] == OLD["amount"]
    assert said(after[0]) == said(before[0])


@pytest.mark.parametrize("how", [Cut.BEFORE, Cut.AFTER])
def test_a_write_that_broke_off_is_a_503(desk: Desk, line: BrokenLine, how: Cut) -> None:
    """Cut while it writes, the app is told to come again; then the plan is there once."""
    line.cut("/product.template/load", how)
    broken = desk.ask("POST", "/plans", {"plan": PLAN})
    answers = [desk.ask("POST", "/plans", {"plan": PLAN}) for _ in range(2)]

    assert line.cuts == 1
    assert broken[0] == (503 if how is Cut.BEFORE else 200)
    assert answers[0][0] == (200 if how is Cut.BEFORE else 422)
    assert answers[1][1]["error_details"] == {"code": ["value_already_exist"]}
    assert [one["list_price"] for one in desk.products()] == [49.0]


def test_what_odoo_cannot_say_changes_nothing(desk: Desk, line: BrokenLine) -> None:
    """Another currency, and an Odoo that does not answer, are told; no product is made."""
    foreign = desk.ask("POST", "/plans", {"plan": PLAN | {"amount_currency": "EUR"}})
    faulty = desk.ask("POST", "/plans", {"plan": PLAN | {"interval": "daily"}})
    line.cut("POST", Cut.BEFORE, times=20)
    unreached = desk.ask("POST", "/plans", {"plan": PLAN})

    assert (foreign[0], foreign[1]["code"]) == (422, "third_party_error")
    assert (faulty[0], faulty[1]["code"]) == (422, "validation_errors")
    assert (unreached[0], unreached[1]["code"]) == (503, "odoo_unreachable")
    assert desk.products() == []
    assert desk.ask("GET", "/plans")[1]["plans"] == []


@pytest.mark.parametrize("place", ["odoo.catalogue.made", "odoo.catalogue.written"])
def test_killed_while_it_writes_a_plan_it_is_there_once(
    house: House, tmp_path: Path, place: str
) -> None:
    """Killed before or after Odoo says the plan, asking again ends with one product of it."""
    code = f"c{house.tag[1:9]}"
    folder = tmp_path / "owned"
    key = open_desk(folder, house.inside, house.keyed, code)
    killed_at(place, write_plan, folder, house.keyed, key=key, plan=PLAN)
    with asking_desk(folder, house.keyed, key) as ask:
        answers = [ask("POST", "/plans", {"plan": PLAN}) for _ in range(2)]
        shown = ask("GET", "/plans/pro")
    (product,) = products_of(house.inside, code)

    assert answers[0][0] in {200, 422}
    assert answers[1][1]["error_details"] == {"code": ["value_already_exist"]}
    assert shown[1]["plan"]["amount_cents"] == 4_900
    assert (product["active"], product["list_price"]) == (True, 49.0)

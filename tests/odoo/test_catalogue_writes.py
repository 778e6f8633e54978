"""Plans that apps write over HTTP where a real Odoo 19 owns the catalogue."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from catalog.store import api_keys
from catalog.store.services import add_service
from fusion_billing.app import create_app, create_front_door
from fusion_billing.catalogue import read_from_odoo
from fusion_billing.clock import SystemClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from odoo_bridge.odoo_value import OdooValue
from tests.fusion_billing.makers import a_service
from tests.odoo.house import House
from tests.odoo_bridge.broken_line import BrokenLine, Cut
from tests.odoo_bridge.makers import entered

pytestmark = pytest.mark.xdist_group("odoo")

COUNTED = '{"aggregation_type": "sum_agg", "field_name": "count"}'
FIELDS = ["name", "active", "list_price", "x_fc_plan_code", "x_fc_charge_code", "write_date"]
FIELDS += ["x_fc_charge_properties", "invoice_policy"]
PLAN: dict[str, Any] = {"code": "pro", "name": "Pro", "interval": "monthly"}
PLAN |= {"amount_cents": 4_900, "amount_currency": "CAD"}


class Desk:
    """An app of one service, before an Odoo that owns its catalogue and knows one metric."""

    def __init__(self, client: TestClient, key: str, house: House, code: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"}
        self._house = house
        self.code = code
        self.metric_id = ""

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Ask, and return status and answer."""
        answer = self._client.request(method, f"/api/v1{path}", json=body, headers=self._headers)
        return answer.status_code, answer.json()

    def products(self) -> list[OdooValue]:
        """Return every product that says something of a plan of this service, archived too."""
        mine = [["x_fc_service", "=", self.code], ["x_fc_plan_code", "!=", False]]
        context = {"active_test": False}
        model = "product.template"
        found = self._house.inside.call(
            model, "search_read", mine, FIELDS, order="id", context=context
        )
        return list(found)


@pytest.fixture
def desk(house: House, line: BrokenLine, tmp_path: Path) -> Iterator[Desk]:
    """Provide an app whose house asks Odoo through a line that can be cut."""
    settings = Settings(
        data_dir=tmp_path / "owned",
        catalogue_owner="odoo",
        odoo_url=f"http://127.0.0.1:{line.port}",
        odoo_database=house.keyed.database,
        odoo_login=house.keyed.login,
        odoo_password=SecretStr(house.keyed.password),
        odoo_transport="json2",
    )
    clock = SystemClock()
    code = f"c{house.tag[1:9]}"
    metric = {"name": "Tokens", "x_fc_service": code, "x_fc_metric_code": "tokens"}
    house.inside.call("product.template", "create", metric | {"x_fc_metric_properties": COUNTED})
    with opened_house(settings, clock) as opened:
        with opened.state.write() as connection:
            add_service(connection, replace(a_service(clock()), id=code, code=code))
            _, key = api_keys.create_key(connection, code, opened.pepper, clock())
        read_from_odoo(opened.state, entered(house.keyed), at=clock())
        client = TestClient(create_front_door(create_app(opened), opened))
        made = Desk(client, key, house, code)
        metrics = made.ask("GET", "/billable_metrics")[1]["billable_metrics"]
        made.metric_id = metrics[0]["lago_id"]
        yield made


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

"""Provider cost over HTTP and by command: own service only, all or nothing, once."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalog.store import api_keys, services
from dashboards.costs.cost_store import costs_in_effect
from tests.fusion_billing.conftest import OPENED_AT, Roof
from tests.fusion_billing.makers import a_service
from tests.fusion_billing.test_cli import run
from tests.shared_files import shared_file

SAMPLE_DAYS = ("--from", "2024-08-31", "--to", "2024-10-31")


def a_cost(**changed: object) -> dict[str, object]:
    return {
        "key": "k1", "day": "2026-01-01", "provider": "OpenAI", "cost": "1.25", "currency": "CAD",
        **changed,
    }  # fmt: skip


def refused(roof: Roof, *rows: object) -> dict[str, Any]:
    answer = roof.client.post("/api/v1/costs", json={"costs": rows}, headers=roof.headers)
    assert answer.status_code == 422, answer.text
    return dict(answer.json()["error_details"])


def test_posted_costs_count_once(roof: Roof) -> None:
    """A repeated request changes nothing, a higher revision replaces, exact to the last digit."""
    first = {"costs": [a_cost(), a_cost(key="k2", cost="0.000000000001", service="nexacloud")]}

    assert roof.post("/costs", first)["costs"] == {"new_count": 2, "known_count": 0}
    assert roof.post("/costs", first)["costs"] == {"new_count": 0, "known_count": 2}
    assert roof.post("/costs", {"costs": [a_cost(cost="2", revision=2)]})["costs"]["new_count"] == 1

    found = costs_in_effect(roof.house.lake).collect()
    assert found["cogs_cad"].sum() == Decimal("2.000000000001")
    assert found["service"].unique().to_list() == ["nexadesk"]


def test_a_faulty_row_keeps_the_request_out(roof: Roof) -> None:
    """Each fault is told under its row and column, and nothing is kept."""
    rows = [a_cost(), a_cost(currency="USD"), a_cost(external_customer_id="nobody", cost="x")]

    details = refused(roof, *rows, a_cost(billable_metric_code="nothing", key="k2"), 5)

    assert {row: sorted(columns) for row, columns in details.items()} == {
        "1": ["currency"], "2": ["cost"], "3": ["billable_metric_code"], "4": ["row"],
    }  # fmt: skip
    assert "account" in str(refused(roof, a_cost(external_customer_id="nobody")))
    assert costs_in_effect(roof.house.lake).collect().is_empty()


def test_one_revision_is_told_one_way(roof: Roof) -> None:
    """Another cost under a revision that is there is refused, and the first stands."""
    roof.post("/costs", {"costs": [a_cost()]})

    assert "higher revision" in refused(roof, a_cost(cost="9"))["0"]["revision"][0]


def test_services_do_not_share_keys_of_costs(roof: Roof) -> None:
    """Two services may use one key for their own costs."""
    with roof.house.state.write() as connection:
        services.add_service(connection, replace(a_service(OPENED_AT), id="2", code="nexacloud"))
        _, key = api_keys.create_key(connection, "nexacloud", roof.house.pepper, OPENED_AT)
    roof.post("/costs", {"costs": [a_cost()]})
    headers = {"Authorization": f"Bearer {key}"}
    answer = roof.client.post("/api/v1/costs", json={"costs": [a_cost(cost="3")]}, headers=headers)

    assert answer.status_code == 200
    assert costs_in_effect(roof.house.lake).collect()["cogs_cad"].sum() == Decimal("4.25")


def test_senseless_bodies_are_refused(roof: Roof) -> None:
    """A body without rows, or with too many, is a bad request."""
    bodies: tuple[object, ...] = ({}, {"costs": []}, {"costs": [a_cost()] * 1001}, [])
    for body in bodies:
        answer = roof.client.post("/api/v1/costs", json=body, headers=roof.headers)
        assert answer.status_code == 400, body


def test_a_bill_s_way_by_command(tmp_path: Path) -> None:
    """Rates, a file, a rule and its coverage; the rule's end takes its answer back."""
    rates, sample = tmp_path / "rates.csv", str(shared_file("data/focus_1_0_sample.csv"))
    rates.write_text("currency,date,rate\nUSD,2024-08-01,1.35\nUSD,2024-09-01,1.35\n")
    folder = tmp_path / "data"
    run(folder, "import", "costs", sample, exit_code=1)
    run(folder, "costs", "rates", str(rates))
    run(folder, "import", "costs", sample)
    match = ("--match", "provider=AWS", "--from", "2024-01-01")
    added = run(folder, "costs", "rules", "add", "direct", *match, "--to", "nexadesk", "--json")
    owned = json.loads(run(folder, "costs", "coverage", *SAMPLE_DAYS, "--json"))["coverage"]
    rule = json.loads(added)["rule"]["id"]
    run(folder, "costs", "rules", "end", rule, "--on", "2024-01-01")
    ended = json.loads(run(folder, "costs", "coverage", *SAMPLE_DAYS, "--json"))["coverage"]

    shares = {row["provider"]: row["coverage"] for row in owned}
    assert (shares["AWS"], shares["Microsoft"]) == ("1.0", "0.0")
    assert owned[-1]["cogs_cad"] == ended[-1]["cogs_cad"] == ended[-1]["unallocated_cad"]
    assert "direct" in run(folder, "costs", "rules", "list")

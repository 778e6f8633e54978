"""Every rated line explains itself: over HTTP, on its page, in a file its customer can check."""

import contextlib
import io
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from catalog.services import Service
from catalog.store import api_keys, services
from storage.lake_tables import RATED_LINE
from tests.fusion_billing.billed_house import MARCH, billed_house, in_house
from tests.fusion_billing.conftest import OPENED_AT, Roof
from tests.house.sources import ROOT


@pytest.fixture(scope="module")
def roof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roof]:
    """Give the app of a house that has billed for months."""
    folder = tmp_path_factory.mktemp("explained")
    billed_house(folder)
    with in_house(folder, MARCH) as roof:
        yield roof


def lines(roof: Roof, **wanted: object) -> list[dict[str, Any]]:
    """Return the stored lines with these columns, in their order of time."""
    found = roof.house.lake.scan(RATED_LINE).filter(**wanted).sort("rated_at", "id").collect()
    return found.to_dicts()


def explained(roof: Roof, line_id: str, query: str = "") -> dict[str, Any]:
    """Return the explanation of a line."""
    shown: dict[str, Any] = roof.get(f"/rated_lines/{line_id}/explanation{query}")["rated_line"]
    return shown


def checked(folder: Path, data: bytes, key: str) -> str:
    """Run the customer's script and return what it prints."""
    file = folder / "line.csv"
    file.write_bytes(data)
    said, kept = io.StringIO(), sys.argv
    try:
        sys.argv = ["verify_line.py", str(file), key]
        with contextlib.redirect_stdout(said):
            runpy.run_path(str(ROOT / "docs" / "verify_line.py"))
    finally:
        sys.argv = kept
    return said.getvalue()


def test_every_line_adds_up(roof: Roof) -> None:
    """The usage of each line makes its units and its steps its cents, those of late usage too."""
    every = lines(roof)

    shown = [explained(roof, line["id"]) for line in every]

    assert {line["kind"] for line in every} >= {"plan_fee", "charge", "true_up", "late_usage"}
    assert [each["adds_up"] for each in shown] == [True] * len(every)
    assert [each["amount_cents"] for each in shown] == [line["amount_cents"] for line in every]
    for line, each in zip(every, shown, strict=True):
        assert each["versions"]["watermark"] == line["watermark"]
        assert (each["usage"] is None) == (line["metric_version"] is None)


def test_only_the_usage_of_a_line_is_counted(roof: Roof) -> None:
    """A filter's line counts what the filter takes, a group's line its group, at its watermark."""
    large, *_ = (
        each for each in lines(roof, kind="charge", charge_code="tokens") if each["filter_id"]
    )
    (team, *_) = lines(roof, kind="charge", charge_code="calls", group_values='{"team": "a"}')

    names = [
        [row["transaction_id"] for row in explained(roof, line["id"])["usage"]["rows"]]
        for line in (large, team)
    ]

    assert names == [
        ["january-0", "january-3"],
        ["january-call-0", "january-call-2", "january-call-4"],
    ]
    assert explained(roof, large["id"])["filter_values"] == {"model": ["large"]}
    assert explained(roof, team["id"])["group"] == {"team": "a"}


def test_history_counts_for_recurring_metrics(roof: Roof) -> None:
    """February's seats are January's, too, and the explanation says that it looks back."""
    (seats,) = (
        each
        for each in lines(roof, kind="charge", charge_code="seats")
        if each["rated_at"] == MARCH
    )

    shown = explained(roof, seats["id"])

    assert shown["window"]["counts_usage_before"]
    assert {row["transaction_id"].split("-")[0] for row in shown["usage"]["rows"]} == {
        "january", "february",
    }  # fmt: skip


def test_the_rows_come_page_by_page(roof: Roof) -> None:
    """Pages hold each row once, in time order, and the count is that of all."""
    (line, *_) = lines(roof, kind="charge", charge_code="disk")
    whole = explained(roof, line["id"])["usage"]["rows"]

    parts = [explained(roof, line["id"], f"?per_page=4&page={page}") for page in (1, 2, 3)]

    assert [len(part["usage"]["rows"]) for part in parts] == [4, 2, 0]
    assert [row for part in parts for row in part["usage"]["rows"]] == whole
    assert parts[0]["meta"]["total_count"] == parts[0]["usage"]["rows_count"] == 6
    assert whole[0]["properties"] == '{"gb":7}'


def test_a_line_of_another_service_is_not_found(roof: Roof) -> None:
    """Another service's key, and an unknown id, are answered alike; without a key nothing is."""
    (line, *_) = lines(roof)
    with roof.house.state.write() as connection:
        other = Service("service-2", "nexamaps", "Maps", "America/Toronto", "CAD", OPENED_AT)
        services.add_service(connection, other)
        _, key = api_keys.create_key(connection, "nexamaps", roof.house.pepper, OPENED_AT)
    foreign = {"Authorization": f"Bearer {key}"}
    for form in ("explanation", "explanation.csv"):
        address = f"/api/v1/rated_lines/{line['id']}/{form}"
        refused = roof.client.get(address, headers=foreign)
        unknown = roof.client.get(f"/api/v1/rated_lines/none/{form}", headers=roof.headers)

        assert (refused.status_code, refused.json()["code"]) == (404, "rated_line_not_found")
        assert unknown.json() == refused.json()
        assert roof.client.get(address).status_code == 401


def test_every_line_is_signed_for_its_customer(roof: Roof, tmp_path: Path) -> None:
    """The customer's script takes the file of each line with the key that everybody may see."""
    key = roof.client.get("/api/v1/rated_lines/public_key").json()["public_key"]
    assert key["algorithm"] == "ed25519"
    for line in lines(roof):
        address = f"/api/v1/rated_lines/{line['id']}/explanation.csv"
        answer = roof.client.get(address, headers=roof.headers)

        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert checked(tmp_path, answer.content, key["hex"]).startswith("good: ")


def test_the_page_shows_the_usage_and_gives_the_file(roof: Roof) -> None:
    """A line's page has the rows counted, what they are weighed by, and the signed file."""
    (line, *_) = lines(roof, kind="charge", charge_code="disk")
    address = f"/dashboards/rated_lines/{line['id']}"

    shown = roof.client.get(address).text
    file = roof.client.get(f"{address}/explanation.csv")

    assert "january-disk-3" in shown
    assert "Weights divided by" in shown
    assert "does not add up" not in shown
    assert f"{address}/explanation.csv" in shown
    assert file.content.count(b"\r\nusage,") == 6
    assert roof.client.get("/dashboards/rated_lines/none/explanation.csv").status_code == 404
    fee = lines(roof, kind="plan_fee")[0]["id"]
    assert "Usage counted" not in roof.client.get(f"/dashboards/rated_lines/{fee}").text


def test_steps_of_another_form_are_refused_and_shown_as_kept(roof: Roof) -> None:
    """A line whose steps can't be read is no failure: it is refused, and its page says so."""
    whole = roof.house.lake.scan(RATED_LINE).head(1).collect()
    odd = whole.with_columns(id=pl.lit("odd"), explanation=pl.lit("{"), kind=pl.lit("charge"))
    roof.house.lake.append_unless(RATED_LINE, odd, column="id", value="odd")

    refused = roof.client.get("/api/v1/rated_lines/odd/explanation", headers=roof.headers)

    assert (refused.status_code, refused.json()["code"]) == (405, "explanation_unreadable")
    assert (
        "in a form this page does not know" in roof.client.get("/dashboards/rated_lines/odd").text
    )
    assert roof.client.get("/dashboards/rated_lines/odd/explanation.csv").status_code == 404

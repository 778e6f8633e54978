"""The worked examples of the charge model page are computed: the page can't drift from the code."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from aggregation.quantity import Quantity
from catalog.exact_json import JsonObject
from catalog.lago_shapes.plans import from_lago_new_plan
from catalog.money import rounded_cents
from rating.charge_models import CHARGE_MODELS
from rating.rater import charge_price, closed_price
from tests.ingest.makers import a_metric

PAGE = Path(__file__).resolve().parents[2] / "docs" / "charge_models.md"


def examples() -> list[tuple[str, str, str, str]]:
    """Return (charge model, properties, units, amount) of every example row of the page."""
    rows = [line.strip("| \n").split(" | ") for line in PAGE.read_text().splitlines()]
    return [
        (model, properties.strip("`"), units, amount)
        for model, properties, units, amount in (row for row in rows if len(row) == 4)
        if properties.startswith("`")
    ]


@pytest.mark.parametrize(("model", "properties", "units", "amount"), examples())
def test_the_page_shows_what_the_code_computes(
    model: str, properties: str, units: str, amount: str
) -> None:
    """Units priced by the properties of an example come to its amount, to the cent."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    metric = a_metric()
    charge: JsonObject = {
        "billable_metric_id": metric.id,
        "charge_model": model,
        "properties": json.loads(properties),
    }
    given: JsonObject = {
        "name": "Plan", "code": "plan", "interval": "monthly", "amount_cents": 0,
        "amount_currency": "CAD", "charges": [charge],
    }  # fmt: skip
    plan = from_lago_new_plan(given, "nexadesk", {metric.id: metric}, at, lambda: "id")
    quantity = Quantity(Decimal(units), 1, (Decimal(units),))

    price = closed_price(charge_price(plan.charges[0], quantity), "CAD")

    assert rounded_cents(price.amount, "CAD") == Decimal(amount) * 100


def test_every_model_has_examples() -> None:
    """The page works out at least one example for each charge model."""
    assert {model for model, _, _, _ in examples()} == {str(model) for model in CHARGE_MODELS}

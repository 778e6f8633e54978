"""The worked examples of the charge model page are computed: the page can't drift from the code."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from aggregation.quantity import Quantity
from catalog.charge_terms import ChargeModel
from catalog.exact_json import exact_value
from catalog.lago_shapes.bucket_price import from_lago_bucket_price
from catalog.money import rounded_cents
from catalog.plans import Charge
from rating.bucket_price import charge_price, closed_price
from rating.charge_bucket import ChargeBucket
from rating.charge_models import CHARGE_MODELS
from rating.estimates.instant import instant_price
from rating.marginal_fees import marginal_fees
from rating.rated_line import Price
from rating.true_up import true_up_price

PAGE = Path(__file__).resolve().parents[2] / "docs" / "charge_models.md"
MARK = "<!-- example -->"
CURRENCY = "CAD"
AT = datetime(2026, 1, 1, tzinfo=UTC)
DEPTH_MAX = 10
Example = Mapping[str, str]


def examples() -> list[Example]:
    """Return every row of the page's example tables, by the names in its head."""
    return [
        dict(zip(_cells(head), _cells(row), strict=True))
        for head, *rows in _tables(PAGE.read_text().splitlines())
        for row in rows
    ]


def _tables(lines: list[str]) -> Iterator[list[str]]:
    """Yield the lines of each table under a mark, without the rule below its head."""
    for number, line in enumerate(lines):
        if line == MARK:
            end = next(
                (at for at in range(number + 1, len(lines)) if not lines[at].startswith("|")),
                len(lines),
            )
            head, _, *rows = lines[number + 1 : end]
            yield [head, *rows]


def _cells(row: str) -> list[str]:
    return [cell.strip(" `") for cell in row.strip("|").split(" | ")]


def bucket(example: Example) -> ChargeBucket:
    """Return the charge of an example, its properties read as a plan's are."""
    model = ChargeModel(example["charge_model"])
    properties = exact_value(example.get("properties", "{}").encode(), DEPTH_MAX)
    assert isinstance(properties, dict)
    price, faults = from_lago_bucket_price(model, properties, has_default=True)
    assert not faults
    charge = Charge(
        id="charge",
        code="charge",
        metric_id="metric",
        metric_code="metric",
        terms=price.terms,
        created_at=AT,
        quantity_included=price.quantity_included,
    )
    return ChargeBucket(charge)


def quantity(example: Example) -> Quantity:
    """Return the quantity of an example: a total, or single events, some prorated."""
    values = decimals(example["events"]) if "events" in example else None
    prorated = decimals(example["prorated"]) if "prorated" in example else None
    total = sum(values if prorated is None else prorated, Decimal(0)) if values else Decimal(0)
    units = Decimal(example["units"]) if "units" in example else total
    return Quantity(
        units=units,
        events_count=1 if values is None else len(values),
        event_values=(units,) if values is None else values,
        event_ids=None if values is None else tuple(map(str, range(len(values)))),
        full_units=Decimal(example["full_units"]) if "full_units" in example else None,
        event_prorated_values=prorated,
        precise_total_amount_cents=Decimal(example["cents"]) if "cents" in example else None,
    )


def decimals(listed: str) -> tuple[Decimal, ...]:
    """Return the numbers of a JSON list of texts."""
    return tuple(Decimal(text) for text in json.loads(listed))


def in_arrears(example: Example) -> Price:
    """Return the price of a period's quantity."""
    return charge_price(bucket(example), quantity(example), example.get("currency", CURRENCY))


def by_itself(example: Example) -> Price:
    """Return the estimate of one event."""
    return instant_price(bucket(example).terms, Decimal(example["event"]))


def missing(example: Example) -> Price:
    """Return what fees lack to a minimum."""
    return true_up_price(
        int(example["minimum_cents"]),
        int(example["fees_cents"]),
        days=int(example["days"]),
        period_days=int(example["period_days"]),
        currency=CURRENCY,
    )


def priced_by(example: Example) -> Callable[[Example], Price]:
    """Return what computes the amount of an example, by the columns of its table."""
    if "minimum_cents" in example:
        return missing
    return by_itself if "event" in example else in_arrears


@pytest.mark.parametrize("example", [each for each in examples() if "fees" not in each])
def test_the_page_shows_what_the_code_computes(example: Example) -> None:
    """The quantity of an example, priced by its properties, comes to its amount, to the cent."""
    currency = example.get("currency", CURRENCY)
    price = closed_price(priced_by(example)(example), currency)
    shown = Decimal(example["estimate" if "event" in example else "amount"])

    assert rounded_cents(price.amount, currency) == rounded_cents(shown, currency)


@pytest.mark.parametrize("example", [each for each in examples() if "fees" in each])
def test_the_page_shows_the_fees_of_events(example: Example) -> None:
    """Each event of an example in advance has the fee in cents that the page shows."""
    fees = marginal_fees(bucket(example).terms, quantity(example), CURRENCY)

    assert [fee.amount_cents for fee in fees] == json.loads(example["fees"])


def test_every_model_has_examples() -> None:
    """The page works out at least one example for each charge model."""
    named = {example["charge_model"] for example in examples() if "charge_model" in example}

    assert named == {str(model) for model in CHARGE_MODELS}

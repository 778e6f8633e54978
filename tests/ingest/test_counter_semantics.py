"""What counters may feed: the one table, its page, and the metrics that declare it."""

from pathlib import Path

import pytest

from catalog.billable_metrics import AggregationType, BillableMetric, CounterSemantics
from catalog.charge_terms import ChargeModel
from catalog.counter_semantics import (
    COUNTER_RULES,
    counter_fits_aggregation,
    counter_fits_charge,
)
from catalog.errors import ValidationFailed
from catalog.lago_shapes.billable_metrics import (
    from_lago_changed_metric,
    from_lago_new_metric,
    to_lago_metric,
)
from tests.ingest.makers import NOW

PAGE = Path(__file__).parents[2] / "docs" / "counters.md"
RANGES: dict[str, object] = {"graduated_ranges": []}


def a_row(semantics: CounterSemantics) -> str:
    """Return the page's line of one semantics."""
    rule = COUNTER_RULES[semantics]
    kinds = ", ".join(f"`{kind}`" for kind in AggregationType if kind in rule.aggregation_types)
    models = ", ".join(f"`{model}`" for model in sorted(rule.charge_models))
    return f"| `{semantics}` | {rule.meaning} | {kinds} | {models} |"


def new_metric(**changed: object) -> BillableMetric:
    """Return a metric as a request describes it."""
    given = {"name": "Tokens", "code": "tokens", "aggregation_type": "sum_agg", "field_name": "t"}
    return from_lago_new_metric(given | changed, "nexadesk", "metric-1", NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("semantics", CounterSemantics)
def test_the_page_shows_the_table(semantics: CounterSemantics) -> None:
    """docs/counters.md says of each semantics what the code does."""
    assert a_row(semantics) in PAGE.read_text(), f"put into docs/counters.md: {a_row(semantics)}"


def test_no_counter_feeds_a_unique_count() -> None:
    """A total does not say which values were in it."""
    assert not any(
        counter_fits_aggregation(semantics, AggregationType.UNIQUE_COUNT)
        for semantics in CounterSemantics
    )


@pytest.mark.parametrize("semantics", CounterSemantics)
@pytest.mark.parametrize("kind", AggregationType)
def test_a_metric_declares_only_what_it_can_be_fed(
    semantics: CounterSemantics, kind: AggregationType
) -> None:
    """A metric is created exactly when the table allows it, and shows what it declared."""
    given = {
        "counter_semantics": semantics.value,
        "aggregation_type": kind.value,
        "weighted_interval": "seconds",
    }
    if counter_fits_aggregation(semantics, kind):
        assert to_lago_metric(new_metric(**given))["counter_semantics"] == semantics.value
        return
    with pytest.raises(ValidationFailed) as refused:
        new_metric(**given)

    assert refused.value.details == {"counter_semantics": ["not_compatible_with_aggregation_type"]}


@pytest.mark.parametrize("value", ["total", "", 1, ["delta"], True])
def test_an_unknown_semantics_is_refused(value: object) -> None:
    """A word we don't know is an error, not a default."""
    with pytest.raises(ValidationFailed) as refused:
        new_metric(counter_semantics=value)

    assert refused.value.details == {"counter_semantics": ["value_is_invalid"]}


def test_a_metric_takes_no_counters_unless_it_says_so() -> None:
    """Absent and null mean events only."""
    assert new_metric().counter_semantics is None
    assert new_metric(counter_semantics=None).counter_semantics is None


def test_a_priced_metrics_semantics_is_fixed() -> None:
    """Windows of the running period were taken in by the old reading."""
    kept = new_metric(counter_semantics="delta")
    with pytest.raises(ValidationFailed) as refused:
        from_lago_changed_metric({"counter_semantics": "cumulative"}, kept, is_priced=True)

    assert refused.value.details == {"counter_semantics": ["used_by_a_plan"]}
    changed = from_lago_changed_metric({"counter_semantics": None}, kept, is_priced=False)
    assert changed.counter_semantics is None


def test_a_kept_semantics_must_fit_a_changed_aggregation() -> None:
    """Changing what a metric counts may leave its counters without meaning."""
    kept = new_metric(counter_semantics="delta")
    with pytest.raises(ValidationFailed) as refused:
        from_lago_changed_metric({"aggregation_type": "max_agg"}, kept, is_priced=False)

    assert "counter_semantics" in (refused.value.details or {})


@pytest.mark.parametrize("model", [*ChargeModel, "dynamic", "custom"])
def test_without_counters_every_charge_fits(model: str) -> None:
    """Events can be priced by every charge model."""
    assert counter_fits_charge(None, model, {"fixed_amount": "1"}, ["prorated"])


@pytest.mark.parametrize(
    ("model", "properties", "options", "fits"),
    [
        ("standard", {"amount": "1"}, (), True),
        ("graduated", RANGES, (), True),
        ("package", {"amount": "1", "package_size": 10, "free_units": 5}, (), True),
        ("volume", {"volume_ranges": []}, (), True),
        ("graduated_percentage", {"graduated_percentage_ranges": []}, (), True),
        ("percentage", {"rate": "1"}, (), True),
        ("percentage", {"rate": "1", "fixed_amount": "0", "free_units_per_events": None}, (), True),
        ("percentage", {"rate": "1", "fixed_amount": "0.5"}, (), False),
        ("percentage", {"rate": "1", "free_units_per_events": 3}, (), False),
        ("percentage", {"rate": "1", "free_units_per_total_aggregation": "3"}, (), False),
        ("percentage", {"rate": "1", "per_transaction_min_amount": "0"}, (), False),
        ("percentage", {"rate": "1", "per_transaction_max_amount": "9"}, (), False),
        ("dynamic", {}, (), False),
        ("custom", {}, (), False),
        ("weighted", {}, (), False),
        ("standard", {"amount": "1"}, ("prorated",), False),
        ("standard", {"amount": "1"}, ("pay_in_advance",), False),
        ("standard", {"amount": "1"}, ("min_amount_cents",), True),
    ],
)
def test_only_what_a_total_decides_is_priced(
    model: str, properties: dict[str, object], options: tuple[str, ...], *, fits: bool
) -> None:
    """A charge that needs single events, their amounts or their times refuses counters."""
    assert counter_fits_charge(CounterSemantics.DELTA, model, properties, options) is fits


def test_a_level_has_no_percentage() -> None:
    """A share of a level is no price (Lago refuses it for latest_agg)."""
    assert not counter_fits_charge(CounterSemantics.GAUGE, "percentage", {"rate": "1"})

"""Values that a metric's expression computes when usage is taken in."""

from dataclasses import replace
from decimal import Decimal

import pytest

from catalog.billable_metrics import AggregationType, BillableMetric
from ingest.inbox_body import Section, events_body
from ingest.metric_value import metric_values, window_values
from ingest.push import Door
from ingest.usage_frame import usage_frames
from storage.lake_tables import QUARANTINE, USAGE
from tests.ingest.makers import a_metric, an_event

SECOND = 1_793_880_000
OCCURRED_US = SECOND * 1_000_000 + 999_999


def computing(
    expression: str, aggregation_type: AggregationType = AggregationType.SUM
) -> BillableMetric:
    """Return a metric whose value is computed."""
    return replace(a_metric(aggregation_type), expression=expression)


def value_of(metric: BillableMetric, properties: str) -> dict[str, object]:
    """Return what one event's properties are worth."""
    values = metric_values(metric, [properties.encode()], code="calls", occurred_us=[OCCURRED_US])
    return {name: value for name, value in values.row(0, named=True).items() if value is not None}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("event.properties.seconds / 60", "1.5"),
        ("event.properties.seconds * event.properties.rate", "112.5"),
        ("-event.properties.seconds", "-90"),
        ("event.timestamp", str(SECOND)),
        ("concat('1', '2.50')", "12.5"),
        ("1 / 3", "0.333333333333"),
        ("2 / 3", "0.666666666667"),
        ("-2 / 3", "-0.666666666667"),
        ("0.0000001 * 0.0000001", "0"),
    ],
)
def test_the_value_is_computed(expression: str, value: str) -> None:
    """The expression's number counts, not the property's; beyond 12 decimals it is rounded."""
    told = '{"seconds":90,"rate":"1.25","tokens":7}'

    assert value_of(computing(expression), told) == {"value": Decimal(value)}


@pytest.mark.parametrize(
    ("expression", "value"),
    [("0.0000000000025", "0.000000000003"), ("-0.0000000000025", "-0.000000000003")],
)
def test_a_computed_half_is_rounded_up(expression: str, value: str) -> None:
    """Half of the twelfth decimal goes away from zero, as money does."""
    assert value_of(computing(expression), "{}") == {"value": Decimal(value)}


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("event.properties.units * 2", "expression_evaluation_failed: missing_property:units"),
        ("event.properties.plan * 2", "expression_evaluation_failed: not_a_number"),
        ("1 / 0", "expression_evaluation_failed: division_by_zero"),
        ("round(1, 500)", "expression_evaluation_failed: value_has_too_many_digits"),
        ("event.properties.plan", "value_is_not_valid_number"),
        ("concat('1.', '0000000000001')", "value_has_too_many_digits"),
        ("99999999999999999999999999 + 0.9999999999999", "value_has_too_many_digits"),
    ],
)
def test_a_failing_expression_is_set_aside_with_its_reason(expression: str, reason: str) -> None:
    """Never counted as zero, never as the property that was sent."""
    told = '{"tokens":7,"plan":"pro"}'

    assert value_of(computing(expression), told) == {"reason": reason}


def test_a_unique_value_may_be_computed() -> None:
    """Any text does, a number in Lago's form; the operation is still read from the properties."""
    unique = AggregationType.UNIQUE_COUNT
    both = computing("concat(event.code, '-', event.properties.id)", unique)
    half = computing("event.properties.id / 2", unique)

    assert value_of(both, '{"id":"u1","operation_type":"remove"}') == {
        "value_text": "calls-u1", "operation_type": "remove",
    }  # fmt: skip
    assert value_of(half, '{"id":6}') == {"value_text": "3.0", "operation_type": "add"}
    assert value_of(half, '{"id":"6.00"}') == {"value_text": "3.0", "operation_type": "add"}


def test_the_code_is_the_metrics_own_unless_told() -> None:
    """Who reads again what lies in the lake needs no code, but a time where one is asked for."""
    metric = computing("concat(event.code)", AggregationType.UNIQUE_COUNT)

    assert metric_values(metric, [b"{}"])["value_text"].to_list() == ["tokens"]
    with pytest.raises(ValueError, match="say when the event happened"):
        metric_values(computing("event.timestamp"), [b"{}"])


def test_a_counter_window_says_its_own_number() -> None:
    """A total is not computed again."""
    assert window_values(computing("1 / 0"), [b'{"tokens":5}'])["value"].to_list() == [Decimal(5)]


def test_what_was_sent_stays_and_what_was_computed_counts() -> None:
    """Lago overwrites the property; here the row keeps both, and the version that computed it."""
    good = an_event("good", properties={"tokens": 7, "seconds": 30}, timestamp=SECOND)
    late = an_event("late", properties={"seconds": "90"}, timestamp=SECOND + 60)
    bad = an_event("bad", properties={"tokens": 7})
    events = [good, late, bad]
    section = Section("nexadesk", SECOND, Door.EVENTS, [], events_body(events))
    metric = replace(
        computing(f"event.properties.seconds / 60 + (event.timestamp - {SECOND})"), version=3
    )
    frames = usage_frames([(1, [section])], {("nexadesk", "tokens"): metric}, shard=0)

    columns = ["transaction_id", "properties", "value", "metric_version"]
    assert frames[USAGE].select(columns).rows() == [
        ("good", '{"seconds":30,"tokens":7}', Decimal("0.5"), 3),
        ("late", '{"seconds":"90"}', Decimal("61.5"), 3),
    ]
    assert frames[QUARANTINE].select("transaction_id", "reason").rows() == [
        ("bad", "expression_evaluation_failed: missing_property:seconds")
    ]

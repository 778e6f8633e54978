"""How an event's value is read, and why some events can't be counted."""

from decimal import Decimal

import pytest

from catalog.billable_metrics import AggregationType
from ingest.metric_value import MetricValue, metric_value
from tests.ingest.makers import a_metric


@pytest.mark.parametrize(
    ("json", "expected"),
    [
        ("5", "5"),
        ('"5"', "5"),
        ("-2.50", "-2.50"),
        ('"12345678901234567890123456.123456789012"', "12345678901234567890123456.123456789012"),
    ],
)
def test_numbers_are_read_exactly(json: str, expected: str) -> None:
    """A JSON number or its text is read digit for digit."""
    value = metric_value(a_metric(), f'{{"tokens":{json}}}')

    assert value == MetricValue(number=Decimal(expected))


@pytest.mark.parametrize("json", ['"1e3"', "1e3", '".5"', '"+1"', '"1,000"', "true", "null", '""'])
def test_other_texts_are_not_numbers(json: str) -> None:
    """What Lago would silently ignore is named and set aside."""
    value = metric_value(a_metric(), f'{{"tokens":{json}}}')

    assert value.fault == "value_is_not_valid_number"


def test_a_number_too_long_for_the_lake_is_set_aside() -> None:
    """One digit more than DECIMAL(38,12) holds is refused, never cut."""
    value = metric_value(a_metric(), '{"tokens":0.1234567890123}')

    assert value.fault == "value_has_too_many_digits"


def test_a_missing_property_is_named() -> None:
    """A sum needs its property."""
    assert metric_value(a_metric(), "{}").fault == "missing_aggregation_property"


def test_an_unknown_metric_is_named() -> None:
    """An event of a code nobody declared can't be counted."""
    assert metric_value(None, "{}").fault == "billable_metric_not_found"


def test_a_count_needs_no_property() -> None:
    """Counting looks at no value."""
    assert metric_value(a_metric(AggregationType.COUNT), "{}") == MetricValue()


def test_unique_values_are_texts_with_an_operation() -> None:
    """A unique value is compared as text and is added unless it says remove."""
    metric = a_metric(AggregationType.UNIQUE_COUNT)

    assert metric_value(metric, '{"tokens":"a"}') == MetricValue(text="a", operation_type="add")
    removed = metric_value(metric, '{"tokens":7,"operation_type":"remove"}')
    assert removed == MetricValue(text="7", operation_type="remove")

"""How an event's value is read, and why some events can't be counted."""

from decimal import Decimal

import pytest

from catalog.billable_metrics import AggregationType, BillableMetric
from ingest.metric_value import metric_values
from tests.ingest.makers import a_metric

NOTHING = {"value": None, "value_text": None, "operation_type": None, "reason": None}


def value_of(metric: BillableMetric | None, properties: str) -> dict[str, object]:
    """Return what one event's properties are worth."""
    return metric_values(metric, [properties.encode()]).row(0, named=True)


@pytest.mark.parametrize(
    ("json", "expected"),
    [
        ("5", "5"),
        ('"5"', "5"),
        ("-2.50", "-2.50"),
        ('"\\u0035"', "5"),
        ('"0000000000000000000000000000000000000001"', "1"),
        ('"1.1234567890120000000"', "1.123456789012"),
        ('"12345678901234567890123456.123456789012"', "12345678901234567890123456.123456789012"),
        ('"-99999999999999999999999999.999999999999"', "-99999999999999999999999999.999999999999"),
    ],
)
def test_numbers_are_read_exactly(json: str, expected: str) -> None:
    """A JSON number or its text is read digit for digit."""
    assert value_of(a_metric(), f'{{"tokens":{json}}}') == NOTHING | {"value": Decimal(expected)}


@pytest.mark.parametrize("json", ['"1e3"', "1e3", '".5"', '"+1"', '"1,000"', "true", "null", '""'])
def test_other_texts_are_not_numbers(json: str) -> None:
    """What Lago would silently ignore is named and set aside."""
    value = value_of(a_metric(), f'{{"tokens":{json}}}')

    assert value == NOTHING | {"reason": "value_is_not_valid_number"}


@pytest.mark.parametrize("number", ["0.1234567890123", "123456789012345678901234567"])
def test_a_number_too_long_for_the_lake_is_set_aside(number: str) -> None:
    """One digit more than DECIMAL(38,12) holds is refused, never cut."""
    value = value_of(a_metric(), f'{{"tokens":{number}}}')

    assert value == NOTHING | {"reason": "value_has_too_many_digits"}


def test_a_missing_property_is_named() -> None:
    """A sum needs its property."""
    assert value_of(a_metric(), "{}")["reason"] == "missing_aggregation_property"


def test_an_unknown_metric_is_named() -> None:
    """An event of a code nobody declared can't be counted."""
    assert value_of(None, "{}")["reason"] == "billable_metric_not_found"


def test_a_count_needs_no_property() -> None:
    """Counting looks at no value."""
    assert value_of(a_metric(AggregationType.COUNT), "{}") == NOTHING


def test_unique_values_are_texts_with_an_operation() -> None:
    """A unique value is compared as text and is added unless it says remove."""
    metric = a_metric(AggregationType.UNIQUE_COUNT)

    added = value_of(metric, '{"tokens":"a"}')
    assert added == NOTHING | {"value_text": "a", "operation_type": "add"}
    removed = value_of(metric, '{"tokens":7,"operation_type":"remove"}')
    assert removed == NOTHING | {"value_text": "7", "operation_type": "remove"}


def test_each_event_keeps_its_own_value() -> None:
    """Many values are read at once and stay in their order, good ones beside faulty ones."""
    values = metric_values(a_metric(), [b'{"tokens":1}', b"{}", b'{"tokens":"x"}', b'{"tokens":4}'])

    assert list(values["value"]) == [Decimal(1), None, None, Decimal(4)]
    assert list(values["reason"].is_null()) == [True, False, False, True]

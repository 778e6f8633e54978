"""What a valid counter push is, which window it names, and when it counts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.billable_metrics import AggregationType, BillableMetric, CounterSemantics
from ingest.counters.counter import DIMENSIONS_MAX, WINDOW_DAYS_MAX, named_window, window_fact_id
from ingest.usage_event import Faulty, occurred_us
from tests.ingest.counter_makers import FED, a_counted_metric, a_counter

START_US = 1_793_880_000_000_000
END_US = START_US + 3_600_000_000
DAY = timedelta(days=1)


def faults(metric: BillableMetric | None = None, **changed: object) -> dict[str, list[str]]:
    """Return what is wrong with a push."""
    with pytest.raises(Faulty) as caught:
        a_counter(metric, **changed)
    return caught.value.codes


def test_a_push_counts_at_the_last_microsecond_of_its_window() -> None:
    """A window that ends at midnight belongs to the day, and the period, that ends there."""
    counter = a_counter()

    assert occurred_us(counter, 0) == END_US - 1
    assert (counter.window_start_us, counter.window_end_us) == (START_US, END_US)


def test_the_number_is_kept_under_the_metrics_field_with_the_dimensions() -> None:
    """The flush reads a push's number as it reads an event's."""
    counter = a_counter(dimensions={"model": "large", "area": "ca"})

    assert bytes(counter.properties) == b'{"area":"ca","model":"large","tokens":"7"}'


def test_a_count_metric_keeps_the_number_under_a_name_of_ours() -> None:
    """A metric that counts events has no field, yet a push of it says how many."""
    metric = a_counted_metric(aggregation_type=AggregationType.COUNT)

    assert bytes(a_counter(metric).properties) == b'{"count":"7"}'


@pytest.mark.parametrize("value", ["7.50", 7.5, "007.5", Decimal("7.500"), Decimal("750E-2")])
def test_one_number_has_one_spelling(value: object) -> None:
    """However a client writes a number, the push's content is the same."""
    exact = Decimal(str(value)) if isinstance(value, float) else value

    assert bytes(a_counter(value=exact).properties) == b'{"tokens":"7.5"}'


@pytest.mark.parametrize(
    "end",
    ["2026-11-05T13:00:00Z", "2026-11-05T08:00:00-05:00", 1_793_883_600, "1793883600.0000009"],
)
def test_one_instant_has_one_name(end: object) -> None:
    """ISO 8601 in any zone and seconds since the epoch name the same window."""
    assert a_counter(window_end=end).fact_id == f'w:{START_US}:{END_US}:["tokens",{{}}]'


def test_dimensions_are_named_in_one_order() -> None:
    """The order in which a client writes its dimensions makes no other window."""
    one = a_counter(dimensions={"a": "1", "b": "2"})

    assert a_counter(dimensions={"b": "2", "a": "1"}).fact_id == one.fact_id
    assert a_counter(dimensions={"a": "2", "b": "1"}).fact_id != one.fact_id


@pytest.mark.parametrize("semantics", [CounterSemantics.GAUGE, CounterSemantics.CUMULATIVE])
def test_a_reading_is_named_by_its_end(semantics: CounterSemantics) -> None:
    """A second reading of one instant replaces the first, wherever it says it began."""
    metric = a_counted_metric(semantics, FED[semantics])
    one = a_counter(metric)

    for start in (None, "2026-11-01T00:00:00Z", "2026-11-05T13:00:00Z"):
        other = a_counter(metric, window_start=start)
        assert (other.fact_id, other.window_start_us) == (one.fact_id, None)
    assert faults(metric, window_start="2026-11-06T00:00:00Z") == {
        "window_end": ["window_is_empty"]
    }


@given(
    code=st.text(min_size=1, max_size=20),
    dimensions=st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=4),
    start=st.none() | st.datetimes(datetime(2001, 1, 1), datetime(2199, 1, 1)),  # noqa: DTZ001 - made aware below
    microseconds=st.integers(1, 10**15),
)
def test_a_name_says_what_it_was_made_of(
    code: str, dimensions: dict[str, str], start: datetime | None, microseconds: int
) -> None:
    """A window's name can be read back, whatever text its dimensions hold."""
    begun = None if start is None else start.replace(tzinfo=UTC)
    end = (begun or datetime(2026, 1, 1, tzinfo=UTC)) + timedelta(microseconds=microseconds)

    found = named_window(window_fact_id(code, dimensions, begun, end))

    assert (found.start, found.end, found.dimensions) == (begun, end, dimensions)


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({"transaction_id": " "}, {"transaction_id": ["value_is_mandatory"]}),
        ({"transaction_id": "x" * 256}, {"transaction_id": ["value_is_too_long"]}),
        ({"transaction_id": ["x"]}, {"transaction_id": ["value_is_invalid"]}),
        (
            {"external_subscription_id": None},
            {"external_subscription_id": ["value_is_mandatory"]},
        ),
        ({"code": "unknown"}, {"code": ["billable_metric_not_found"]}),
        ({"value": None}, {"value": ["value_is_mandatory"]}),
        ({"value": "7,5"}, {"value": ["value_is_not_valid_number"]}),
        ({"value": "1e3"}, {"value": ["value_is_not_valid_number"]}),
        ({"value": True}, {"value": ["value_is_not_valid_number"]}),
        ({"value": "1" * 27}, {"value": ["value_has_too_many_digits"]}),
        ({"value": "0." + "0" * 12 + "1"}, {"value": ["value_has_too_many_digits"]}),
        ({"window_start": None}, {"window_start": ["value_is_mandatory"]}),
        ({"window_end": ""}, {"window_end": ["value_is_mandatory"]}),
        ({"window_end": "tomorrow"}, {"window_end": ["invalid_format"]}),
        ({"window_end": True}, {"window_end": ["invalid_format"]}),
        ({"window_end": [1]}, {"window_end": ["invalid_format"]}),
        ({"window_end": "2026-11-05T13:00:00"}, {"window_end": ["timezone_is_missing"]}),
        ({"window_end": "2026-11-05"}, {"window_end": ["timezone_is_missing"]}),
        ({"window_end": 1_793_883_600_000}, {"window_end": ["invalid_format"]}),
        ({"window_end": 99_999_999_999}, {"window_end": ["value_is_out_of_range"]}),
        ({"window_end": "2026-11-05T12:00:00Z"}, {"window_end": ["window_is_empty"]}),
        ({"dimensions": []}, {"dimensions": ["value_is_invalid"]}),
        ({"dimensions": {"model": 1}}, {"dimensions": ["value_is_invalid"]}),
        ({"dimensions": {"model": ""}}, {"dimensions": ["value_is_invalid"]}),
        ({"dimensions": {"model": "x" * 256}}, {"dimensions": ["value_is_invalid"]}),
        ({"dimensions": {"tokens": "7"}}, {"dimensions": ["name_is_the_metrics_field"]}),
    ],
)
def test_a_faulty_field_is_named_with_its_code(
    changed: dict[str, object], codes: dict[str, list[str]]
) -> None:
    """Each fault is refused at its field."""
    assert faults(None, **changed) == codes


def test_all_faulty_fields_are_named_at_once() -> None:
    """Nobody has to send a push five times to learn five faults."""
    found = faults(transaction_id="", code="", window_end="x", value="x", dimensions="x")

    assert sorted(found) == ["code", "dimensions", "transaction_id", "value", "window_end"]


def test_limits_are_reached_and_not_passed() -> None:
    """The longest id, the longest number, the most dimensions and the longest window are kept."""
    dimensions = {f"d{number}": "x" * 255 for number in range(DIMENSIONS_MAX)}
    end = datetime(2026, 11, 5, 12, tzinfo=UTC) + DAY * WINDOW_DAYS_MAX
    number = "-" + "9" * 26 + "." + "9" * 12
    kept = a_counter(
        transaction_id="x" * 255, dimensions=dimensions, window_end=end.isoformat(), value=number
    )

    assert number.encode() in bytes(kept.properties)
    assert faults(dimensions=dimensions | {"more": "x"}) == {"dimensions": ["too_many_dimensions"]}
    assert faults(window_end=(end + timedelta(microseconds=1)).isoformat()) == {
        "window_end": ["window_is_too_long"]
    }


def test_a_metric_must_declare_how_its_counters_are_read() -> None:
    """A number whose meaning nobody declared is refused, not guessed."""
    assert faults(a_counted_metric(None)) == {"code": ["counter_semantics_not_declared"]}


def test_what_only_rises_is_never_below_zero() -> None:
    """A reading below zero would be usage below zero after a reset; a total may be a refund."""
    rising = a_counted_metric(CounterSemantics.CUMULATIVE)

    assert faults(rising, value="-1") == {"value": ["value_is_negative"]}
    assert bytes(a_counter(rising, value="-0.0").properties) == b'{"tokens":"0"}'
    assert bytes(a_counter(value="-1").properties) == b'{"tokens":"-1"}'


@pytest.mark.parametrize(
    ("value", "code"), [("-1", "value_is_negative"), ("1.5", "value_is_not_whole")]
)
def test_a_count_is_a_whole_number(value: str, code: str) -> None:
    """Nobody counts half an event, or less than none."""
    counted = a_counted_metric(aggregation_type=AggregationType.COUNT)

    assert faults(counted, value=value) == {"value": [code]}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-05T12:00:00Z", "2026-11-05T13:00:00Z"),
        ("2026-11-05T00:00:00-05:00", "2026-11-06T00:00:00-05:00"),
        ("2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"),
        ("2026-11-01T00:00:00-04:00", "2026-12-01T00:00:00-05:00"),
        ("2027-02-01T00:00:00-05:00", "2027-03-01T00:00:00-05:00"),
    ],
)
def test_a_calendar_window_is_an_hour_a_day_or_a_month(start: str, end: str) -> None:
    """Days and months are those of the service's timezone; one may have 25 hours."""
    metric = a_counted_metric(CounterSemantics.WINDOW)

    assert a_counter(metric, window_start=start, window_end=end).window_end_us


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-05T12:30:00Z", "2026-11-05T13:30:00Z"),
        ("2026-11-05T12:00:00Z", "2026-11-05T14:00:00Z"),
        ("2026-11-05T00:00:00Z", "2026-11-06T00:00:00Z"),
        ("2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-04:00"),
        ("2026-11-02T00:00:00-05:00", "2026-12-02T00:00:00-05:00"),
        ("2026-11-05T12:00:00.000001Z", "2026-11-05T13:00:00.000001Z"),
    ],
)
def test_any_other_window_is_refused(start: str, end: str) -> None:
    """What is not a whole hour, day or month could overlap another or straddle a period."""
    metric = a_counted_metric(CounterSemantics.WINDOW)

    assert faults(metric, window_start=start, window_end=end) == {
        "window_end": ["window_is_not_an_hour_day_or_month"]
    }

"""Every aggregation equals a plain Python count of the same rows, whatever their order."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.aggregator import quantities, rounded_units
from aggregation.quantity import NO_USAGE, Quantity, UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric, RoundingFunction
from catalog.exact_json import exact_value
from ingest.usage_event import UsageEvent, event_from_lago
from ingest.usage_frame import usage_frames
from tests.ingest.makers import NOW, a_metric, an_event
from tests.shared_files import shared_file

START = datetime(2026, 11, 1, tzinfo=UTC)
EVERYTHING = pl.lit(value=True)
KINDS = list(AggregationType)


def a_window(metric: BillableMetric, start: datetime = START, days: int = 30) -> UsageWindow:
    """Return a window of the subscription sub-1."""
    end = start + timedelta(days=days)
    return UsageWindow("window", "nexadesk", "sub-1", metric, start, end, wants_event_values=True)


def usage(events: Sequence[UsageEvent], metric: BillableMetric) -> pl.DataFrame:
    """Return events as the lake keeps them, one inbox row each."""
    rows = ((position, [event]) for position, event in enumerate(events, start=1))
    countable, _ = usage_frames(rows, {("nexadesk", metric.code): metric}, 0)
    return countable


def quantity(events: Sequence[UsageEvent], metric: BillableMetric) -> Quantity:
    """Return the quantity of one window over events."""
    return quantities(usage(events, metric).lazy(), [a_window(metric)], EVERYTHING)["window"]


def plain_units(events: Sequence[UsageEvent], kind: AggregationType) -> Decimal:
    """Count as a reader of Lago's rules would, one event at a time."""
    values = [str(json.loads(event.properties, parse_float=Decimal, parse_int=Decimal)["tokens"])
              for event in sorted(events, key=lambda event: event.occurred_at)]  # fmt: skip
    if not values:
        return Decimal(0)
    match kind:
        case AggregationType.COUNT:
            return Decimal(len(values))
        case AggregationType.SUM:
            return sum(map(Decimal, values), Decimal(0))
        case AggregationType.MAX:
            return max(map(Decimal, values))
        case AggregationType.LATEST:
            return max(Decimal(values[-1]), Decimal(0))
        case AggregationType.UNIQUE_COUNT:
            return Decimal(len(set(values)))


amounts = st.decimals(-(10**12), 10**12, places=12, allow_nan=False)
pushes = st.lists(st.tuples(st.integers(0, 30 * 86_400 - 1), amounts), max_size=30)


def events_of(rows: list[tuple[int, Decimal]]) -> list[UsageEvent]:
    """Return events at seconds since the start, with values as text."""
    return [
        an_event(
            f"tx-{number}",
            timestamp=int(START.timestamp()) + seconds,
            properties={"tokens": format(value, "f")},
        )
        for number, (seconds, value) in enumerate(rows)
    ]


@pytest.mark.parametrize("kind", KINDS)
@given(rows=pushes)
def test_units_equal_a_plain_count(kind: AggregationType, rows: list[tuple[int, Decimal]]) -> None:
    """The polars answer is the plain Decimal answer, digit for digit."""
    events = events_of(rows)

    assert quantity(events, a_metric(kind)).units == plain_units(events, kind)


@pytest.mark.parametrize("kind", KINDS)
@given(rows=pushes, data=st.data())
def test_order_of_rows_changes_nothing(
    kind: AggregationType, rows: list[tuple[int, Decimal]], data: st.DataObject
) -> None:
    """Units, count, values and digest do not depend on how rows lie in files."""
    metric = a_metric(kind)
    frame = usage(events_of(rows), metric)
    order = data.draw(st.permutations(range(frame.height)))
    asked = [a_window(metric)]

    shuffled = quantities(frame[list(order)].lazy(), asked, EVERYTHING)

    assert shuffled == quantities(frame.lazy(), asked, EVERYTHING)


@given(rows=pushes, days=st.integers(1, 29))
def test_parts_of_a_window_add_up(rows: list[tuple[int, Decimal]], days: int) -> None:
    """Sums and counts over two halves that touch are those of the whole."""
    for kind in (AggregationType.COUNT, AggregationType.SUM):
        metric = a_metric(kind)
        frame = usage(events_of(rows), metric).lazy()
        first = a_window(metric, START, days)
        second = a_window(metric, first.end, 30 - days)
        parts = [quantities(frame, [part], EVERYTHING)["window"] for part in (first, second)]
        whole = quantities(frame, [a_window(metric)], EVERYTHING)["window"]

        assert sum((part.units for part in parts), Decimal(0)) == whole.units
        assert sum(part.events_count for part in parts) == whole.events_count


def test_bounds_are_half_open() -> None:
    """An event at the start counts, one at the end belongs to the next window."""
    end = START + timedelta(days=30)
    events = [
        an_event("first", timestamp=int(START.timestamp())),
        an_event("last", timestamp=int(end.timestamp()) - 1),
        an_event("next", timestamp=int(end.timestamp())),
    ]

    assert quantity(events, a_metric(AggregationType.COUNT)).units == 2


def test_windows_are_answered_together() -> None:
    """Many windows of several metrics and subscriptions get each its own answer, in one call."""
    count = a_metric(AggregationType.COUNT, code="calls", field_name=None)
    total = a_metric()
    events = [
        an_event("1"),
        an_event("2", external_subscription_id="sub-2", properties={"tokens": 5}),
        an_event("3", code="calls"),
        an_event("4", code="calls"),
    ]
    rows = [(1, events)]
    known = {("nexadesk", "calls"): count, ("nexadesk", "tokens"): total}
    frame, _ = usage_frames(rows, known, 0)
    span = (START, START + timedelta(days=30))
    asked = [
        UsageWindow("a", "nexadesk", "sub-1", total, *span),
        UsageWindow("b", "nexadesk", "sub-2", total, *span),
        UsageWindow("c", "nexadesk", "sub-1", count, *span),
        UsageWindow("d", "nexamaps", "sub-1", total, *span),
    ]

    found = quantities(frame.lazy(), asked, EVERYTHING)

    assert {key: found[key].units for key in found} == {"a": 7, "b": 5, "c": 2, "d": 0}
    assert found["d"] == NO_USAGE


def test_a_watermark_hides_later_usage() -> None:
    """Rows beyond the watermark do not count."""
    frame = usage([an_event("1"), an_event("2")], a_metric())

    found = quantities(frame.lazy(), [a_window(a_metric())], pl.col("inbox_id") <= 1)

    assert found["window"].units == 7


def test_removed_values_are_not_unique_values() -> None:
    """A value counts when its last operation is an add; repeats change nothing (Lago)."""
    operations = [("a", "add"), ("a", "add"), ("b", "add"), ("b", "remove"), ("c", "remove")]
    events = [
        an_event(
            f"tx-{number}",
            timestamp=int(START.timestamp()) + number,
            properties={"tokens": value, "operation_type": operation},
        )
        for number, (value, operation) in enumerate(operations)
    ]

    assert quantity(events, a_metric(AggregationType.UNIQUE_COUNT)).units == 1


def test_equal_times_are_ordered_by_intake() -> None:
    """Of two events at one instant the later push is the latest."""
    events = [an_event("1", properties={"tokens": 1}), an_event("2", properties={"tokens": 2})]

    assert quantity(events, a_metric(AggregationType.LATEST)).units == 2


def test_the_digest_sees_every_row() -> None:
    """One changed event gives another digest, though the units are the same."""
    one = quantity([an_event("1"), an_event("2")], a_metric())
    other = quantity([an_event("1"), an_event("3")], a_metric())

    assert one.units == other.units
    assert one.inputs_digest != other.inputs_digest


@pytest.mark.parametrize(
    ("units", "function", "precision", "expected"),
    [
        ("2.5", RoundingFunction.ROUND, None, "3"),
        ("-2.5", RoundingFunction.ROUND, 0, "-3"),
        ("2.541", RoundingFunction.CEIL, 2, "2.55"),
        ("2.549", RoundingFunction.FLOOR, 2, "2.54"),
        ("1251", RoundingFunction.ROUND, -2, "1300"),
        ("2.5", None, None, "2.5"),
    ],
)
def test_units_are_rounded_as_the_metric_says(
    units: str, function: RoundingFunction | None, precision: int | None, expected: str
) -> None:
    """Round is half away from zero; the precision may be negative (Lago)."""
    metric = BillableMetric(
        id="m", service_code="s", code="c", name="n", aggregation_type=AggregationType.SUM,
        created_at=NOW, valid_from=NOW, rounding_function=function, rounding_precision=precision,
    )  # fmt: skip

    assert rounded_units(Decimal(units), metric) == Decimal(expected)


def lago_vectors() -> list[dict[str, object]]:
    """Return Lago's own aggregation cases that need none of the options not offered yet."""
    found = json.loads(shared_file("vectors/lago_vectors.json").read_text(), parse_float=Decimal)
    later = ("matching_filters", "ignored_filters", "grouped_by", "prorated", "initial_value")
    return [
        vector
        for vector in found["vectors"]
        if vector["kind"] == "aggregation"
        and vector["metric"]["aggregation_type"] in set(KINDS)
        and not vector["metric"].get("recurring")
        and not any(vector.get(option) for option in later)
        and "precise_total_amount_cents" not in vector["expected"]
    ]


def test_lagos_own_cases_agree() -> None:
    """Units and event counts are those that Lago's test suite expects."""
    vectors = lago_vectors()

    differing = [vector["id"] for vector in vectors if not _agrees(vector)]

    assert differing == []
    assert len(vectors) == 9


def _agrees(vector: dict[str, object]) -> bool:
    expected = dict(vector["expected"])  # type: ignore[call-overload]
    metric = vector["metric"]
    assert isinstance(metric, dict)
    counted = a_metric(
        AggregationType(metric["aggregation_type"]), code="m", field_name=metric["field_name"]
    )
    period, events = vector["period"], vector["events"]
    assert isinstance(period, dict)
    assert isinstance(events, list)
    pushed = [_event(number, event) for number, event in enumerate(events)]
    window = UsageWindow(
        "window", "nexadesk", "sub-1", counted,
        datetime.fromisoformat(period["from"]),
        datetime.fromisoformat(period["to"]) + timedelta(milliseconds=1),
    )  # fmt: skip
    answer = quantities(usage(pushed, counted).lazy(), [window], EVERYTHING)["window"]
    return all(
        Decimal(str(getattr(answer, field))) == Decimal(str(expected[field]))
        for field in ("units", "events_count")
        if field in expected
    )


def _event(number: int, event: dict[str, object]) -> UsageEvent:
    occurred_at = datetime.fromisoformat(str(event["timestamp"]))
    raw = {
        "transaction_id": f"tx-{number}",
        "external_subscription_id": "sub-1",
        "code": "m",
        "timestamp": Decimal((occurred_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
            microseconds=1)) / 1_000_000,
        "properties": exact_value(json.dumps(event["properties"], default=str).encode(), 32),
    }  # fmt: skip
    return event_from_lago(raw, "nexadesk", NOW)

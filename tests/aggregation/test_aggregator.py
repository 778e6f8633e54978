"""Every aggregation equals a plain Python count of the same rows, whatever their order."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.aggregator import quantities, rounded_units
from aggregation.quantity import NO_USAGE, Quantity, UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric, RoundingFunction
from tests.aggregation.makers import EVERYTHING, START, Row, a_metric, a_window, an_event, frame

# Weighted sums have a reader of their own, see test_every_aggregation.py.
KINDS = [kind for kind in AggregationType if kind is not AggregationType.WEIGHTED_SUM]
MONTH_SECONDS = 30 * 86_400


def quantity(rows: Sequence[Row], metric: BillableMetric) -> Quantity:
    """Return the quantity of one window over rows."""
    return quantities(frame(rows), [a_window(metric)], EVERYTHING)["window"]


def plain_units(rows: Sequence[Row], kind: AggregationType) -> Decimal:
    """Count as a reader of Lago's rules would, one event at a time."""
    ordered = sorted(rows, key=lambda row: (row["occurred_at"], row["inbox_id"]))
    values = [Decimal(str(row["value"])) for row in ordered]
    if not values:
        return Decimal(0)
    match kind:
        case AggregationType.COUNT:
            return Decimal(len(values))
        case AggregationType.SUM:
            return sum(values, Decimal(0))
        case AggregationType.MAX:
            return max(values)
        case AggregationType.LATEST:
            return max(values[-1], Decimal(0))
        case AggregationType.UNIQUE_COUNT:
            return Decimal(len({row["value_text"] for row in rows}))
        case AggregationType.WEIGHTED_SUM:
            raise ValueError("its events weigh as long as they last")


amounts = st.decimals(-(10**12), 10**12, places=12, allow_nan=False)
pushes = st.lists(st.tuples(st.integers(0, MONTH_SECONDS - 1), amounts), max_size=30)


def events_of(pushed: list[tuple[int, Decimal]]) -> list[Row]:
    """Return events at seconds since the start."""
    return [an_event(number, seconds, value) for number, (seconds, value) in enumerate(pushed)]


@pytest.mark.parametrize("kind", KINDS)
@given(pushed=pushes)
def test_units_equal_a_plain_count(
    kind: AggregationType, pushed: list[tuple[int, Decimal]]
) -> None:
    """The polars answer is the plain Decimal answer, digit for digit."""
    rows = events_of(pushed)

    assert quantity(rows, a_metric(kind)).units == plain_units(rows, kind)


@pytest.mark.parametrize("kind", KINDS)
@given(pushed=pushes, data=st.data())
def test_order_of_rows_changes_nothing(
    kind: AggregationType, pushed: list[tuple[int, Decimal]], data: st.DataObject
) -> None:
    """Units, count, values and digest do not depend on how rows lie in files."""
    rows = events_of(pushed)
    shuffled = data.draw(st.permutations(rows))

    assert quantity(shuffled, a_metric(kind)) == quantity(rows, a_metric(kind))


@given(pushed=pushes, days=st.integers(1, 29))
def test_parts_of_a_window_add_up(pushed: list[tuple[int, Decimal]], days: int) -> None:
    """Sums and counts over two halves that touch are those of the whole."""
    for kind in (AggregationType.COUNT, AggregationType.SUM):
        metric = a_metric(kind)
        usage = frame(events_of(pushed))
        first = a_window(metric, START, days)
        second = a_window(metric, first.end, 30 - days)
        parts = [quantities(usage, [part], EVERYTHING)["window"] for part in (first, second)]
        whole = quantities(usage, [a_window(metric)], EVERYTHING)["window"]

        assert sum((part.units for part in parts), Decimal(0)) == whole.units
        assert sum(part.events_count for part in parts) == whole.events_count


def test_bounds_are_half_open() -> None:
    """An event at the start counts, one at the end belongs to the next window."""
    rows = [an_event(1, 0), an_event(2, MONTH_SECONDS - 1), an_event(3, MONTH_SECONDS)]

    assert quantity(rows, a_metric(AggregationType.COUNT)).units == 2


def test_windows_are_answered_together() -> None:
    """Many windows of several metrics and subscriptions get each its own answer, in one call."""
    count = a_metric(AggregationType.COUNT, code="calls")
    total = a_metric()
    usage = frame([
        an_event(1, 0, 7),
        an_event(2, 0, 5, subscription_id="sub-2"),
        an_event(3, 0, metric_code="calls"),
        an_event(4, 0, metric_code="calls"),
    ])  # fmt: skip
    span = (START, START + timedelta(days=30))
    asked = [
        UsageWindow("a", "nexadesk", "sub-1", total, *span),
        UsageWindow("b", "nexadesk", "sub-2", total, *span),
        UsageWindow("c", "nexadesk", "sub-1", count, *span),
        UsageWindow("d", "nexamaps", "sub-1", total, *span),
    ]

    found = quantities(usage, asked, EVERYTHING)

    assert {key: found[key].units for key in found} == {"a": 7, "b": 5, "c": 2, "d": 0}
    assert found["d"] == NO_USAGE


def test_a_watermark_hides_later_usage() -> None:
    """Rows beyond the watermark do not count."""
    usage = frame([an_event(1, 0, 7), an_event(2, 0, 7)])

    found = quantities(usage, [a_window(a_metric())], pl.col("inbox_id") <= 1)

    assert found["window"].units == 7


def test_removed_values_are_not_unique_values() -> None:
    """A value counts when its last operation is an add; repeats change nothing (Lago)."""
    operations = [("a", "add"), ("a", "add"), ("b", "add"), ("b", "remove"), ("c", "remove")]
    rows = [
        an_event(number, number, value_text=value, operation_type=operation)
        for number, (value, operation) in enumerate(operations)
    ]

    assert quantity(rows, a_metric(AggregationType.UNIQUE_COUNT)).units == 1


def test_equal_times_are_ordered_by_intake() -> None:
    """Of two events at one instant the later push is the latest."""
    rows = [an_event(1, 0, 1), an_event(2, 0, 2)]

    assert quantity(rows, a_metric(AggregationType.LATEST)).units == 2


def test_the_digest_sees_every_row() -> None:
    """One changed event gives another digest, though the units are the same."""
    one = quantity([an_event(1, 0, 7), an_event(2, 0, 7)], a_metric())
    other = quantity([an_event(1, 0, 7), an_event(3, 0, 7)], a_metric())

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
        created_at=START, valid_from=START, rounding_function=function,
        rounding_precision=precision,
    )  # fmt: skip

    assert rounded_units(Decimal(units), metric) == Decimal(expected)


@pytest.mark.parametrize("kind", [kind for kind in AggregationType if kind.needs_number])
def test_a_row_without_a_number_is_not_counted(kind: AggregationType) -> None:
    """Where a number is wanted, a row that has none (its metric once counted) is no event."""
    rows = [an_event(1, 5, Decimal(3)), an_event(2, 9)]

    counted = quantity(rows, a_metric(kind))
    assert counted.events_count == 1
    assert counted.event_values is not None
    assert len(counted.event_values) == 1

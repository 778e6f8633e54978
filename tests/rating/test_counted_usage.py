"""The rows of an explanation make the units that are billed, whatever was pushed and corrected."""

from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from aggregation.aggregator import quantities
from aggregation.quantity import NO_USAGE, Selection, UsageWindow
from catalog.billable_metrics import AggregationType, CounterSemantics, RoundingFunction
from rating.explaining.counted_usage import counted_usage
from tests.aggregation.makers import (
    EVERYTHING,
    Row,
    a_metric,
    a_push,
    a_revision,
    a_window,
    an_event,
    frame,
    revisions,
)

HOUR = 3_600
TORONTO = ZoneInfo("America/Toronto")
KINDS = [
    (kind, is_prorated, recurring)
    for kind in AggregationType
    for is_prorated in (False, True)
    for recurring in (False, True)
    if (not is_prorated or kind in {AggregationType.SUM, AggregationType.UNIQUE_COUNT})
    and (
        not recurring
        or kind in {AggregationType.SUM, AggregationType.UNIQUE_COUNT, AggregationType.WEIGHTED_SUM}
    )
]
happenings = st.lists(
    st.tuples(
        st.integers(-200, 800),
        st.decimals(-1_000, 1_000, places=4),
        st.sampled_from(["add", "remove"]),
        st.sampled_from(['{"m":"a"}', '{"m":"b","t":"x"}', '{"t":"y"}', "{}"]),
    ),
    max_size=12,
)
mendings = st.lists(
    st.tuples(st.integers(0, 11), st.integers(-200, 800), st.integers(-9, 9), st.booleans()),
    max_size=3,
)


def usage_of(happened: list[tuple[int, Decimal, str, str]]) -> list[Row]:
    """Return events at hours since the start, with few distinct texts."""
    return [
        an_event(
            number, hour * HOUR, value, operation_type=operation, properties=properties,
            value_text=str(int(value) % 3),
        )
        for number, (hour, value, operation, properties) in enumerate(happened)
    ]  # fmt: skip


def window_of(
    kind: AggregationType, *, is_prorated: bool, recurring: bool, **changes: object
) -> UsageWindow:
    """Return a window of thirty days that asks for this."""
    metric = replace(
        a_metric(kind),
        recurring=recurring,
        rounding_function=RoundingFunction.ROUND,
        rounding_precision=2,
    )
    window = structs.replace(
        a_window(metric), is_prorated=is_prorated, period_days=30, timezone=TORONTO.key,
        wants_event_values=False,
    )  # fmt: skip
    return structs.replace(window, **changes)


@pytest.mark.parametrize(("kind", "is_prorated", "recurring"), KINDS)
@settings(max_examples=25)
@given(happened=happenings, mended=mendings)
def test_the_rows_make_the_units(
    kind: AggregationType,
    is_prorated: bool,  # noqa: FBT001 - a case
    recurring: bool,  # noqa: FBT001 - a case
    happened: list[tuple[int, Decimal, str, str]],
    mended: list[tuple[int, int, int, bool]],
) -> None:
    """Counts by weight, divided and rounded as told, are the units; so are those of each group."""
    usage = frame(usage_of(happened))
    facts = revisions([
        a_revision(100 + place, of, hour * HOUR, Decimal(value), is_void=is_void, properties="{}")
        for place, (of, hour, value, is_void) in enumerate(mended)
    ])  # fmt: skip
    plain = window_of(kind, is_prorated=is_prorated, recurring=recurring)
    grouped = structs.replace(plain, key="grouped", group_keys=("m", "t"))
    chosen = structs.replace(
        plain, key="chosen", selection=Selection(ignored=((("m", ("a",)),),), matching=())
    )
    answered = quantities(usage, [plain, grouped, chosen], EVERYTHING, facts)

    for window in (plain, chosen):
        counted = counted_usage(usage, facts, window, EVERYTHING)
        assert counted.units == answered[window.key].units
        assert counted.line_units == answered[window.key].units_before_proration
    for group in answered["grouped"].groups:
        counted = counted_usage(usage, facts, grouped, EVERYTHING, group.values)
        assert counted.units == group.quantity.units
        assert counted.line_units == group.quantity.units_before_proration


@pytest.mark.parametrize("semantics", list(CounterSemantics))
def test_counters_make_the_units(semantics: CounterSemantics) -> None:
    """Windows of counters, readings and replaced pushes among them, make the units they count."""
    kind = AggregationType.MAX if semantics is CounterSemantics.GAUGE else AggregationType.SUM
    metric = a_metric(kind, counter_semantics=semantics)
    start = None if semantics.is_reading else 0
    facts = revisions([
        a_push(1, None if start is None else -HOUR, 0, Decimal(5)),
        a_push(2, start, HOUR, Decimal(9)),
        a_push(3, start, HOUR, Decimal(12)),
        a_push(4, None if start is None else HOUR, 2 * HOUR, Decimal(3)),
    ])  # fmt: skip
    usage, window = frame([]), structs.replace(a_window(metric), wants_event_values=False)

    counted = counted_usage(usage, facts, window, EVERYTHING)

    assert counted.units == quantities(usage, [window], EVERYTHING, facts)["window"].units
    assert counted.units > 0


def test_a_counted_count_says_how_much() -> None:
    """A counter's push of a count metric counts what it says, an event one."""
    metric = a_metric(AggregationType.COUNT, counter_semantics=CounterSemantics.DELTA)
    facts = revisions([a_push(7, 0, HOUR, Decimal(40))])
    usage, window = (
        frame([an_event(1, 5)]),
        structs.replace(a_window(metric), wants_event_values=False),
    )

    counted = counted_usage(usage, facts, window, EVERYTHING)

    assert sorted(counted.rows["counts"]) == [1, 40]
    assert counted.units == quantities(usage, [window], EVERYTHING, facts)["window"].units


def test_nothing_makes_nothing() -> None:
    """A window without usage has no rows and no units."""
    window = window_of(AggregationType.WEIGHTED_SUM, is_prorated=False, recurring=True)

    counted = counted_usage(frame([]), None, window, EVERYTHING)

    assert (counted.rows.height, counted.units) == (0, NO_USAGE.units)


def test_roundings_are_told() -> None:
    """A share rounded up, a level below zero and the metric's own rounding are steps each."""
    usage = frame([an_event(1, 5 * HOUR, Decimal("-1.005"))])
    told = {}
    for kind, is_prorated in ((AggregationType.LATEST, False), (AggregationType.SUM, True)):
        window = window_of(kind, is_prorated=is_prorated, recurring=False)
        found = counted_usage(usage, None, window, EVERYTHING).roundings
        told[kind] = [
            (each.rule, each.how, each.decimals, each.before, each.after) for each in found
        ]

    assert told == {
        AggregationType.LATEST: [("latest value", "not below zero", None, Decimal("-1.005"), 0)],
        AggregationType.SUM: [
            ("share of the period", "up", 5, None, Decimal("-1.005")),
            ("as the metric says", "half-up", 2, Decimal("-1.005"), Decimal("-1.01")),
        ],
    }


@pytest.mark.parametrize(
    ("kind", "counted"),
    [(AggregationType.MAX, [0, 7, 0, 0]), (AggregationType.LATEST, [0, 0, 0, 3])],
)
def test_one_row_alone_counts(kind: AggregationType, counted: list[int]) -> None:
    """Of equal highest values the first one counts, of all values the last one; others are 0."""
    usage = frame(
        [an_event(at, at * HOUR, Decimal(value)) for at, value in enumerate((2, 7, 7, 3), 1)]
    )
    window = structs.replace(
        a_window(a_metric(kind)), wants_event_values=False, period_days=30, timezone=TORONTO.key
    )

    found = counted_usage(usage, None, window, EVERYTHING)

    assert list(found.rows["counts"]) == counted
    assert found.denominator == 1
    assert set(found.rows["weight"]) == {1}


def test_a_unique_value_counts_when_it_comes_and_goes() -> None:
    """A value counts once while it is there: one more when it comes, one less when it goes."""
    kinds = ("add", "add", "remove", "remove", "add")
    usage = frame([
        an_event(at, at * HOUR, value_text="a", operation_type=kind)
        for at, kind in enumerate(kinds, 1)
    ])  # fmt: skip
    window = structs.replace(
        a_window(a_metric(AggregationType.UNIQUE_COUNT)), wants_event_values=False
    )

    found = counted_usage(usage, None, window, EVERYTHING)

    assert list(found.rows["counts"]) == [1, 0, -1, 0, 1]
    assert found.units == 1

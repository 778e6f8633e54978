"""What the second engine counts, worked by hand."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec import structs

from aggregation.quantity import NO_USAGE, Selection
from aggregation.second_engine_sql import PROPERTIES_DEPTH_MAX
from catalog.billable_metrics import AggregationType, CounterSemantics, RoundingFunction
from ingest.watermark import Watermark
from tests.aggregation.makers import (
    a_metric,
    a_push,
    a_revision,
    a_window,
    an_event,
)
from tests.aggregation.sql_world import (
    DAY,
    by_sql,
    counted,
    levels,
    of_kind,
    told,
)

KINDS = list(AggregationType)


@pytest.mark.parametrize(
    ("kind", "units"),
    [
        (AggregationType.COUNT, 4),
        (AggregationType.SUM, 6),
        (AggregationType.MAX, 5),
        (AggregationType.LATEST, 2),
        (AggregationType.UNIQUE_COUNT, 3),
    ],
)
def test_each_kind_counts_as_by_hand(kind: AggregationType, units: int) -> None:
    """Of 5, -3, 2, 2: four events, 6 in all, 5 at most, 2 at last, three different ones."""
    quantity = counted(levels(5, -3, 2, 2), of_kind(kind))

    expected = units if kind is AggregationType.UNIQUE_COUNT else 4
    assert told(quantity.units, quantity.events_count) == (units, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_no_usage_counts_nothing(kind: AggregationType) -> None:
    """A window without rows has no units, of every kind, and groups as little."""
    for window in (of_kind(kind), of_kind(kind, group_keys=("model",))):
        quantity = counted([an_event(1, -1, 5)], window)

        assert quantity == structs.replace(NO_USAGE, event_values=None)


def test_a_weighted_sum_is_the_area_under_the_level() -> None:
    """10 for 30 days and 20 more for 15 of them is 20; -30 on the last noon takes half a day."""
    rows = [an_event(1, 0, 10), an_event(2, 15 * DAY, 20), an_event(3, 59 * DAY // 2, -30)]

    quantity = counted(rows, of_kind(AggregationType.WEIGHTED_SUM))

    assert quantity.units == Decimal("19.5")
    assert quantity.total_aggregated_units == 0


def test_a_recurring_level_is_carried_in() -> None:
    """What was there before the window is there from its start; only events inside are counted."""
    rows = [an_event(1, -90 * DAY, 8), an_event(2, -DAY, -2), an_event(3, 15 * DAY, 4)]

    carried = counted(rows, of_kind(AggregationType.WEIGHTED_SUM, recurring=True))
    alone = counted(rows, of_kind(AggregationType.WEIGHTED_SUM))

    assert told(carried.units, carried.events_count, carried.total_aggregated_units) == (8, 1, 10)
    assert told(alone.units, alone.total_aggregated_units) == (2, 4)


def test_a_weighted_sum_is_rounded_up_at_20_decimals() -> None:
    """One unit for ten days of thirty is a third, its last digit raised (Lago)."""
    quantity = counted([an_event(1, 20 * DAY, 1)], of_kind(AggregationType.WEIGHTED_SUM))

    assert quantity.units == Decimal("0.33333333333333333334")


def test_a_prorated_sum_weighs_by_days_left() -> None:
    """On day 1 for 30 days, on day 16 for 15, carried in for all: 12 + 6/2 + 1/30, rounded up."""
    rows = [an_event(n, day * DAY, v) for n, day, v in ((1, -5, 12), (2, 15, 6), (3, 29, 1))]

    quantity = counted(rows, of_kind(AggregationType.SUM, recurring=True, is_prorated=True))

    assert told(quantity.units, quantity.full_units) == (Decimal("15.03334"), 19)


def test_days_are_those_of_the_windows_clock() -> None:
    """At 03:30 UTC on 2 November it is still 1 November in Toronto: one day more is due."""
    zone = {"start": datetime(2026, 11, 1, 4, tzinfo=UTC), "timezone": "America/Toronto"}
    zone["end"] = datetime(2026, 12, 1, 5, tzinfo=UTC)
    window = of_kind(AggregationType.SUM, recurring=True, is_prorated=True, **zone)
    early, late = (an_event(1, DAY + minutes * 60, 30) for minutes in (4 * 60 + 59, 5 * 60))

    assert counted([early], window).units == 30
    assert counted([late], window).units == 29


def test_prorated_values_count_each_day_once() -> None:
    """Days 1-3 and 3-5 of one value are 5 days, the last two of another 2, gone ones none."""
    happened = [
        ("a", 0, "add"), ("a", 2 * DAY, "remove"), ("a", 2 * DAY + 60, "add"),
        ("a", 4 * DAY, "remove"), ("b", 28 * DAY, "add"), ("b", 29 * DAY, "add"),
        ("c", -9 * DAY, "add"), ("c", -1, "remove"), ("d", -9 * DAY, "add"), ("d", 0, "remove"),
    ]  # fmt: skip
    rows = [
        an_event(n, seconds, value_text=value, operation_type=operation)
        for n, (value, seconds, operation) in enumerate(happened)
    ]
    window = of_kind(AggregationType.UNIQUE_COUNT, recurring=True, is_prorated=True)

    quantity = counted(rows, window)

    assert quantity.units == Decimal("0.26667")  # 5 + 2 + 1 days of 30
    assert told(quantity.full_units, quantity.events_count) == (1, 1)


@pytest.mark.parametrize(
    ("function", "precision", "value", "units"),
    [
        (RoundingFunction.ROUND, None, "2.5", "3"),
        (RoundingFunction.ROUND, 0, "-2.5", "-3"),
        (RoundingFunction.ROUND, 2, "2.344999999999", "2.34"),
        (RoundingFunction.ROUND, -2, "150", "200"),
        (RoundingFunction.CEIL, 0, "-2.5", "-2"),
        (RoundingFunction.CEIL, -1, "0.000000000001", "10"),
        (RoundingFunction.FLOOR, 0, "-2.5", "-3"),
        (RoundingFunction.FLOOR, 1, "2.39", "2.3"),
    ],
)
def test_units_are_rounded_as_the_metric_says(
    function: RoundingFunction, precision: int | None, value: str, units: str
) -> None:
    """Half goes away from zero, up is towards more, down towards less, also beyond the point."""
    window = of_kind(AggregationType.SUM)
    metric = replace(window.metric, rounding_function=function, rounding_precision=precision)

    quantity = counted([an_event(1, 0, Decimal(value))], structs.replace(window, metric=metric))

    assert quantity.units == Decimal(units)


WRITTEN = [
    ('{"model":5.0}', "5.0"),
    ('{"model":5.00000000000000000000000001}', "5.00000000000000000000000001"),
    ('{"model":1E+2}', "1E+2"),
    ('{"model":-0}', "-0"),
    ('{"model":123456789012345678901234567890.10}', "123456789012345678901234567890.10"),
    ('{"model":"5.0"}', "5.0"),
    ('{"model":true}', "true"),
    ('{"model":null}', None),
    ('{"model":""}', None),
    ('{"model":"null"}', "null"),
    ('{"other":1}', None),
    ("{}", None),
    ('{"model":1,"model":2}', "2"),
    ('{"\\u006dodel":"x"}', "x"),
    ('{"model":"\\u00e9\\n\\"q\\ud83d\\ude00\\\\"}', 'é\n"q😀\\'),
    ('{"model":"\u0301é😀"}', "\u0301é😀"),
    ('{"other":"\\"model\\": 5","model":"a, b: {c}"}', "a, b: {c}"),
    ('{"other":{"model":1},"model":2}', "2"),
    ('{"other":["]","model",{"model":"}"}]}', None),
    ('{"other":[1,2],"model":[1, 2.50,{"a":"]"}]}', '[1, 2.50,{"a":"]"}]'),
    (' {\n"model" : {"a" : 1.0 } , "b":[]}\n', '{"a" : 1.0 }'),
    ('{"model":[]}', "[]"),
    (f'{{"model":{"[" * PROPERTIES_DEPTH_MAX}{"]" * PROPERTIES_DEPTH_MAX}}}', "[" * 34 + "]" * 34),
]


@pytest.mark.parametrize(("properties", "text"), WRITTEN, ids=range(len(WRITTEN)))
def test_texts_are_those_that_were_written(properties: str, text: str | None) -> None:
    """Digits stay as written, text is unescaped; missing, null and empty are no value."""
    window = of_kind(AggregationType.COUNT, group_keys=("model",))

    quantity = counted([an_event(1, 0, properties=properties)], window)

    assert [group.values for group in quantity.groups] == [(text,)]


def test_a_selection_takes_what_matches_and_no_other_takes() -> None:
    """Rows count where every key fits and no filter before them does; missing texts fit nothing."""
    texts = [("a", "x"), ("a", "y"), ("b", "x"), ("c", "x"), (None, "x"), ("a", None)]
    rows = [
        an_event(n, n, Decimal(10) ** n, properties=json.dumps({"model": model, "region": region}))
        for n, (model, region) in enumerate(texts)
    ]
    first_filter = (("model", ("a",)), ("region", ("x",)))
    second_filter = (("model", ("a", "b")),)
    selections = {
        "first": Selection(first_filter),
        "second": Selection(second_filter, (first_filter,)),
        "default": Selection((), (first_filter, second_filter)),
        "none": Selection((("model", ()),)),
        "unsaid": Selection((), ((("model", ()),), ())),
    }
    windows = [
        structs.replace(of_kind(AggregationType.SUM), key=key, selection=selection)
        for key, selection in selections.items()
    ]

    found = by_sql(rows, windows)

    units = {key: int(quantity.units) for key, quantity in found.items()}
    assert units == {
        "first": 1, "second": 100_110, "default": 11_000, "none": 0, "unsaid": 111_111
    }  # fmt: skip


def test_groups_are_counted_and_rounded_alone() -> None:
    """Each tuple of texts is rounded by itself, and the whole is the sum of the rounded."""
    metric = replace(a_metric(), rounding_function=RoundingFunction.CEIL)
    window = structs.replace(a_window(metric), group_keys=("model", "region"))
    rows = [
        an_event(n, n, Decimal("0.4"), properties=properties)
        for n, properties in enumerate(['{"model":"a"}', '{"model":"a"}', '{"region":"a"}', "{}"])
    ]

    quantity = counted(rows, window)

    assert [told(group.values, group.quantity.units) for group in quantity.groups] == [
        ((None, None), 1), ((None, "a"), 1), (("a", None), 1),
    ]  # fmt: skip
    assert told(quantity.units, quantity.events_count) == (3, 4)


def test_the_newest_row_of_a_fact_counts() -> None:
    """A correction replaces, one after it voids, another moves to a metric, in intake's order."""
    rows = levels(1, 10, 100, 1000)
    facts = [
        a_revision(20, 1, 0, 5),
        a_revision(21, 1, 0, 7),
        a_revision(22, 2, 0, 9),
        a_revision(23, 2, 0, 9, is_void=True),
        a_revision(24, 3, 0, 100, metric_code="calls"),
        a_revision(25, 9, 0, 3),
    ]
    window = of_kind(AggregationType.SUM)
    moved = structs.replace(window, key="moved", metric=replace(window.metric, code="calls"))

    found = by_sql(rows, [window, moved], facts)

    assert told(found["window"].units, found["moved"].units) == (1010, 100)
    assert counted(rows, window, facts, Watermark(((0, 21),))).units == 1117


def test_readings_count_what_was_used_since() -> None:
    """5 before the window, 9, a reset to 2, then 3 twice: 4 + 2 + 1; other series from zero."""
    metric = a_metric(counter_semantics=CounterSemantics.CUMULATIVE)
    window = a_window(metric)
    pushes = [
        a_push(n, None, (hour * 3600), Decimal(value), dimensions=dimensions)
        for n, (hour, value, dimensions) in enumerate(
            [(-1, 5, {}), (1, 9, {}), (2, 2, {}), (3, 3, {}), (4, 3, {}), (3, 50, {"model": "a"})]
        )
    ]

    assert counted([], window, pushes).units == 57
    assert counted([], structs.replace(window, metric=a_metric()), pushes).units == 0


def test_a_count_counts_what_pushes_say() -> None:
    """A push of 40 is forty events beside two single ones."""
    metric = a_metric(AggregationType.COUNT, counter_semantics=CounterSemantics.DELTA)
    quantity = counted(levels(0, 0), a_window(metric), [a_push(9, 0, 3600, 40)])

    assert told(quantity.units, quantity.events_count) == (42, 42)

"""What the second engine counts, worked by hand, and that both engines always agree."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from aggregation.quantity import NO_USAGE, Quantity, Selection, UsageWindow
from aggregation.second_engine import second_quantities
from aggregation.second_engine_question import method_of, second_question
from aggregation.second_engine_sql import PROPERTIES_DEPTH_MAX, second_engine_steps
from catalog.billable_metrics import AggregationType, CounterSemantics, RoundingFunction
from ingest.watermark import Watermark
from storage.lake import Lake
from storage.lake_tables import REVISION, USAGE
from tests.aggregation.makers import (
    START,
    Row,
    a_metric,
    a_push,
    a_revision,
    a_window,
    an_event,
    frame,
    revisions,
)
from tests.aggregation.sql_world import EVERYTHING_SEEN, by_sql, relation

DAY = 86_400
KINDS = list(AggregationType)


def of_kind(kind: AggregationType, **asked: object) -> UsageWindow:
    """Return the window of 30 days of a metric that counts so."""
    metric = replace(a_metric(kind), recurring=bool(asked.pop("recurring", False)))
    return replace(a_window(metric), **({"period_days": 30} | asked))  # type: ignore[arg-type] # a test's


def counted(
    rows: Sequence[Row],
    window: UsageWindow,
    facts: Sequence[Row] = (),
    seen: Watermark = EVERYTHING_SEEN,
) -> Quantity:
    """Return what is counted in one window."""
    return by_sql(rows, [window], facts, seen)[window.key]


def told(*numbers: object) -> tuple[object, ...]:
    """Return numbers to be compared with others of whatever kind."""
    return numbers


def levels(*values: int) -> list[Row]:
    """Return an event a day, from the start on."""
    return [an_event(n + 1, n * DAY, Decimal(value)) for n, value in enumerate(values)]


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

        assert quantity == replace(NO_USAGE, event_values=None)


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

    quantity = counted([an_event(1, 0, Decimal(value))], replace(window, metric=metric))

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
        replace(of_kind(AggregationType.SUM), key=key, selection=selection)
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
    window = replace(a_window(metric), group_keys=("model", "region"))
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
    moved = replace(window, key="moved", metric=replace(window.metric, code="calls"))

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
    assert counted([], replace(window, metric=a_metric()), pushes).units == 0


def test_a_count_counts_what_pushes_say() -> None:
    """A push of 40 is forty events beside two single ones."""
    metric = a_metric(AggregationType.COUNT, counter_semantics=CounterSemantics.DELTA)
    quantity = counted(levels(0, 0), a_window(metric), [a_push(9, 0, 3600, 40)])

    assert told(quantity.units, quantity.events_count) == (42, 42)


def test_a_watermark_bounds_each_shard() -> None:
    """Rows count up to their own shard's mark; a shard without a mark is not seen."""
    rows = [an_event(n, n, 10**n, shard=n % 3, inbox_id=n) for n in range(6)]

    quantity = counted(rows, of_kind(AggregationType.SUM), seen=Watermark(((0, 9), (1, 2))))

    assert quantity.units == 1011


def test_named_amounts_add_up() -> None:
    """What events name themselves is summed to the last digit, as written."""
    rows = [
        an_event(1, 0, 1, precise_total_amount_cents="12.000000000001"),
        an_event(2, 0, 1, precise_total_amount_cents="99999999999999999999999999"),
        an_event(3, 0, 1),
    ]

    quantity = counted(rows, of_kind(AggregationType.SUM))

    assert quantity.precise_total_amount_cents == Decimal(
        "100000000000000000000000011.000000000001"
    )


@pytest.mark.parametrize("kind", [AggregationType.SUM, AggregationType.WEIGHTED_SUM])
def test_38_digits_stay_exact(kind: AggregationType) -> None:
    """The largest values and the smallest step are weighed without losing a digit."""
    most, less = (Decimal("9" * 26 + "." + "9" * 11 + last) for last in "98")
    rows = [
        an_event(n, 0, value)
        for n, value in enumerate([most, Decimal("-0.000000000001"), Decimal(f"-{most}")])
    ]
    for is_prorated in (False, kind is AggregationType.SUM):
        window = of_kind(kind, recurring=True, is_prorated=is_prorated)

        quantity = counted(rows[:2], window)

        # A prorated sum is rounded up at five decimals.
        assert quantity.units == (10**26 if is_prorated else less)
        assert quantity.units_before_proration == less
        assert counted(rows, window).units == (0 if is_prorated else Decimal("-1E-12"))


def test_nothing_is_a_float() -> None:
    """Neither a column of the answer, nor a step of the plan, is a DOUBLE or FLOAT."""
    windows = [
        replace(of_kind(kind), key=str(number), is_prorated=is_prorated, group_keys=group_keys)
        for number, (kind, is_prorated, group_keys) in enumerate(
            product(KINDS, (False, True), ((), ("model",)))
        )
        if not is_prorated or kind in (AggregationType.SUM, AggregationType.UNIQUE_COUNT)
    ]
    counted(levels(1, 2), windows[0])
    asked = second_question(windows, EVERYTHING_SEEN)

    steps = second_engine_steps({method_of(window) for window in windows}, reads_properties=True)
    columns = {str(kind) for kind in relation(asked).types}
    for step in ("fact", "plain_event", "with_members", "readable", "counted", "changes", "spans"):
        sql = f"{steps} SELECT * FROM {step}"  # noqa: S608 - names of our own
        used = {name: value for name, value in asked.parameters.items() if f"${name}" in sql}
        found = relation(replace(asked, sql=sql, parameters=used))
        columns |= {str(kind) for kind in found.types}
    plan = "".join(str(row) for row in relation(asked, "EXPLAIN (FORMAT json) ").fetchall())

    assert "HUGEINT" in plan
    assert not [kind for kind in columns if "DOUBLE" in kind or "FLOAT" in kind]
    assert "DOUBLE" not in plan
    assert "FLOAT" not in plan


def test_a_lake_is_asked_at_its_watermark(tmp_path: Path) -> None:
    """What lies in a lake is counted as in a plain database; later rows are not seen."""
    lake = Lake(tmp_path)
    events, facts = (
        levels(1, 10, 100),
        [a_revision(4, 2, 0, Decimal(20)), a_revision(9, 1, 0, Decimal(7))],
    )
    frames = {USAGE: frame(events).collect(), REVISION: revisions(facts).collect()}
    lake.append_once("usage_0", 0, 9, frames)
    windows = [replace(of_kind(kind), key=str(kind)) for kind in KINDS]
    seen = Watermark(((0, 8),))

    found = second_quantities(lake, windows, seen)

    assert found == by_sql(events, windows, facts, seen)
    assert found[str(AggregationType.SUM)].units == 121
    assert second_quantities(lake, [], seen) == {}
    lake.close()


@pytest.mark.parametrize("kind", [AggregationType.MAX, AggregationType.WEIGHTED_SUM])
def test_what_makes_no_sense_is_refused(kind: AggregationType) -> None:
    """A level can't be prorated, and a share needs the days it is a share of."""
    with pytest.raises(ValueError, match="can't be prorated"):
        counted([], of_kind(kind, is_prorated=True))
    with pytest.raises(ValueError, match="days of the whole period"):
        counted([], of_kind(AggregationType.WEIGHTED_SUM, period_days=0))


def test_bounds_are_half_open_to_the_microsecond() -> None:
    """An event at the start counts, one a microsecond before the end counts, one at it does not."""
    window = of_kind(AggregationType.SUM)
    instants = [START - timedelta(microseconds=1), START, window.end - timedelta(microseconds=1)]
    rows = [
        an_event(n, 0, 10**n, occurred_at=instant)
        for n, instant in enumerate([*instants, window.end])
    ]

    # A longer window beside it reads further, and changes nothing.
    longer = replace(window, key="longer", end=window.end + timedelta(days=1))

    assert counted(rows, window).units == 110
    assert by_sql(rows, [window, longer])["window"].units == 110

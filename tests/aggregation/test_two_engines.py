"""Both engines count the same, whatever was taken in; a mistake in either of them is seen."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from aggregation.aggregator import quantities
from aggregation.quantity import Quantity, Selection, UsageWindow
from catalog.billable_metrics import AggregationType, CounterSemantics, RoundingFunction
from catalog.counter_semantics import counter_fits_aggregation
from ingest.watermark import Watermark
from tests.aggregation.makers import (
    Row,
    a_metric,
    a_push,
    a_revision,
    a_window,
    an_event,
    frame,
    revisions,
)
from tests.aggregation.sql_world import by_sql

HOUR = 3600
PRORATED = (AggregationType.SUM, AggregationType.UNIQUE_COUNT)
RECURRING = (*PRORATED, AggregationType.WEIGHTED_SUM)
PLAIN = (AggregationType.COUNT, AggregationType.MAX, AggregationType.LATEST)
SEMANTICS = (None, *CounterSemantics)
ZONES = ("UTC", "America/Toronto", "Asia/Tokyo", "America/Sao_Paulo", "Pacific/Apia")
MODELS = ('{"model":"a"}', '{"model":"b", "region":1.0}', '{"region":"1.0","model":null}', "{}")
SELECTIONS = (
    Selection(),
    Selection((("model", ("a", "b")),)),
    Selection((("model", ("a", "b")),), ((("region", ("1.0",)),),)),
    Selection((), ((("model", ("a",)),), (("region", ("1.0",)), ("model", ("b",))))),
)
MARKS = st.sampled_from([10**6, 10**6, 10**6, 101, 4])
# A small world, so that values, instants, days and facts meet.
hours = st.integers(-2, 34).map(lambda number: number * HOUR)
seconds = st.one_of(
    hours, hours, st.integers(-1, 31).map(lambda days: days * 24 * HOUR), st.integers(-999, 999)
)
values = st.one_of(
    st.integers(-3, 9).map(Decimal), st.decimals(-(10**9), 10**9, places=12, allow_nan=False)
)
codes = st.sampled_from(["tokens", "tokens", "tokens", "calls"])
is_void = st.sampled_from([False, False, True])
stated = st.fixed_dictionaries({
    "metric_code": codes,
    "subscription_id": st.sampled_from(["sub-1", "sub-1", "sub-1", "sub-1", "sub-2"]),
    "value_text": st.sampled_from(["x", "x", "y", None]),
    "operation_type": st.sampled_from(["add", "remove"]),
    "properties": st.sampled_from(MODELS),
    "precise_total_amount_cents": st.sampled_from([None, None, "1.5", "-0.000000000003"]),
})  # fmt: skip
told = st.lists(st.tuples(seconds, values, stated), min_size=6, max_size=14)
mended = st.lists(
    st.tuples(st.integers(0, 8), seconds, values, is_void, stated), min_size=2, max_size=8
)
pushed = st.lists(
    st.tuples(hours, values.map(abs), is_void, st.sampled_from(MODELS)), min_size=2, max_size=8
)


@st.composite
def usage(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    """Return events, and what replaces them: corrections and counter pushes, in chance order."""
    events = [
        an_event(number, second, value, **row)
        for number, (second, value, row) in enumerate(draw(told))
    ]
    corrections = [
        a_revision(100, of, second, value, is_void=is_void, **row)
        for of, second, value, is_void, row in draw(mended)
    ]
    pushes = [
        a_push(100, None, second, value, is_void=is_void, properties=properties,
               dimensions={"properties": properties})
        for second, value, is_void, properties in draw(pushed)
    ]  # fmt: skip
    facts = draw(st.permutations(corrections + pushes))
    return events, [
        row | {"inbox_id": 100 + place // 2, "sequence": place % 2}
        for place, row in enumerate(facts)
    ]


@st.composite
def questions(draw: st.DrawFn, kind: AggregationType) -> UsageWindow:
    """Return a window of a metric that counts so, with whatever may be asked of it."""
    fitting = [each for each in SEMANTICS if counter_fits_aggregation(each, kind)]
    metric = replace(
        a_metric(kind, code=draw(codes), counter_semantics=draw(st.sampled_from(fitting))),
        recurring=kind in RECURRING and draw(st.booleans()),
        rounding_function=draw(st.sampled_from([None, None, None, *RoundingFunction])),
        rounding_precision=draw(st.sampled_from([None, 0, 2, -1])),
    )
    window = a_window(metric)
    start = window.start + timedelta(seconds=draw(seconds))
    lasts = draw(st.sampled_from([6 * HOUR, 24 * HOUR, 30 * 24 * HOUR]))
    return structs.replace(
        window,
        start=start,
        end=start
        + timedelta(seconds=lasts, microseconds=draw(st.sampled_from([0, 0, 1, 500_000]))),
        wants_event_values=False,
        selection=draw(st.sampled_from((*SELECTIONS, Selection()))),
        group_keys=draw(st.sampled_from([(), (), ("model",), ("region", "model")])),
        is_prorated=kind in PRORATED and draw(st.booleans()),
        period_days=draw(st.sampled_from([1, 7, 31])),
        timezone=draw(st.sampled_from(ZONES)),
    )


def by_polars(
    events: list[Row], windows: list[UsageWindow], facts: list[Row], seen: Watermark
) -> dict[str, Quantity]:
    """Return what the first engine counts."""
    return quantities(frame(events), windows, seen.includes(), revisions(facts))


def comparable(quantity: Quantity, window: UsageWindow) -> dict[str, object]:
    """Return the numbers that both engines state, of the whole and of each group."""
    level, cents = quantity.total_aggregated_units, quantity.precise_total_amount_cents
    return {
        "units": quantity.units,
        "full": quantity.units_before_proration,
        "events": quantity.events_count,
        "level": quantity.units if level is None else level,
        # Only a sum's events name amounts: charge models that read them take no other metric.
        "cents": cents or 0 if window.metric.aggregation_type is AggregationType.SUM else 0,
        "groups": [(group.values, comparable(group.quantity, window)) for group in quantity.groups],
    }


@pytest.mark.parametrize("kinds", [PLAIN, RECURRING], ids=["plain", "recurring"])
@given(taken=usage(), data=st.data(), mark=MARKS)
def test_both_engines_count_the_same(
    kinds: tuple[AggregationType, ...],
    taken: tuple[list[Row], list[Row]],
    data: st.DataObject,
    mark: int,
) -> None:
    """Usage, corrections, readings, splits, days and watermarks: every number is the same."""
    events, facts = taken
    asked = st.lists(st.sampled_from(kinds).flatmap(questions), min_size=4, max_size=8)
    windows = [
        structs.replace(window, key=str(number)) for number, window in enumerate(data.draw(asked))
    ]
    seen = Watermark(((0, mark),))

    first = by_polars(events, windows, facts, seen)
    second = by_sql(events, windows, facts, seen)

    for window in windows:
        one, other = (comparable(each[window.key], window) for each in (first, second))
        assert one == other, window

"""What holds after corrections and counter pushes, against a reader that goes row by row."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.aggregator import quantities
from aggregation.counted_rows import counted_rows, facts_near
from aggregation.effective_usage import effective_usage
from aggregation.quantity import Quantity, UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric, CounterSemantics
from tests.aggregation.makers import (
    EVERYTHING,
    START,
    Row,
    a_metric,
    a_push,
    a_revision,
    a_window,
    an_event,
    at,
    frame,
    revisions,
)
from tests.aggregation.plain_usage import (
    FED,
    PERIOD_SECONDS,
    effective,
    plain_quantity,
)

HOUR = 3600
SEMANTICS = list(CounterSemantics)
# A small world, so that facts meet: some hours before, in and after the period.
hours = st.sampled_from([-2, -1, 0, 1, 2, 3, 719, 720, 721])
numbers = st.integers(0, 40).map(Decimal)
places = st.sampled_from([{}, {"model": "a"}, {"model": "b"}])
void = st.booleans()
told = st.lists(st.tuples(hours, numbers, places, void), max_size=14)
mended = st.lists(st.tuples(st.integers(0, 5), hours, numbers, void), max_size=8)
happened = st.lists(st.tuples(hours, numbers), max_size=6)


def units(
    events: Sequence[Row],
    facts: Sequence[Row] | None,
    metric: BillableMetric,
    seen: pl.Expr = EVERYTHING,
) -> Quantity:
    """Return the quantity of the period."""
    revision = None if facts is None else revisions(facts)
    return quantities(frame(events), [a_window(metric)], seen, revision)["window"]


def metric_of(semantics: CounterSemantics) -> BillableMetric:
    """Return a metric that such counters feed."""
    return a_metric(FED[semantics], counter_semantics=semantics)


def events_of(happenings: Sequence[tuple[int, Decimal]]) -> list[Row]:
    """Return events, numbered from 0; a sum's events carry their value."""
    return [an_event(number, hour * HOUR, value) for number, (hour, value) in enumerate(happenings)]


def facts_of(
    semantics: CounterSemantics,
    tellings: Sequence[tuple[int, Decimal, dict[str, str], bool]],
    mendings: Sequence[tuple[int, int, Decimal, bool]] = (),
) -> list[Row]:
    """Return counter pushes, then corrections of events, taken in one after the other."""
    pushes = [
        a_push(
            number,
            None if semantics.is_reading else (hour - 1) * HOUR,
            hour * HOUR,
            value,
            dimensions=dimensions,
            is_void=is_void,
        )
        for number, (hour, value, dimensions, is_void) in enumerate(tellings, 100)
    ]
    corrections = [
        a_revision(number, of, hour * HOUR, value, is_void=is_void)
        for number, (of, hour, value, is_void) in enumerate(mendings, 200)
    ]
    return pushes + corrections


@pytest.mark.parametrize("semantics", SEMANTICS)
@given(happenings=happened, tellings=told, mendings=mended)
def test_quantities_equal_a_plain_reading(
    semantics: CounterSemantics,
    happenings: list[tuple[int, Decimal]],
    tellings: list[tuple[int, Decimal, dict[str, str], bool]],
    mendings: list[tuple[int, int, Decimal, bool]],
) -> None:
    """Events, corrections that move or void them, windows and resets count as row by row."""
    events, facts = events_of(happenings), facts_of(semantics, tellings, mendings)
    found = units(events, facts, metric_of(semantics))

    assert (found.units, found.events_count) == plain_quantity(events, facts, semantics)


@given(
    semantics=st.sampled_from(SEMANTICS),
    happenings=happened,
    tellings=told,
    mendings=mended,
    data=st.data(),
)
def test_order_of_rows_changes_nothing(
    semantics: CounterSemantics,
    happenings: list[tuple[int, Decimal]],
    tellings: list[tuple[int, Decimal, dict[str, str], bool]],
    mendings: list[tuple[int, int, Decimal, bool]],
    data: st.DataObject,
) -> None:
    """Units, count, values and digest do not depend on how rows lie in files."""
    events, facts = events_of(happenings), facts_of(semantics, tellings, mendings)
    metric = metric_of(semantics)

    shuffled = units(data.draw(st.permutations(events)), data.draw(st.permutations(facts)), metric)

    assert shuffled == units(events, facts, metric)


@given(semantics=st.sampled_from(SEMANTICS), tellings=told, again=st.integers(1, 3))
def test_a_repeated_push_changes_nothing(
    semantics: CounterSemantics,
    tellings: list[tuple[int, Decimal, dict[str, str], bool]],
    again: int,
) -> None:
    """Saying the same total of the same window once more, or thrice, gives the same units."""
    metric = metric_of(semantics)
    repeated = [telling for telling in tellings for _ in range(again)]

    once = units([], facts_of(semantics, tellings), metric)

    assert units([], facts_of(semantics, repeated), metric).units == once.units


@given(semantics=st.sampled_from(SEMANTICS), tellings=told)
def test_a_replaced_window_is_as_if_only_its_last_push_came(
    semantics: CounterSemantics, tellings: list[tuple[int, Decimal, dict[str, str], bool]]
) -> None:
    """Units and digest are those of the last push of each window, sent alone."""
    facts = facts_of(semantics, tellings)
    last = {fact["fact_id"]: fact for fact in facts}
    metric = metric_of(semantics)

    assert units([], facts, metric) == units([], list(last.values()), metric)


@given(semantics=st.sampled_from(SEMANTICS), tellings=told, data=st.data())
def test_void_and_restored_is_as_before(
    semantics: CounterSemantics,
    tellings: list[tuple[int, Decimal, dict[str, str], bool]],
    data: st.DataObject,
) -> None:
    """A voided window counts nothing, and restored it counts what it did."""
    facts = [fact for fact in facts_of(semantics, tellings) if not fact["is_void"]]
    if not facts:
        return
    metric = metric_of(semantics)
    chosen = data.draw(st.sampled_from(facts))
    newest = [fact for fact in facts if fact["fact_id"] == chosen["fact_id"]][-1]
    voided = [*facts, newest | {"inbox_id": 900, "is_void": True}]
    others = [fact for fact in facts if fact["fact_id"] != chosen["fact_id"]]
    restored = [*voided, newest | {"inbox_id": 901}]

    assert units([], voided, metric) == units([], others, metric)
    # The latest of one instant is the last taken in, so a restored level may become it.
    if semantics is not CounterSemantics.GAUGE:
        assert units([], restored, metric).units == units([], facts, metric).units


@given(
    semantics=st.sampled_from(SEMANTICS),
    happenings=happened,
    tellings=told,
    mendings=mended,
    mark=st.integers(99, 207),
)
def test_a_watermark_pins_the_answer(
    semantics: CounterSemantics,
    happenings: list[tuple[int, Decimal]],
    tellings: list[tuple[int, Decimal, dict[str, str], bool]],
    mendings: list[tuple[int, int, Decimal, bool]],
    mark: int,
) -> None:
    """Rows beyond the watermark neither count nor replace: the answer is as if they never came."""
    events, facts = events_of(happenings), facts_of(semantics, tellings, mendings)
    covered = [fact for fact in facts if int(str(fact["inbox_id"])) <= mark]
    metric = metric_of(semantics)

    pinned = units(events, facts, metric, pl.col("inbox_id") <= mark)

    assert pinned == units(events, covered, metric)


@given(kind=st.sampled_from(AggregationType), happenings=happened)
def test_no_revisions_are_as_no_table_of_them(
    kind: AggregationType, happenings: list[tuple[int, Decimal]]
) -> None:
    """An empty table of revisions, or one of strangers, gives the very answer of events alone."""
    events, metric = events_of(happenings), a_metric(kind)
    alone = units(events, None, metric)
    stranger = a_push(1, 0, HOUR, 9, subscription_id="sub-2")

    assert units(events, [], metric) == alone
    assert units(events, [stranger], metric) == alone


@given(happenings=happened, mendings=mended)
def test_unique_values_follow_corrections(
    happenings: list[tuple[int, Decimal]], mendings: list[tuple[int, int, Decimal, bool]]
) -> None:
    """A corrected event brings its new value and takes its old one away."""
    events = events_of(happenings)
    facts = facts_of(CounterSemantics.DELTA, (), mendings)
    inside = {
        row["value_text"]
        for row in effective(events, facts)
        if START <= row["occurred_at"] < at(PERIOD_SECONDS)  # type: ignore[operator]
    }

    assert units(events, facts, a_metric(AggregationType.UNIQUE_COUNT)).units == len(inside)


@given(happenings=happened, tellings=told, mendings=mended)
def test_parts_of_a_period_add_up(
    happenings: list[tuple[int, Decimal]],
    tellings: list[tuple[int, Decimal, dict[str, str], bool]],
    mendings: list[tuple[int, int, Decimal, bool]],
) -> None:
    """Of an ever-rising counter, nothing is lost or doubled where two windows touch."""
    events, facts = events_of(happenings), facts_of(CounterSemantics.CUMULATIVE, tellings, mendings)
    metric = metric_of(CounterSemantics.CUMULATIVE)
    windows = [
        a_window(metric, START, 12, key="first"),
        a_window(metric, at(12 * 86_400), 18, key="second"),
        a_window(metric),
    ]

    found = quantities(frame(events), windows, EVERYTHING, revisions(facts))

    assert found["first"].units + found["second"].units == found["window"].units


@pytest.mark.parametrize("facts", [None, [], [a_push(2, 0, HOUR, 5)], [a_revision(3, 1, 0, 5)]])
def test_bounds_are_pushed_down_to_the_files(facts: list[Row] | None, tmp_path: Path) -> None:
    """Only rows of the asked metric, subscription and time are read, with revisions or without."""
    frame([an_event(1, 0, 7)]).collect().write_parquet(tmp_path / "usage.parquet")
    scanned = pl.scan_parquet(tmp_path / "usage.parquet")
    windows = [a_window(metric_of(CounterSemantics.DELTA))]
    newest = facts_near(None if facts is None else revisions(facts), windows, EVERYTHING)

    plan = counted_rows(scanned, newest, windows).explain()

    (selection,) = [line for line in plan.splitlines() if "SELECTION" in line]
    for column in ("service", "metric_code", "subscription_id", "occurred_at"):
        assert f'col("{column}")' in selection


def test_a_window_that_ends_with_the_period_belongs_to_it() -> None:
    """The last window of a period counts in it, and the first of the next does not."""
    facts = [
        a_push(1, PERIOD_SECONDS - HOUR, PERIOD_SECONDS, 5),
        a_push(2, PERIOD_SECONDS, PERIOD_SECONDS + HOUR, 7),
    ]

    assert units([], facts, metric_of(CounterSemantics.DELTA)).units == 5


def test_a_window_across_the_start_counts_where_it_ends() -> None:
    """A window that began in the period before counts as a whole in the one it ends in."""
    facts = [a_push(1, -HOUR, HOUR, 5)]

    assert units([], facts, metric_of(CounterSemantics.DELTA)).units == 5


def test_a_reading_before_the_period_is_where_it_starts_from() -> None:
    """Usage is the difference to the last reading before the period, however long ago."""
    facts = [a_push(1, None, -400 * 86_400, 100), a_push(2, None, HOUR, 130)]

    assert units([], facts, metric_of(CounterSemantics.CUMULATIVE)).units == 30


def test_the_digest_covers_the_reading_before() -> None:
    """Another starting point that gives the same units is another input."""
    metric = metric_of(CounterSemantics.CUMULATIVE)
    one = units([], [a_push(1, None, 0, 100), a_push(3, None, HOUR, 130)], metric)
    other = units([], [a_push(2, None, 0, 100), a_push(3, None, HOUR, 130)], metric)

    assert one.units == other.units == 30
    assert one.inputs_digest != other.inputs_digest


def test_series_of_one_counter_do_not_mix() -> None:
    """Readings of another dimension are another counter, not a reset of this one."""
    facts = [
        a_push(1, None, HOUR, 100, dimensions={"model": "a:b"}),
        a_push(2, None, 2 * HOUR, 10, dimensions={"model": "c"}),
        a_push(3, None, 3 * HOUR, 105, dimensions={"model": "a:b"}),
    ]

    assert units([], facts, metric_of(CounterSemantics.CUMULATIVE)).units == 115


def test_a_metric_without_counters_counts_none() -> None:
    """Windows of an older definition do not slip into a metric that takes only events."""
    facts = [a_push(1, 0, HOUR, 5)]

    assert units([an_event(2, 0, 1)], facts, a_metric()).units == 1


def test_a_correction_may_move_an_event_to_another_metric() -> None:
    """A moved event leaves its old metric and counts in the new one."""
    moved = a_revision(2, 1, 0, 7, metric_code="calls")
    events, facts = frame([an_event(1, 0, 7)]), revisions([moved])
    windows = [a_window(a_metric(), key="old"), a_window(a_metric(code="calls"), key="new")]
    found = quantities(events, windows, EVERYTHING, facts)
    alone = quantities(events, windows[:1], EVERYTHING, facts)

    assert [found["old"].units, found["new"].units, alone["old"].units] == [0, 7, 0]


def test_a_transaction_of_another_subscription_is_another_fact() -> None:
    """A correction replaces only the event of its own service and subscription."""
    own = [("nexadesk", "sub-1"), ("nexadesk", "sub-2"), ("nexamaps", "sub-1")]
    events = [
        an_event(1, 0, 7, service=service, subscription_id=subscription)
        for service, subscription in own
    ]
    facts = [a_revision(2, 1, 0, 0, is_void=True, service="nexadesk", subscription_id="sub-2")]
    windows = [
        UsageWindow(f"{service}/{subscription}", service, subscription, a_metric(), START, at(9))
        for service, subscription in own
    ]
    found = quantities(frame(events), windows, EVERYTHING, revisions(facts))

    assert [found[window.key].units for window in windows] == [7, 0, 7]


@given(happenings=happened, tellings=told, mendings=mended)
def test_effective_usage_tells_the_same_story(
    happenings: list[tuple[int, Decimal]],
    tellings: list[tuple[int, Decimal, dict[str, str], bool]],
    mendings: list[tuple[int, int, Decimal, bool]],
) -> None:
    """The rows for other readers add up to what aggregation answers."""
    events, facts = events_of(happenings), facts_of(CounterSemantics.CUMULATIVE, tellings, mendings)
    rows = effective_usage(
        frame(events), revisions(facts), EVERYTHING, [("nexadesk", "tokens")]
    ).filter(pl.col("occurred_at").is_between(START, at(PERIOD_SECONDS), closed="left"))

    total = rows.collect()["value"].sum()

    found = units(events, facts, metric_of(CounterSemantics.CUMULATIVE))
    assert Decimal(str(total)) == found.units


def test_effective_usage_without_revisions_is_the_usage() -> None:
    """Where nothing was ever replaced, every event counts as it is."""
    usage = frame([an_event(1, 0, 7), an_event(2, HOUR, 5)])

    found = effective_usage(usage, None, pl.col("inbox_id") <= 1).collect()

    assert found.select(usage.collect_schema().names()).equals(usage.collect().head(1))

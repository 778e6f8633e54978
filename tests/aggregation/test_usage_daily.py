"""Days of usage, against a reader that goes row by row, and added up step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from aggregation.aggregator import quantities
from aggregation.quantity import UsageWindow
from aggregation.usage_daily import (
    FIRST_DAY,
    LAST_DAY,
    OWNER,
    DayRules,
    frozen_days,
    outdated_days,
    subscription_parts,
    touched_days,
    usage_daily,
)
from catalog.billable_metrics import AggregationType, BillableMetric, CounterSemantics
from catalog.billing_periods import ONE_DAY, local_midnight
from tests.aggregation.makers import (
    EVERYTHING,
    Row,
    a_metric,
    a_push,
    a_revision,
    an_event,
    at,
    frame,
    revisions,
)

TORONTO = ZoneInfo("America/Toronto")
HOUR = 3600
FED = {
    CounterSemantics.DELTA: AggregationType.SUM,
    CounterSemantics.CUMULATIVE: AggregationType.SUM,
    CounterSemantics.GAUGE: AggregationType.LATEST,
    CounterSemantics.WINDOW: AggregationType.COUNT,
}
ALL_DAYS = [date(2026, 10, 25) + ONE_DAY * number for number in range(50)]
Figures = tuple[int, Decimal | None, Decimal | None, Decimal | None]
# Around local midnights, with the day of 25 hours that begins four hours after the start.
hours = st.sampled_from([-21, -20, -19, 0, 3, 4, 5, 6, 28, 29, 30, 53, 700])
numbers = st.integers(0, 40).map(Decimal)
semantics_of_counters = st.sampled_from(list(CounterSemantics))


@dataclass(frozen=True)
class Told:
    """One row that an app tells; `place` is a dimension, or the number of a corrected event."""

    kind: str
    hour: int
    value: Decimal
    place: int
    is_void: bool
    is_rolled_up: bool

    def row(self, number: int, semantics: CounterSemantics) -> Row:
        """Return the row at its position in the inbox."""
        seconds = self.hour * HOUR
        match self.kind:
            case "event":
                return an_event(number, seconds, self.value)
            case "push":
                start = None if semantics.is_reading else seconds - HOUR
                where = {"model": str(self.place % 2)}
                push = a_push(number, start, seconds, self.value, dimensions=where)
                return push | {"is_void": self.is_void}
            case _:
                code = "calls" if self.place % 3 == 0 else "tokens"
                void: Row = {"is_void": self.is_void, "metric_code": code}
                return a_revision(number, self.place, seconds, self.value, **void)


stories = st.lists(
    st.builds(
        Told,
        kind=st.sampled_from(["event", "push", "push", "correction"]),
        hour=hours,
        value=numbers,
        place=st.integers(1, 8),
        is_void=st.booleans(),
        is_rolled_up=st.booleans(),
    ),
    max_size=14,
)


def rules_of(semantics: CounterSemantics | None, zone: str = "America/Toronto") -> DayRules:
    """Return a metric fed with counters, and one that counts events."""
    kind = AggregationType.SUM if semantics is None else FED[semantics]
    metrics = [
        a_metric(kind, counter_semantics=semantics),
        a_metric(AggregationType.COUNT, code="calls"),
    ]
    return DayRules({("nexadesk", metric.code): metric for metric in metrics}, {"nexadesk": zone})


def rows_of(story: Sequence[Told], semantics: CounterSemantics) -> tuple[list[Row], list[Row]]:
    """Return what is told as events and as revisions."""
    rows = [told.row(number, semantics) for number, told in enumerate(story, 1)]
    return (
        [row for row in rows if "fact_id" not in row],
        [row for row in rows if "fact_id" in row],
    )


def plain_days(
    events: Sequence[Row], facts: Sequence[Row], rules: DayRules
) -> dict[tuple[str, date], Figures]:
    """Return the figures by metric and day, computed row by row."""
    newest: dict[object, Row] = {f"e:{row['transaction_id']}": row for row in events}
    for row in facts:
        newest[row["fact_id"]] = row
    standing = sorted(
        (row for row in newest.values() if not row.get("is_void")),
        key=lambda row: (row["occurred_at"], row["inbox_id"]),
    )
    last: dict[str, Decimal] = {}
    found: dict[tuple[str, date], list[tuple[bool, Decimal]]] = {}
    for row in standing:
        metric = rules.metrics[("nexadesk", str(row["metric_code"]))]
        fact_id, value = str(row.get("fact_id", "")), Decimal(str(row["value"]))
        if fact_id.startswith("w:"):
            if metric.counter_semantics is None:
                continue
            if metric.counter_semantics is CounterSemantics.CUMULATIVE:
                series, reading = fact_id.split(":", 3)[3], value
                if reading >= last.get(series, Decimal(0)):
                    value = reading - last.get(series, Decimal(0))
                last[series] = reading
        occurred_at = row["occurred_at"]
        assert isinstance(occurred_at, datetime)
        day = occurred_at.astimezone(ZoneInfo(rules.zones["nexadesk"])).date()
        key = (str(row["metric_code"]), day)
        found.setdefault(key, []).append((fact_id.startswith("w:"), value))
    return {key: figures(rules.metrics["nexadesk", key[0]], told) for key, told in found.items()}


def figures(metric: BillableMetric, told: Sequence[tuple[bool, Decimal]]) -> Figures:
    """Return a day's figures from (is a counter's, value), in the order of time."""
    if metric.aggregation_type is AggregationType.COUNT:
        return sum(int(value) if is_counter else 1 for is_counter, value in told), None, None, None
    values = [value for _, value in told]
    is_gauge = metric.counter_semantics is CounterSemantics.GAUGE
    return len(values), None if is_gauge else sum(values, Decimal(0)), max(values), values[-1]


def as_figures(daily: pl.DataFrame) -> dict[tuple[str, date], Figures]:
    """Return the frame's figures by metric and day; each of them once."""
    names = ("events_count", "value_sum", "value_max", "value_last")
    rows = {
        (row["metric_code"], row["day"]): tuple(row[name] for name in names)
        for row in daily.iter_rows(named=True)
    }
    assert len(rows) == daily.height
    return rows


@given(story=stories, semantics=semantics_of_counters)
def test_a_day_is_what_its_effective_usage_adds_up_to(
    story: list[Told], semantics: CounterSemantics
) -> None:
    """Events, corrections and counters of any kind give the figures a row-by-row reader gives."""
    events, facts = rows_of(story, semantics)
    rules = rules_of(semantics)

    found = usage_daily(frame(events), revisions(facts), EVERYTHING, ALL_DAYS, rules).collect()

    assert as_figures(found) == plain_days(events, facts, rules)


@given(story=stories, semantics=semantics_of_counters)
def test_touched_days_are_all_that_change(story: list[Told], semantics: CounterSemantics) -> None:
    """Whatever the order of pushes, corrections and roll-ups, touched days are enough."""
    events, facts = rows_of(story, semantics)
    usage, revision, rules = frame(events), revisions(facts), rules_of(semantics)
    rolled_up = pl.DataFrame()
    mark = 0
    for upto, told in enumerate(story, 1):
        if not told.is_rolled_up and upto < len(story):
            continue
        seen = pl.col("inbox_id") <= upto
        days = touched_days(usage, revision, seen, mark, rules)
        assert days
        fresh = usage_daily(usage, revision, seen, days, rules).collect()
        kept = rolled_up.filter(~pl.col("day").is_in(sorted(days))) if mark else fresh.clear()
        rolled_up, mark = pl.concat([kept, fresh]), upto

    assert as_figures(rolled_up if mark else fresh_of(rules)) == plain_days(events, facts, rules)


def fresh_of(rules: DayRules) -> pl.DataFrame:
    """Return the roll-up of nothing."""
    return usage_daily(frame([]), revisions([]), EVERYTHING, ALL_DAYS, rules).collect()


@given(story=stories, semantics=semantics_of_counters)
def test_days_add_up_to_the_bill(story: list[Told], semantics: CounterSemantics) -> None:
    """Sums and counts of the days of a period are the quantity that is billed for it."""
    events, facts = rows_of(story, semantics)
    rules = rules_of(semantics)
    metric = rules.metrics["nexadesk", "tokens"]
    usage, revision = frame(events), revisions(facts)
    start, end = (local_midnight(day, TORONTO) for day in (ALL_DAYS[0], ALL_DAYS[-1] + ONE_DAY))
    window = UsageWindow("all", "nexadesk", "sub-1", metric, start, end)

    billed = quantities(usage, [window], EVERYTHING, revision)["all"]

    daily = usage_daily(usage, revision, EVERYTHING, ALL_DAYS, rules).collect()
    tokens = daily.filter(metric_code="tokens").sort("day")
    assert tokens["events_count"].sum() == billed.events_count
    if metric.aggregation_type is AggregationType.SUM:
        assert Decimal(str(tokens["value_sum"].sum())) == billed.units
    if metric.aggregation_type is AggregationType.LATEST and tokens.height:
        assert tokens["value_last"][-1] == billed.units


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Toronto", date(2026, 10, 31)),
        ("UTC", date(2026, 11, 1)),
        ("Pacific/Kiritimati", date(2026, 11, 1)),
        ("Pacific/Pago_Pago", date(2026, 10, 31)),
    ],
)
def test_a_day_begins_at_local_midnight(zone: str, day: date) -> None:
    """Three hours after a UTC midnight it is another date in the west, wherever the machine is."""
    usage, rules = frame([an_event(1, 3 * HOUR, Decimal(7))]), rules_of(None, zone)
    touched = touched_days(usage, revisions([]), EVERYTHING, 0, rules)

    found = usage_daily(usage, revisions([]), EVERYTHING, touched, rules).collect()

    assert (touched, list(found["day"])) == ({day}, [day])


@pytest.mark.parametrize("zone", ["America/Toronto", "UTC", "Pacific/Kiritimati"])
def test_the_ends_of_the_calendar_are_days_too(zone: str) -> None:
    """Usage of the first and the last instant an app may name is counted, on a day that exists."""
    ends = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    rows = [an_event(n, 0, Decimal(n), occurred_at=end) for n, end in enumerate(ends, 1)]
    usage, rules = frame(rows), rules_of(None, zone)
    days = touched_days(usage, revisions([]), EVERYTHING, 0, rules)

    found = usage_daily(usage, revisions([]), EVERYTHING, days, rules).collect().sort("day")

    assert list(found["value_sum"]) == [1, 2]
    assert list(found["day"]) == sorted(days) == [FIRST_DAY, LAST_DAY]


def test_services_have_days_of_their_own() -> None:
    """Each service's rows are dated in its own timezone, in one pass."""
    rows = [an_event(1, 0, Decimal(7)), an_event(2, 0, Decimal(7), service="nexamaps")]
    rules = replace(rules_of(None), zones={"nexadesk": "America/Toronto", "nexamaps": "UTC"})

    found = usage_daily(frame(rows), revisions([]), EVERYTHING, ALL_DAYS, rules).collect()

    assert dict(found.select("service", "day").iter_rows()) == {
        "nexadesk": date(2026, 10, 31),
        "nexamaps": date(2026, 11, 1),
    }


def test_what_the_watermark_hides_touches_nothing() -> None:
    """Rows beyond the watermark, and rows at or before the mark, are left alone."""
    usage = frame([an_event(1, 0, Decimal(7)), an_event(2, 99 * HOUR, Decimal(7))])
    seen = pl.col("inbox_id") <= 1

    assert touched_days(usage, revisions([]), seen, 0, rules_of(None)) == {date(2026, 10, 31)}
    assert touched_days(usage, revisions([]), seen, 1, rules_of(None)) == set()


def test_a_voided_reading_touches_only_the_next_one() -> None:
    """Of a long series the days of the voided reading and of its follower are computed again."""
    readings = [a_push(number, None, number * 24 * HOUR, Decimal(number)) for number in range(1, 9)]
    void = a_push(20, None, 3 * 24 * HOUR, Decimal(3)) | {"is_void": True}
    rules = rules_of(CounterSemantics.CUMULATIVE)

    touched = touched_days(frame([]), revisions([*readings, void]), EVERYTHING, 8, rules)

    assert touched == {at(day * 24 * HOUR).astimezone(UTC).date() - ONE_DAY for day in (3, 4)}


def test_a_reading_counts_from_one_long_before() -> None:
    """However far back the reading before a touched day lies, it is where the day starts from."""
    readings = [a_push(1, None, 0, Decimal(100)), a_push(2, None, 700 * HOUR, Decimal(130))]
    revision, rules = revisions(readings), rules_of(CounterSemantics.CUMULATIVE)
    touched = touched_days(frame([]), revision, EVERYTHING, 1, rules)

    found = usage_daily(frame([]), revision, EVERYTHING, touched, rules).collect()

    assert [len(touched), *found["value_sum"]] == [1, 30]


def test_a_metric_that_changed_its_meaning_is_counted_again() -> None:
    """Days that were counted under another meaning of the metric are found, others are not."""
    usage = frame([an_event(1, 0, Decimal(7)), an_event(2, 99 * HOUR, None, metric_code="calls")])
    daily = usage_daily(usage, revisions([]), EVERYTHING, ALL_DAYS, rules_of(None))

    assert outdated_days(daily, (), rules_of(None)) == set()
    changed = rules_of(CounterSemantics.DELTA)
    assert outdated_days(daily, (), changed) == {date(2026, 10, 31)}
    assert outdated_days(daily, [("nexadesk", date(2026, 10, 1))], changed) == set()


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("America/Toronto", date(2026, 10, 31), date(2026, 11, 30)),
        ("UTC", date(2026, 11, 1), date(2026, 11, 30)),
        ("Pacific/Kiritimati", date(2026, 11, 1), date(2026, 12, 1)),
    ],
)
def test_days_of_a_dropped_month_are_frozen(zone: str, first: date, last: date) -> None:
    """A local day that shares an instant with the UTC month can't be computed again, others can."""
    dropped = [("nexadesk", date(2026, 11, 1))]

    frozen = frozen_days(ALL_DAYS, dropped, rules_of(None, zone)).sort("day")

    assert set(frozen["service"]) == {"nexadesk"}
    assert list(frozen["day"]) == [day for day in ALL_DAYS if first <= day <= last]


def parts_of(sizes: Sequence[tuple[str, str, int]], rows_max: int) -> list[list[tuple[str, str]]]:
    """Return the owners that each part takes of so many events of (service, subscription)."""
    rows = [
        an_event(number, 0) | {"service": service, "subscription_id": name}
        for service, name, size in sizes
        for number in range(size)
    ]
    usage = frame(rows)
    rules = rules_of(None)
    parts = subscription_parts(usage, None, EVERYTHING, ALL_DAYS, rules, rows_max)
    found = [usage.filter(part).collect() for part in parts]
    assert sum(each.height for each in found) == len(rows)
    return [each.select(OWNER).unique().sort(OWNER).rows() for each in found]


def test_a_part_takes_as_many_rows_as_it_may() -> None:
    """At the limit two subscriptions are one part, one row past it they are two."""
    within = [("nexadesk", "a", 2), ("nexadesk", "b", 3)]
    beyond = [("nexadesk", "a", 2), ("nexadesk", "b", 4)]

    assert parts_of(within, 5) == [[("nexadesk", "a"), ("nexadesk", "b")]]
    assert parts_of(beyond, 5) == [[("nexadesk", "a")], [("nexadesk", "b")]]


def test_a_subscription_is_never_cut() -> None:
    """One that has more rows than fit is a part of its own, and services share none."""
    sizes = [("nexadesk", "a", 9), ("nexadesk", "b", 1), ("nexamaps", "a", 1), ("nexamaps", "c", 1)]

    assert parts_of(sizes, 4) == [
        [("nexadesk", "a")],
        [("nexadesk", "b")],
        [("nexamaps", "a"), ("nexamaps", "c")],
    ]


def test_nothing_has_no_parts() -> None:
    """Where no row lies near the days there is nothing to compute."""
    assert parts_of([], 4) == []


@given(story=stories, semantics=semantics_of_counters, rows_max=st.integers(1, 5))
def test_parts_together_are_the_whole(
    story: list[Told], semantics: CounterSemantics, rows_max: int
) -> None:
    """Computed part by part, days of several subscriptions are what they are at once."""
    events, facts = (
        [row | {"subscription_id": f"sub-{place % 3}"} for place, row in enumerate(rows)]
        for rows in rows_of(story, semantics)
    )
    usage, revision, rules = frame(events), revisions(facts), rules_of(semantics)
    parts = subscription_parts(usage, revision, EVERYTHING, ALL_DAYS, rules, rows_max)

    found = [
        usage_daily(usage.filter(part), revision.filter(part), EVERYTHING, ALL_DAYS, rules)
        for part in parts or [pl.lit(value=False)]
    ]

    key = ["service", "metric_code", "subscription_id", "day"]
    whole = usage_daily(usage, revision, EVERYTHING, ALL_DAYS, rules)
    assert_frame_equal(pl.concat(found).sort(key).collect(), whole.sort(key).collect())

"""Usage by local day: which days new rows touch, and what effective usage adds up to in them.

Pure polars. A touched day is computed as a whole, so an answer needs no earlier answer.
Never used for billing: bills add up effective usage itself, at their own watermark.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from aggregation.effective_usage import (
    EVENT,
    EVENT_FACT,
    FACT,
    TIME_ORDER,
    effective_usage,
    is_counter,
    newest_facts,
    with_revisions,
)
from catalog.billable_metrics import AggregationType, BillableMetric, CounterSemantics
from catalog.billing_periods import local_midnight
from catalog.services import TIMEZONE_DEFAULT
from storage.lake_tables import INSTANT

# No timezone's day begins or ends further than this from the UTC day of the same date.
ZONE_MARGIN = timedelta(days=1)
# Usage dated at the ends of the calendar is put here: its local day might not exist.
FIRST_DAY, LAST_DAY = date(1, 1, 3), date(9999, 12, 29)
METRIC = ("service", "metric_code")
OWNER = ("service", "subscription_id")
SERIES = ("service", "subscription_id", "metric_code", "series")
DAILY = ("service", "metric_code", "subscription_id", "day")


@dataclass(frozen=True, slots=True)
class DayRules:
    """What decides a day's figures: metrics in force by (service, code), timezones by service."""

    metrics: Mapping[tuple[str, str], BillableMetric]
    zones: Mapping[str, str]

    @property
    def cumulative(self) -> list[tuple[str, str]]:
        """Return the metrics whose counters are ever-rising readings."""
        return [
            key
            for key, metric in self.metrics.items()
            if metric.counter_semantics is CounterSemantics.CUMULATIVE
        ]


def usage_daily(
    usage: pl.LazyFrame,
    revision: pl.LazyFrame | None,
    seen: pl.Expr,
    days: Collection[date],
    rules: DayRules,
) -> pl.LazyFrame:
    """Return one row for each service, metric, subscription and day that has effective usage.

    Counts and sums of days add up, but gauges' (their sum is null). Unique values are left out:
    one value of two days is one value of the month, so daily counts would not add up. Without
    any revision far fewer columns are read.
    """
    near = _near(days)
    facts = None if revision is None else _facts_near(revision, days, rules)
    rows = (
        effective_usage(usage.filter(near), facts, seen, rules.cumulative)
        .filter(near)
        .with_columns(day=_day(rules.zones))
        .filter(pl.col("day").is_in(sorted(days)))
        .join(_metrics(rules), on=METRIC, how="left")
        .filter(~is_counter() | pl.col("counter_semantics").is_not_null())
    )
    return rows.group_by(DAILY).agg(
        pl.col("aggregation_type", "counter_semantics").first(), **_figures()
    )


def subscription_parts(
    usage: pl.LazyFrame,
    revision: pl.LazyFrame | None,
    seen: pl.Expr,
    days: Collection[date],
    rules: DayRules,
    rows_max: int,
) -> list[pl.Expr]:
    """Return filters by which the days can be computed part by part, of about `rows_max` rows each.

    Each takes neighbouring subscriptions as a whole: what replaces a row is always of the same one.
    A part is larger only where one subscription is.
    """
    read = [usage.filter(seen, _near(days))]
    if revision is not None:
        read.append(_facts_near(revision.filter(seen), days, rules))
    owners = pl.concat([each.select(OWNER) for each in read])
    counted = owners.group_by(OWNER).len().collect(engine="streaming").sort(OWNER)
    parts: list[tuple[str, str, str]] = []
    room = 0
    for service, subscription, rows_count in counted.rows():
        if parts and parts[-1][0] == service and rows_count <= room:
            parts[-1] = (service, parts[-1][1], subscription)
        else:
            parts.append((service, subscription, subscription))
            room = rows_max
        room -= rows_count
    own = pl.col("subscription_id")
    return [
        (pl.col("service") == service) & own.is_between(pl.lit(first), pl.lit(last))
        for service, first, last in parts
    ]


def _near(days: Collection[date]) -> pl.Expr:
    first, last = _bounds(days)
    return (pl.col("occurred_at") >= first) & (pl.col("occurred_at") <= last)


def _facts_near(revision: pl.LazyFrame, days: Collection[date], rules: DayRules) -> pl.LazyFrame:
    """Return the revisions that may count in the days."""
    first, last = _bounds(days)
    ends = pl.col("window_end")
    # A reading's usage starts from the reading before it, however long ago that was.
    is_late = (ends > first) | _is_of(rules.cumulative)
    return revision.filter(ends.is_null() | ((ends <= last) & is_late))


def touched_days(
    usage: pl.LazyFrame, revision: pl.LazyFrame, seen: pl.Expr, after: int, rules: DayRules
) -> set[date]:
    """Return every day whose figures rows beyond the inbox position `after` may change.

    These are the days of the new rows, of what they replace, and of the readings that follow
    them in their series. `seen` covers one shard: positions of two can't be compared.
    """
    usage, revision = usage.filter(seen), revision.filter(seen)
    is_new = pl.col("inbox_id") > after
    changed = revision.filter(is_new).select(FACT).unique().collect()
    moments = [usage.filter(is_new)]
    if not changed.is_empty():
        facts = revision.join(changed.lazy(), on=FACT, how="semi")
        moments += [
            facts,
            usage.join(_event_keys(changed), on=EVENT, how="semi"),
            _following(usage, revision, facts, rules),
        ]
    days = pl.concat(
        [each.select("service", "occurred_at") for each in moments], how="vertical"
    ).select(_day(rules.zones).unique().alias("day"))
    return set(days.collect()["day"])


def outdated_days(
    daily: pl.LazyFrame, dropped: Collection[tuple[str, date]], rules: DayRules
) -> set[date]:
    """Return the days with figures of metrics that meant something else when they were counted.

    Months whose rows were dropped by age are left as they are.
    """
    words = ("aggregation_type", "counter_semantics")
    schema = {"service": pl.String(), "month": pl.Date()}
    gone = pl.LazyFrame(sorted(dropped), schema=schema, orient="row")
    now = daily.join(_metrics(rules), on=METRIC, how="left", suffix="_now").with_columns(
        month=pl.col("day").dt.truncate("1mo")
    )
    is_outdated = pl.any_horizontal(
        pl.col(word).ne_missing(pl.col(f"{word}_now")) for word in words
    )
    found = now.filter(is_outdated).join(gone, on=["service", "month"], how="anti")
    return set(found.select(pl.col("day").unique()).collect()["day"])


def frozen_days(
    days: Collection[date], dropped: Collection[tuple[str, date]], rules: DayRules
) -> pl.DataFrame:
    """Return service and day of what can't be computed again: its rows were dropped by age.

    `dropped` are services and UTC months, by their first days.
    """
    found = [
        (service, day)
        for service, month in dropped
        for day in days
        if _touches(day, month, ZoneInfo(rules.zones.get(service, TIMEZONE_DEFAULT)))
    ]
    schema = {"service": pl.String(), "day": pl.Date()}
    return pl.DataFrame(found, schema=schema, orient="row").unique()


def _touches(day: date, month: date, zone: ZoneInfo) -> bool:
    """Say whether a local day shares an instant with a UTC month."""
    following = (month.replace(day=1) + timedelta(days=31)).replace(day=1)
    starts, ends = (local_midnight(each, zone) for each in (day, day + timedelta(days=1)))
    return starts < datetime.combine(following, time(), UTC) and ends > datetime.combine(
        month, time(), UTC
    )


def _figures() -> dict[str, pl.Expr]:
    is_count = pl.col("aggregation_type").eq_missing(pl.lit(str(AggregationType.COUNT)))
    is_gauge = pl.col("counter_semantics").eq_missing(pl.lit(str(CounterSemantics.GAUGE)))
    value = pl.when(~is_count).then("value")
    counted = pl.when(is_count & is_counter()).then(pl.col("value").cast(pl.Int64)).otherwise(1)
    adds_up = value.is_not_null().any() & ~is_gauge.any()
    return {
        "events_count": counted.sum(),
        "value_sum": pl.when(adds_up).then(value.sum()),
        "value_max": value.max(),
        "value_last": value.sort_by(TIME_ORDER).drop_nulls().last(),
    }


def _following(
    usage: pl.LazyFrame, revision: pl.LazyFrame, changed: pl.LazyFrame, rules: DayRules
) -> pl.LazyFrame:
    """Return the readings whose predecessor may have changed: the first after each changed one."""
    is_reading = _is_of(rules.cumulative) & pl.col("window_end").is_not_null()
    nothing = usage.filter(pl.lit(value=False))
    others = changed.filter(is_reading).select(*FACT[:2], "metric_code", "fact_id")
    readings, moved = (
        with_revisions(nothing, facts, replace_events=False).select(*SERIES, "occurred_at")
        for facts in (
            newest_facts(
                revision.filter(is_reading).join(
                    others, on=["service", "subscription_id", "metric_code"], how="semi"
                )
            ),
            changed.filter(is_reading).with_columns(is_void=pl.lit(value=False)),
        )
    )
    return (
        moved.sort("occurred_at")
        .join_asof(
            readings.with_columns(next_at="occurred_at").sort("occurred_at"),
            on="occurred_at",
            by=SERIES,
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .drop_nulls("next_at")
        .select("service", occurred_at="next_at")
    )


def _event_keys(changed: pl.DataFrame) -> pl.LazyFrame:
    fact_id = pl.col("fact_id")
    return (
        changed.lazy()
        .filter(fact_id.str.starts_with(EVENT_FACT))
        .select("service", "subscription_id", transaction_id=fact_id.str.slice(len(EVENT_FACT)))
    )


def _metrics(rules: DayRules) -> pl.LazyFrame:
    rows = [
        (
            *key,
            str(metric.aggregation_type),
            metric.counter_semantics and str(metric.counter_semantics),
        )
        for key, metric in rules.metrics.items()
    ]
    columns = [*METRIC, "aggregation_type", "counter_semantics"]
    return pl.LazyFrame(rows, schema=dict.fromkeys(columns, pl.String()), orient="row")


def _is_of(metrics: Collection[tuple[str, str]]) -> pl.Expr:
    is_one = pl.lit(value=False)
    for service, code in metrics:
        is_one |= (pl.col("service") == service) & (pl.col("metric_code") == code)
    return is_one


def _day(zones: Mapping[str, str]) -> pl.Expr:
    """Return the local date of each row's instant, in its service's timezone."""
    day = _local_date(TIMEZONE_DEFAULT)
    for zone in sorted(set(zones.values()) - {TIMEZONE_DEFAULT}):
        own = [service for service, its in zones.items() if its == zone]
        day = pl.when(pl.col("service").is_in(own)).then(_local_date(zone)).otherwise(day)
    return day.clip(FIRST_DAY, LAST_DAY)


def _local_date(zone: str) -> pl.Expr:
    return pl.col("occurred_at").cast(INSTANT).dt.convert_time_zone(zone).dt.date()


def _bounds(days: Collection[date]) -> tuple[datetime, datetime]:
    """Return instants that surround the days in every timezone."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    if min(days) > FIRST_DAY:
        first = datetime.combine(min(days), time(), UTC) - ZONE_MARGIN
    if max(days) < LAST_DAY:
        last = datetime.combine(max(days), time(), UTC) + 2 * ZONE_MARGIN
    return first, last

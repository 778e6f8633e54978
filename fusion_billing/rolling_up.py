"""The roll-up: keeps mart.usage_daily at what the lake holds, touched day by touched day.

For analysts only, never for billing: bills add up effective usage itself, at their own watermark.
Rows of a shard are always exactly what effective usage adds up to at the shard's mark.
"""

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl

from aggregation.usage_daily import (
    DayRules,
    frozen_days,
    outdated_days,
    subscription_parts,
    touched_days,
    usage_daily,
)
from catalog.store import billable_metrics, services
from fusion_billing.house import House
from ingest.flush import stream_of
from ingest.keys.erased_keys import Kind
from ingest.watermark import Watermark
from storage.lake import Lake
from storage.lake_replacement import DayReplacement, erasures_count, replace_days_once
from storage.lake_tables import ERASED_KEY, INSTANT, REVISION, USAGE, USAGE_DAILY
from storage.spare_memory import give_back_memory
from storage.state import State

# A backlog is rolled up in several steps, each of which computes its days again as a whole.
STEP_ROWS_MAX = 5_000_000
PART_ROWS_MAX = 500_000


def roll_up_usage(house: House, *, at: datetime) -> int:
    """Bring the roll-up of every shard to what is in the lake; return how many days changed."""
    rules = day_rules(house.state)
    return sum(
        roll_up_shard(house.lake, shard, rules, at=at) for shard in range(house.settings.shards)
    )


def day_rules(state: State) -> DayRules:
    """Return the metrics and timezones in force now."""
    with state.read() as connection:
        known = services.services(connection)
        return DayRules(
            metrics={
                (service.code, code): metric
                for service in known
                for code, metric in billable_metrics.metrics_by_code(
                    connection, service.code
                ).items()
            },
            zones={service.code: service.timezone for service in known},
        )


def roll_up_shard(lake: Lake, shard: int, rules: DayRules, *, at: datetime) -> int:
    """Compute the days again that usage beyond the shard's mark touched; return how many.

    Killed at any moment it is repeated by the next call. StaleMarkError when another process was
    faster, or erased rows meanwhile. Days whose usage was dropped by age stay as they were.
    """
    days_count = 0
    while (mark := lake.mark(daily_stream(shard))) < (goal := lake.mark(stream_of(shard))):
        upto = _step_end(lake, shard, mark, goal)
        days_count += _roll_up(lake, shard, mark, upto, rules, at)
    return days_count


def daily_stream(shard: int) -> str:
    """Return the name of the mark up to which a shard is rolled up."""
    return f"roll_up_{shard}"


def _roll_up(lake: Lake, shard: int, after: int, upto: int, rules: DayRules, at: datetime) -> int:
    watermark = Watermark(((shard, upto),))
    erasures = erasures_count(lake)
    usage, revision, seen = lake.scan(USAGE), lake.scan(REVISION), watermark.includes()
    own = lake.scan(USAGE_DAILY).filter(pl.col("shard") == shard)
    dropped = _dropped_months(lake)
    days = sorted(
        touched_days(usage, revision, seen, after, rules) | outdated_days(own, dropped, rules)
    )
    frame = pl.DataFrame(schema=USAGE_DAILY.polars_schema)
    if days:
        facts = revision if lake.files(REVISION) else None
        fresh = _days_of(usage, facts, seen, days, rules).with_columns(
            month=pl.col("day").dt.truncate("1mo"),
            shard=pl.lit(shard, pl.Int64),
            watermark=pl.lit(str(watermark)),
            computed_at=pl.lit(at, INSTANT),
        )
        frozen = frozen_days(days, dropped, rules)
        frame = _with_frozen(fresh.lazy(), own, frozen.lazy()).collect()
    replaced = DayReplacement(
        stream=daily_stream(shard),
        after=after,
        upto=upto,
        table=USAGE_DAILY,
        shard=shard,
        days=days,
        frame=frame,
        erasures=erasures,
    )
    replace_days_once(lake, replaced)
    return len(days)


def _days_of(
    usage: pl.LazyFrame,
    revision: pl.LazyFrame | None,
    seen: pl.Expr,
    days: Sequence[date],
    rules: DayRules,
) -> pl.DataFrame:
    """Return what usage adds up to in the days, computed part by part: a day may hold millions."""
    parts = subscription_parts(usage, revision, seen, days, rules, PART_ROWS_MAX)
    found: list[pl.DataFrame] = []
    for part in parts or [pl.lit(value=False)]:
        facts = None if revision is None else revision.filter(part)
        found.append(usage_daily(usage.filter(part), facts, seen, days, rules).collect())
    give_back_memory()
    return pl.concat(found)


def _with_frozen(fresh: pl.LazyFrame, own: pl.LazyFrame, frozen: pl.LazyFrame) -> pl.LazyFrame:
    """Return the fresh rows, but of frozen days the rows that stand."""
    by = ["service", "day"]
    columns = list(USAGE_DAILY.polars_schema)
    return pl.concat(
        [
            fresh.join(frozen, on=by, how="anti").select(columns),
            own.join(frozen, on=by, how="semi").select(columns),
        ]
    )


def _dropped_months(lake: Lake) -> list[tuple[str, date]]:
    """Return the services and UTC months whose usage is no longer kept."""
    by_age = lake.scan(ERASED_KEY).filter(pl.col("kind") == Kind.RETENTION)
    return by_age.select("service", "month").unique().collect().rows()


def _step_end(lake: Lake, shard: int, after: int, goal: int) -> int:
    """Return the position where the step ends that begins after `after`: the goal if it is near.

    Rows are taken to lie evenly over the positions, so that a backlog of any size is only counted.
    """
    is_waiting = (
        (pl.col("shard") == shard) & (pl.col("inbox_id") > after) & (pl.col("inbox_id") <= goal)
    )
    waiting = pl.concat(
        lake.scan(table).filter(is_waiting).select("inbox_id") for table in (USAGE, REVISION)
    )
    ((count, first),) = waiting.select(pl.len(), pl.col("inbox_id").min()).collect().rows()
    if count <= STEP_ROWS_MAX:
        return goal
    return int(first) + (goal - int(first)) * STEP_ROWS_MAX // int(count)

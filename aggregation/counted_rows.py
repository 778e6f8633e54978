"""The rows that count for the windows of a question, once for each window they lie in.

Pure polars. Decides what must be read: filters reach the files, whose rows are sorted.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter

import polars as pl

from aggregation.asked_windows import asked_windows, is_cumulative
from aggregation.effective_usage import (
    EVENT_FACT,
    differences,
    has_facts,
    is_counter,
    newest_facts,
    with_revisions,
)
from aggregation.quantity import UsageWindow
from aggregation.selections import OWNER, Split, split_numbers, split_rows
from catalog.billable_metrics import AggregationType

PUSHED_DOWN_MAX = 50
COUNTED_COLUMNS = (
    "service", "metric_code", "subscription_id", "transaction_id", "occurred_at", "value",
    "value_text", "operation_type", "content_digest", "inbox_id", "sequence", "properties",
    "precise_total_amount_cents",
)  # fmt: skip
FACT_COLUMNS = ("fact_id", "window_start", "window_end", "is_void")
OWNER_OF: dict[str, Callable[[UsageWindow], str]] = {
    "service": attrgetter("service_code"),
    "metric_code": attrgetter("metric.code"),
    "subscription_id": attrgetter("subscription_external_id"),
}
HISTORICAL = frozenset(
    {AggregationType.SUM, AggregationType.UNIQUE_COUNT, AggregationType.WEIGHTED_SUM}
)


def counts_history(window: UsageWindow) -> bool:
    """Say whether all usage before the window's end counts: recurring metrics of these types."""
    return window.metric.recurring and window.metric.aggregation_type in HISTORICAL


def is_split(window: UsageWindow) -> bool:
    """Say whether a window needs the properties of its rows."""
    taken = window.selection
    return bool(window.group_keys or taken.matching or taken.ignored)


def facts_near(
    revision: pl.LazyFrame | None, windows: Sequence[UsageWindow], seen: pl.Expr
) -> pl.DataFrame | None:
    """Return the newest rows of the facts that may touch the windows, None when there are none.

    A correction may move an event, so events are taken whatever their time and metric; a counter's
    window is part of its name, so windows are narrowed.
    """
    if revision is None:
        return None
    last = max(window.end for window in windows)
    is_late = pl.col("window_end") > min(window.start for window in windows)
    # What was used since the reading before the window began needs that reading.
    if early := [each for each in windows if is_cumulative(each) or counts_history(each)]:
        is_late |= _of_metrics(early)
    is_near = _of_metrics(windows) & (pl.col("window_end") <= last) & is_late
    facts = revision.filter(
        seen, _of_subscriptions(windows), pl.col("window_end").is_null() | is_near
    ).select(*_columns(windows), *FACT_COLUMNS)
    newest = newest_facts(facts).collect()
    return None if newest.is_empty() else newest


def counted_rows(
    usage: pl.LazyFrame, replaced: pl.DataFrame | None, windows: Sequence[UsageWindow]
) -> pl.LazyFrame:
    """Return the rows that count, each with the window it lies in.

    `usage` must show only what the watermark covers; `replaced` is what `facts_near` found. The
    windows must agree in `counts_history` and `is_split`; of these, `group` tells each row's group.
    """
    rows = _effective(usage, replaced, windows)
    by = [key for key in OWNER if len(_owners(windows, key)) > 1] or [OWNER[-1]]
    numbers: dict[Split, int] = {}
    if is_split(windows[0]):
        numbers = split_numbers(windows)
        # Properties are read by Python, so rows are collected here, once for all questions.
        rows = split_rows(rows.collect(), windows).lazy()
        by.append("split")
    asked = asked_windows(windows, numbers).drop(set(OWNER) - set(by))
    return _within(rows.join(asked, on=by), replaced, windows)


def _effective(
    usage: pl.LazyFrame, replaced: pl.DataFrame | None, windows: Sequence[UsageWindow]
) -> pl.LazyFrame:
    bounded = usage.filter(_outer_bounds(windows))
    if replaced is None:
        return bounded.select(_columns(windows))
    effective = with_revisions(
        bounded.select(_columns(windows)),
        replaced.lazy().select(*_columns(windows), *FACT_COLUMNS),
        replace_events=has_facts(replaced, EVENT_FACT),
    )
    return effective.filter(_of_owners(windows))


def _within(
    rows: pl.LazyFrame, replaced: pl.DataFrame | None, windows: Sequence[UsageWindow]
) -> pl.LazyFrame:
    """Return the rows that lie in their window; readings as what was used since the last one."""
    within = pl.col("occurred_at") < pl.col("end")
    if not counts_history(windows[0]):
        within &= pl.col("occurred_at") >= pl.col("start")
    if replaced is None:
        return rows.filter(within)
    rows = rows.filter(~is_counter() | pl.col("takes_counters"))
    if not any(is_cumulative(window) for window in windows):
        return rows.filter(within)
    is_reading = is_counter() & pl.col("is_cumulative")
    used = differences(
        rows.filter(is_reading, pl.col("occurred_at") < pl.col("end")), ["place", "series"]
    )
    others = rows.filter(~is_reading)
    return pl.concat([others, used], how="diagonal").filter(within)


def _columns(windows: Sequence[UsageWindow]) -> list[str]:
    """Return the columns to be read; properties and amounts only where some window needs them."""
    is_needed = {
        "properties": any(map(is_split, windows)),
        "precise_total_amount_cents": any(map(names_amounts, windows)),
    }
    return [column for column in COUNTED_COLUMNS if is_needed.get(column, True)]


def names_amounts(window: UsageWindow) -> bool:
    """Say whether the events of a window may name their own price (dynamic charges, Lago)."""
    return window.metric.aggregation_type is AggregationType.SUM


def _outer_bounds(windows: Sequence[UsageWindow]) -> pl.Expr:
    """Return what every counted row fulfils: it is pushed down to the files, whose rows are sorted.

    The exact bounds hold window by window, after the join.
    """
    bounds = pl.col("occurred_at") < max(window.end for window in windows)
    if not counts_history(windows[0]):
        bounds &= pl.col("occurred_at") >= min(window.start for window in windows)
    return bounds & _of_owners(windows)


def _of_owners(windows: Sequence[UsageWindow]) -> pl.Expr:
    return _of_metrics(windows) & _of_subscriptions(windows)


def _of_metrics(windows: Sequence[UsageWindow]) -> pl.Expr:
    return _of("metric_code", windows)


def _of_subscriptions(windows: Sequence[UsageWindow]) -> pl.Expr:
    return _of("service", windows) & _of("subscription_id", windows)


def _of(key: str, windows: Sequence[UsageWindow]) -> pl.Expr:
    return _one_of(key, _owners(windows, key))


def _owners(windows: Sequence[UsageWindow], key: str) -> set[str]:
    """Return the values of one of OWNER's keys among the windows."""
    return set(map(OWNER_OF[key], windows))


def _one_of(column: str, values: set[str]) -> pl.Expr:
    """Return the filter on a few values; many are left to the join."""
    if len(values) == 1:
        return pl.col(column) == next(iter(values))
    if len(values) <= PUSHED_DOWN_MAX:
        return pl.col(column).is_in(sorted(values))
    return pl.lit(value=True)

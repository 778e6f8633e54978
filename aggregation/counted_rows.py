"""The rows that count for the windows of a question, once for each window they lie in.

Pure polars. Decides what must be read: filters reach the files, whose rows are sorted.
"""

from collections.abc import Sequence

import polars as pl

from aggregation.effective_usage import (
    EVENT_FACT,
    differences,
    has_facts,
    is_counter,
    newest_facts,
    with_revisions,
)
from aggregation.quantity import UsageWindow
from catalog.billable_metrics import CounterSemantics
from storage.lake_tables import INSTANT

PUSHED_DOWN_MAX = 50
COUNTED_COLUMNS = (
    "service", "metric_code", "subscription_id", "transaction_id", "occurred_at", "value",
    "value_text", "operation_type", "content_digest", "inbox_id", "sequence",
)  # fmt: skip
FACT_COLUMNS = ("fact_id", "window_start", "window_end", "is_void")


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
    if cumulative := [window for window in windows if _is_cumulative(window)]:
        # What was used since the reading before the window began needs that reading.
        is_late |= _of_metrics(cumulative)
    is_near = _of_metrics(windows) & (pl.col("window_end") <= last) & is_late
    facts = revision.filter(
        seen, _of_subscriptions(windows), pl.col("window_end").is_null() | is_near
    ).select(*COUNTED_COLUMNS, *FACT_COLUMNS)
    newest = newest_facts(facts).collect()
    return None if newest.is_empty() else newest


def counted_rows(
    usage: pl.LazyFrame, replaced: pl.DataFrame | None, windows: Sequence[UsageWindow]
) -> pl.LazyFrame:
    """Return the rows that count, each with the window it lies in.

    `usage` must show only what the watermark covers; `replaced` is what `facts_near` found.
    """
    asked = _asked(windows)
    by = ["service", "metric_code", "subscription_id"]
    within = (pl.col("occurred_at") >= pl.col("start")) & (pl.col("occurred_at") < pl.col("end"))
    bounded = usage.filter(_outer_bounds(windows))
    if replaced is None:
        return bounded.join(asked, on=by).filter(within)
    effective = with_revisions(
        bounded.select(COUNTED_COLUMNS),
        replaced.lazy(),
        replace_events=has_facts(replaced, EVENT_FACT),
    )
    rows = effective.join(asked, on=by).filter(~is_counter() | pl.col("takes_counters"))
    if not any(_is_cumulative(window) for window in windows):
        return rows.filter(within)
    is_reading = is_counter() & pl.col("is_cumulative")
    used = differences(
        rows.filter(is_reading, pl.col("occurred_at") < pl.col("end")), ["key", "series"]
    )
    others = rows.filter(~is_reading)
    return pl.concat([others, used], how="diagonal").filter(within)


def _asked(windows: Sequence[UsageWindow]) -> pl.LazyFrame:
    metrics = [window.metric for window in windows]
    return pl.LazyFrame(
        {
            "key": [window.key for window in windows],
            "service": [window.service_code for window in windows],
            "metric_code": [metric.code for metric in metrics],
            "subscription_id": [window.subscription_external_id for window in windows],
            "start": [window.start for window in windows],
            "end": [window.end for window in windows],
            "aggregation_type": [str(metric.aggregation_type) for metric in metrics],
            "takes_counters": [metric.counter_semantics is not None for metric in metrics],
            "is_cumulative": [_is_cumulative(window) for window in windows],
            "wants_event_values": [window.wants_event_values for window in windows],
        },
        schema_overrides={"start": INSTANT, "end": INSTANT},
    )


def _is_cumulative(window: UsageWindow) -> bool:
    return window.metric.counter_semantics is CounterSemantics.CUMULATIVE


def _outer_bounds(windows: Sequence[UsageWindow]) -> pl.Expr:
    """Return what every counted row fulfils: it is pushed down to the files, whose rows are sorted.

    The exact bounds hold window by window, after the join.
    """
    first = min(window.start for window in windows)
    last = max(window.end for window in windows)
    return (
        (pl.col("occurred_at") >= first)
        & (pl.col("occurred_at") < last)
        & _of_metrics(windows)
        & _of_subscriptions(windows)
    )


def _of_metrics(windows: Sequence[UsageWindow]) -> pl.Expr:
    return _one_of("metric_code", {window.metric.code for window in windows})


def _of_subscriptions(windows: Sequence[UsageWindow]) -> pl.Expr:
    return _one_of("service", {window.service_code for window in windows}) & _one_of(
        "subscription_id", {window.subscription_external_id for window in windows}
    )


def _one_of(column: str, values: set[str]) -> pl.Expr:
    """Return the filter on a few values; many are left to the join."""
    if len(values) == 1:
        return pl.col(column) == next(iter(values))
    if len(values) <= PUSHED_DOWN_MAX:
        return pl.col(column).is_in(sorted(values))
    return pl.lit(value=True)

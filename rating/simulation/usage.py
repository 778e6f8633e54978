"""The usage of many periods: plain sums and counts in one pass, without digests. Pure polars.

Answers what the aggregator would answer for sums, counts and highest values of events that nothing
supersedes; everything else is the aggregator's.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, TypeAlias

import polars as pl

from catalog.billable_metrics import AggregationType
from storage.lake_tables import INSTANT, QUANTITY

PUSHED_DOWN_MAX = 50


# Units and events counted; not a class: a simulation makes a million of them.
PlainRow: TypeAlias = tuple[Decimal, int]


class Cell(NamedTuple):
    """A subscription's time `[start, end)`, whose usage is asked for."""

    subscription_external_id: str
    start: datetime
    end: datetime


def plain_rows(
    usage: pl.LazyFrame,
    service_code: str,
    metrics: Mapping[str, AggregationType],
    cells: Sequence[Cell],
) -> Mapping[int, PlainRow]:
    """Return what was used of each metric in each cell; nothing where nothing was.

    A row's key is its cell's place × the number of metrics + its metric's place. `usage` has the
    columns of the lake's table and shows what the watermark covers.
    """
    if not cells or not metrics:
        return {}
    found = _counted(usage, service_code, metrics, cells).collect()
    rows = zip(found["units"].to_list(), found["events_count"].to_list(), strict=True)
    return dict(zip(found["key"].to_list(), rows, strict=True))


def superseded_subscriptions(
    revision: pl.LazyFrame | None, service_code: str, seen: pl.Expr
) -> frozenset[str]:
    """Return the external ids of the subscriptions with counters or corrected usage."""
    if revision is None:
        return frozenset()
    own = revision.filter(seen, pl.col("service") == service_code)
    return frozenset(own.select(pl.col("subscription_id").unique()).collect().to_series())


def _counted(
    usage: pl.LazyFrame,
    service_code: str,
    metrics: Mapping[str, AggregationType],
    cells: Sequence[Cell],
) -> pl.LazyFrame:
    at, place = pl.col("occurred_at"), pl.col("cell")
    outer = (at >= min(cell.start for cell in cells)) & (at < max(cell.end for cell in cells))
    metric_place = pl.col("metric_code").replace_strict(
        list(metrics), range(len(metrics)), return_dtype=pl.Int64
    )
    return (
        usage.filter(outer, pl.col("service") == service_code, _one_of("metric_code", metrics))
        .select("metric_code", "subscription_id", "occurred_at", "value")
        .join(_asked(cells), on="subscription_id")
        .filter(at >= pl.col("start"), at < pl.col("end"))
        .group_by("cell", "metric_code")
        .agg(
            pl.len().alias("events_count"),
            pl.col("value").sum().alias("total"),
            pl.col("value").max().alias("highest"),
        )
        .select(
            (place * len(metrics) + metric_place).alias("key"),
            "events_count",
            _units(metrics).alias("units"),
        )
    )


def _asked(cells: Sequence[Cell]) -> pl.LazyFrame:
    names, starts, ends = zip(*cells, strict=True)
    columns = {
        "subscription_id": pl.Series(names, dtype=pl.String()),
        "start": pl.Series(starts, dtype=INSTANT),
        "end": pl.Series(ends, dtype=INSTANT),
        "cell": pl.Series(range(len(cells)), dtype=pl.Int64()),
    }
    return pl.LazyFrame(columns)


def _units(metrics: Mapping[str, AggregationType]) -> pl.Expr:
    """Return the number that each metric's kind asks for."""

    def is_of(kind: AggregationType) -> pl.Expr:
        return pl.col("metric_code").is_in([code for code, own in metrics.items() if own is kind])

    return (
        pl.when(is_of(AggregationType.COUNT))
        .then(pl.col("events_count").cast(QUANTITY))
        .when(is_of(AggregationType.MAX))
        .then(pl.col("highest").fill_null(0))
        .otherwise("total")
    )


def _one_of(column: str, values: Collection[str]) -> pl.Expr:
    if len(values) <= PUSHED_DOWN_MAX:
        return pl.col(column).is_in(sorted(values))
    return pl.lit(value=True)

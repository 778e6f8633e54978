"""Aggregation: usage becomes quantities, for all windows of a question in one pass.

Pure polars and Decimal. Decides what counts and how it is combined; knows no price.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal, TypeAlias

import polars as pl

from aggregation.answer import Group, rounded_units, window_quantities
from aggregation.asked_windows import Method, method_of, zones_of
from aggregation.counted_rows import (
    PUSHED_DOWN_MAX,
    counted_rows,
    counts_history,
    facts_near,
    is_split,
    names_amounts,
)
from aggregation.effective_usage import TIME_ORDER, WINDOW_FACT, has_facts
from aggregation.event_values import counted_units, event_lists, named_amounts
from aggregation.exact_sums import sum_parts
from aggregation.quantity import Quantity, UsageWindow
from aggregation.unique_count import unique_counts, with_active_days
from aggregation.weighing import weighed_rows, weighed_sums
from catalog.billable_metrics import AggregationType

DIGEST_BYTES = 8
Engine: TypeAlias = Literal["streaming", "in-memory"]

__all__ = ["quantities", "rounded_units"]


def quantities(
    usage: pl.LazyFrame,
    windows: Sequence[UsageWindow],
    seen: pl.Expr,
    revision: pl.LazyFrame | None = None,
    *,
    is_proven: bool = True,
) -> dict[str, Quantity]:
    """Return the quantity of every window, by window key; windows without usage included.

    `usage` and `revision` have the columns of the lake's tables; `seen` is the watermark's filter.
    Bounds are half-open. Equal times are ordered as they were taken in, so the answer never
    depends on how the rows lie in files. What is only shown needs no digests to prove it by: with
    `is_proven` false they are left out, which spares sorting them.
    """
    if not windows:
        return {}
    replaced = facts_near(revision, windows, seen)
    has_counters = replaced is not None and has_facts(replaced, WINDOW_FACT)
    answers = [
        (alike, answer)
        for alike in _alike(windows)
        for answer in _answers(
            _read(counted_rows(usage.filter(seen), replaced, alike), alike, is_proven=is_proven),
            alike,
            has_counters=has_counters,
            is_proven=is_proven,
        )
    ]
    found: dict[str, dict[Group, dict[str, object]]] = {}
    frames = pl.collect_all([answer for _, answer in answers], engine=_engine(windows))
    for (alike, _), frame in zip(answers, frames, strict=True):
        for place, group, row in _found_rows(frame):
            groups = found.setdefault(alike[place].key, {})
            groups[group] = groups[group] | row if group in groups else row
    return window_quantities(windows, found)


def _found_rows(frame: pl.DataFrame) -> Iterator[tuple[int, Group, dict[str, object]]]:
    """Yield a window's place, a group and what was found of it; its digests as sorted bytes."""
    places = frame["place"].to_list()
    groups: list[Group] = [None] * len(places)
    if "group" in frame:
        groups = [None if each is None else tuple(each) for each in frame["group"].to_list()]
    rows: Iterable[dict[str, object]] = frame.drop(
        "place", "group", "digests", strict=False
    ).iter_rows(named=True)
    if "digests" in frame:
        rows = _with_digests(rows, frame["digests"])
    yield from zip(places, groups, rows, strict=True)


def _with_digests(
    rows: Iterable[dict[str, object]], digests: pl.Series
) -> Iterator[dict[str, object]]:
    for row, own in zip(rows, _digest_bytes(digests), strict=True):
        yield row | {"digests": own}


def _digest_bytes(digests: pl.Series) -> Iterator[bytes]:
    """Yield each list of 64-bit digests as bytes; a million of them are no Python integers."""
    every = digests.list.explode().to_numpy().tobytes()
    start = 0
    for length in digests.list.len():
        end = start + length * DIGEST_BYTES
        yield every[start:end]
        start = end


def _engine(windows: Sequence[UsageWindow]) -> Engine:
    """Return how polars is to work: for a few windows it takes longer to begin than to count."""
    return "streaming" if len(windows) > PUSHED_DOWN_MAX else "in-memory"


def _read(
    counted: pl.LazyFrame, windows: Sequence[UsageWindow], *, is_proven: bool
) -> pl.LazyFrame:
    """Return the rows of a few windows read once, for all the ways they are combined.

    Those of many windows are not held: each way reads its own metrics' rows.
    """
    if len(windows) > PUSHED_DOWN_MAX:
        return counted
    unread = _unread(windows, is_proven=is_proven)
    return counted.drop(unread).collect(engine=_engine(windows)).lazy()


def _unread(windows: Sequence[UsageWindow], *, is_proven: bool) -> list[str]:
    """Return the widest columns that no way of combining these windows looks at."""
    unread = ["properties"] if is_split(windows[0]) else []
    if not is_proven:
        unread.append("content_digest")
    if not any(window.wants_event_values for window in windows):
        unread.append("transaction_id")
    if not any(
        window.metric.aggregation_type is AggregationType.UNIQUE_COUNT for window in windows
    ):
        unread += ["value_text", "operation_type"]
    return unread


def _alike(windows: Sequence[UsageWindow]) -> list[list[UsageWindow]]:
    """Return the windows in parts that read the same kind of rows.

    So windows of all history don't lift the bounds of others, nor does one that needs properties
    make others read them. Of many windows each method reads the rows of its own metrics; a metric
    that itself has many is read alone: the files are sorted by it, and its rows need no look at it.
    """
    is_many = len(windows) > PUSHED_DOWN_MAX
    metrics = Counter(map(_metric_of, windows))
    parts: dict[tuple[object, ...], list[UsageWindow]] = {}
    for window in windows:
        metric = _metric_of(window)
        part: tuple[object, ...] = (counts_history(window), is_split(window))
        if is_many:
            own = metric if metrics[metric] > PUSHED_DOWN_MAX else None
            part = (*part, method_of(window), own)
        parts.setdefault(part, []).append(window)
    return list(parts.values())


def _metric_of(window: UsageWindow) -> tuple[str, str]:
    return window.service_code, window.metric.code


def _answers(
    counted: pl.LazyFrame,
    windows: Sequence[UsageWindow],
    *,
    has_counters: bool,
    is_proven: bool,
) -> Iterator[pl.LazyFrame]:
    """Yield what is found of windows that are alike, by place and group."""
    by = ["place", "group"] if is_split(windows[0]) else ["place"]
    zones = zones_of(windows)
    for method, own in _by_method(windows):
        rows = counted.filter(pl.col("method") == str(method))
        if own[0].metric.aggregation_type.needs_number:
            # A metric that now sums may once have counted: such rows hold no number (Lago).
            rows = rows.filter(pl.col("value").is_not_null())
        yield _combined(rows, method, by, zones, has_counters=has_counters, is_proven=is_proven)
        if any(window.wants_event_values for window in own):
            yield event_lists(rows, method, by, zones)
    if any(map(names_amounts, windows)):
        yield named_amounts(counted, by)


def _by_method(windows: Sequence[UsageWindow]) -> Iterator[tuple[Method, list[UsageWindow]]]:
    for method, own in groupby(sorted(windows, key=method_of), key=method_of):
        yield method, list(own)


def _combined(
    rows: pl.LazyFrame,
    method: Method,
    by: Sequence[str],
    zones: Sequence[str],
    *,
    has_counters: bool,
    is_proven: bool,
) -> pl.LazyFrame:
    """Return the numbers of one method, and the digests of the rows they come from."""
    match method:
        case Method.UNIQUE_COUNT:
            return unique_counts(rows, by, is_proven=is_proven)
        case Method.PRORATED_UNIQUE_COUNT:
            rows = with_active_days(rows, by, zones)
            numbers = [pl.col("weight").sum().alias("days"), pl.col("effect").sum().alias("total")]
        case Method.WEIGHTED_SUM | Method.PRORATED_SUM:
            rows, numbers = weighed_rows(rows, method, zones), weighed_sums()
        case Method.COUNT if has_counters:
            numbers = sum_parts(counted_units(rows), "total")
        case Method.COUNT:
            numbers = [pl.len().alias("units")]
        case Method.SUM:
            numbers = [*sum_parts(pl.col("value"), "total"), pl.len().alias("events_count")]
        case _:
            numbers = [_level(method).alias("units"), pl.len().alias("events_count")]
    digests = [_digests(rows).alias("digests")] if is_proven else []
    return rows.group_by(by).agg(*numbers, *digests)


def _digests(rows: pl.LazyFrame) -> pl.Expr:
    """Return the digests of the rows counted, and of the readings that differences start from."""
    digests = pl.col("content_digest")
    if "base_digest" in rows.collect_schema():
        before = pl.col("base_digest").filter(pl.col("base_at") < pl.col("start"))
        digests = digests.append(before)
    return digests.sort()


def _level(method: Method) -> pl.Expr:
    value = pl.col("value")
    return value.max() if method is Method.MAX else value.sort_by(TIME_ORDER).last()

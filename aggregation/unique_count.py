"""Unique counts: how many values are there, and on how many days each of them was.

Pure polars. A value is there from an add until a remove; a repeated add, and a remove of what is
not there, change nothing (Lago).
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import polars as pl

from aggregation.asked_windows import local_date
from aggregation.effective_usage import TIME_ORDER

VALUE = "value_text"
# No event is dated so that its local day does not exist: times beyond are put here.
FIRST_INSTANT = datetime(1, 1, 3, tzinfo=UTC)
LAST_INSTANT = datetime(9999, 12, 29, tzinfo=UTC)
# Rows of an older meaning of the metric name no operation: they add nothing.
IS_ADD = pl.col("operation_type").eq_missing(pl.lit("add"))


def unique_counts(rows: pl.LazyFrame, by: Sequence[str], *, is_proven: bool = True) -> pl.LazyFrame:
    """Count the values whose last operation is an add, with the digests of the rows if proven.

    Only values that were ever removed are put in order: of the others each one counts.
    """
    own = [*by, VALUE]
    counted = rows.select(*own, "operation_type", *TIME_ORDER)
    removed = counted.filter(~IS_ADD).select(own).unique()
    only_added = counted.join(removed, on=own, how="anti", nulls_equal=True).select(own).unique()
    ordered = counted.join(removed, on=own, nulls_equal=True).sort(*own, *TIME_ORDER)
    put_back = ordered.filter(_differs(own, -1)).filter(IS_ADD).select(own)
    present = pl.concat([only_added, put_back]).group_by(by).agg(pl.len().alias("units"))
    digests = [pl.col("content_digest").sort().alias("digests")] if is_proven else []
    return (
        rows.group_by(by)
        .agg(*digests)
        .join(present, on=by, how="left", nulls_equal=True)
        .with_columns(pl.col("units").fill_null(0))
    )


def with_effects(rows: pl.LazyFrame, by: Sequence[str]) -> pl.LazyFrame:
    """Return rows with the `effect` of each on its value: +1, 0 or -1."""
    return _effects(_by_value(rows, by), IS_ADD)


def with_active_days(rows: pl.LazyFrame, by: Sequence[str], zones: Collection[str]) -> pl.LazyFrame:
    """Return rows with `effect` and `weight`: the days of the window that an add is for.

    From its day to that of the remove, both counted. A remove before an add of the same day has
    no effect, so that no day is counted twice (Lago).
    """
    day = local_date(zones, pl.col("occurred_at").clip(FIRST_INSTANT, LAST_INSTANT))
    dated = _by_value(rows.with_columns(day=day), by)
    next_add_day = _later(IS_ADD, pl.col("day"))
    is_ignored = (~IS_ADD & (next_add_day == pl.col("day"))).fill_null(value=False)
    state = pl.when(~pl.col("is_ignored")).then(IS_ADD)
    is_remove = pl.col("effect") == -1
    return (
        _effects(dated.with_columns(is_ignored=is_ignored), state)
        .with_columns(
            next_at=_later(is_remove, pl.col("occurred_at")),
            next_day=_later(is_remove, pl.col("day")),
        )
        .with_columns(weight=_active_days())
    )


def _by_value(rows: pl.LazyFrame, by: Sequence[str]) -> pl.LazyFrame:
    """Return rows value by value, each in time order, and the number of each one's value.

    One sort and a look at the neighbours is several times as fast as a window for each value.
    """
    own = [*by, VALUE]
    ordered = rows.sort(*own, *TIME_ORDER)
    return ordered.with_columns(value_number=_differs(own, 1).cum_sum())


def _differs(own: Sequence[str], step: int) -> pl.Expr:
    """Say of each row whether the one so many steps before it is of another value."""
    first = pl.int_range(pl.len()) == (0 if step > 0 else pl.len() - 1)
    return first | pl.any_horizontal(pl.col(key).ne_missing(pl.col(key).shift(step)) for key in own)


def _later(condition: pl.Expr, column: pl.Expr) -> pl.Expr:
    """Return the column of the next row of the same value that fulfils the condition."""
    number = pl.col("value_number")
    found = pl.when(condition)
    is_own = found.then(number).backward_fill().shift(-1) == number
    return pl.when(is_own).then(found.then(column).backward_fill().shift(-1))


def _effects(rows: pl.LazyFrame, state: pl.Expr) -> pl.LazyFrame:
    """Return rows with the change of each one's state; null repeats the state before."""
    number = pl.col("value_number")
    is_own = pl.when(state.is_not_null()).then(number).forward_fill() == number
    after = (state.forward_fill() & is_own).fill_null(value=False)
    before = after.shift(1, fill_value=False) & (number.shift(1) == number)
    effect = after.cast(pl.Int8) - before.fill_null(value=False).cast(pl.Int8)
    return rows.with_columns(effect=effect)


def _active_days() -> pl.Expr:
    is_gone_before = (pl.col("next_at") < pl.col("start")).fill_null(value=False)
    first = pl.max_horizontal("day", "first_day")
    last = pl.col("next_day").fill_null(pl.col("last_day"))
    days = (last - first).dt.total_days() + 1
    return pl.when((pl.col("effect") == 1) & ~is_gone_before).then(days).otherwise(0)

"""Each event's own number and id, in time order, for charge models that price events one by one.

Pure polars. The events are the window's own; what came before is in them only where it is named.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal

import polars as pl

from aggregation.asked_windows import Method
from aggregation.effective_usage import TIME_ORDER, is_counter
from aggregation.unique_count import with_active_days, with_effects
from aggregation.weighing import weighed_rows
from storage.lake_tables import QUANTITY

ONE = pl.lit(Decimal(1), dtype=QUANTITY)
SUMS = [str(Method.SUM), str(Method.PRORATED_SUM)]
IS_INSIDE = pl.col("occurred_at") >= pl.col("start")


def event_lists(
    rows: pl.LazyFrame, method: Method, by: Sequence[str], zones: Collection[str]
) -> pl.LazyFrame:
    """Return `event_values` and `event_ids` of the windows that want them, in time order.

    `event_weights` are the local days that each value counts in a prorated window, else null. The
    value of a unique count's event is what it changes: +1, 0 or -1.
    """
    wanted = rows.filter("wants_event_values")
    value, weight = pl.col("value"), pl.lit(None, pl.Int64)
    is_listed = IS_INSIDE
    match method:
        case Method.COUNT:
            value = counted_units(rows)
        case Method.UNIQUE_COUNT:
            wanted, value = with_effects(wanted, by), pl.col("effect")
        case Method.PRORATED_UNIQUE_COUNT:
            wanted = with_active_days(wanted, by, zones)
            value, weight = pl.col("effect"), pl.col("weight")
            # What is there when the window begins was added by an event that is long past.
            is_listed |= weight > 0
        case Method.PRORATED_SUM:
            wanted, weight = weighed_rows(wanted, method, zones), pl.col("weight")
    return (
        wanted.filter(is_listed)
        .sort(TIME_ORDER)
        .select(*by, event_values=value, event_ids="transaction_id", event_weights=weight)
        .group_by(by, maintain_order=True)
        .agg(pl.all())
    )


def counted_units(rows: pl.LazyFrame) -> pl.Expr:
    """Count a push of a counter as many times as it says, an event once."""
    if "series" not in rows.collect_schema():
        return ONE
    return pl.when(is_counter()).then("value").otherwise(ONE)


def named_amounts(rows: pl.LazyFrame, by: Sequence[str]) -> pl.LazyFrame:
    """Return the amounts in cents that the events of sums named themselves, as written."""
    amount = pl.col("precise_total_amount_cents")
    is_named = amount.is_not_null() & pl.col("method").is_in(SUMS)
    return rows.filter(is_named).group_by(by).agg(amount.alias("amounts"))

"""Revenue and COGS by local day: what every margin, whatever its grain, is the sum of.

A rated line is spread evenly over the days of its period in its month, whole cents, to the cent.
Pure polars; knows no lake, no page and no display format.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from catalog.money import ZERO
from catalog.services import TIMEZONE_DEFAULT
from dashboards.margin.figures import COUNTED, CURRENCY, SUMMED
from storage.lake_tables import INSTANT, QUANTITY

OWNERS = ("service", "account_id", "plan_code", "metric_code", "provider", "provider_service")
MONTHLY_KEYS = ("month", *OWNERS)
DAILY_KEYS = ("day", *MONTHLY_KEYS)
MEASURES = SUMMED
# Other kinds (fees, true-ups, differences of late usage) price no units of their own.
COUNTED_KIND = "charge"
AN_ACCOUNT = ("service", "account_id", "month")


def daily_parts(rated: pl.LazyFrame, costs: pl.LazyFrame, zones: Mapping[str, str]) -> pl.LazyFrame:
    """Return one row for each day and owner that has revenue or cost.

    `costs` are attributed costs (day, service, account_id, metric_code, provider,
    provider_service, cogs_cad, is_estimate). A null service is unallocated, a null account shared.
    """
    revenue = _revenue(rated, zones)
    cogs = with_owners(_cogs(costs), revenue)
    return _summed(pl.concat([revenue, cogs], how="diagonal"), DAILY_KEYS)


def monthly_parts(daily: pl.LazyFrame) -> pl.LazyFrame:
    """Return the daily parts summed by month; nothing is rounded, so nothing is lost."""
    return _summed(daily, MONTHLY_KEYS)


def with_owners(costs: pl.LazyFrame, revenue: pl.LazyFrame) -> pl.LazyFrame:
    """Give costs the metric and the plan that they can only be of, by the month's rated lines."""
    return _with_plan(_with_metric(costs, revenue), revenue)


def _summed(parts: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    return parts.group_by(keys).agg(pl.col(name).sum() for name in MEASURES)


def _revenue(rated: pl.LazyFrame, zones: Mapping[str, str]) -> pl.LazyFrame:
    """Return the lines' amounts by day; lines in other currencies are left out."""
    place, days = pl.col("place"), pl.col("days_count")
    cents = pl.col("amount_cents")
    is_counted = pl.when(pl.col("kind") == COUNTED_KIND)
    return (
        _with_days(rated.filter(pl.col("currency") == CURRENCY), zones)
        .select(
            "month", "day", "service", "account_id", "plan_code", "metric_code",
            provider=pl.lit(None, pl.String), provider_service=pl.lit(None, pl.String),
            revenue_cents=cents * (place + 1) // days - cents * place // days,
            cogs_cad=pl.lit(ZERO, QUANTITY),
            estimated_cogs_cad=pl.lit(ZERO, QUANTITY),
            quantity=is_counted.then(_spread("quantity")).otherwise(ZERO),
            quantity_included=is_counted.then(_spread("quantity_included")).otherwise(ZERO),
            lines_count=(place == 0).cast(COUNTED),
            costs_count=pl.lit(0, COUNTED),
        )
        .cast({"quantity": QUANTITY, "quantity_included": QUANTITY})
    )  # fmt: skip


def _with_days(lines: pl.LazyFrame, zones: Mapping[str, str]) -> pl.LazyFrame:
    """Return each line once for each day of its period in its month, or on the month's first."""
    ends = pl.col("month").dt.offset_by("1mo")
    last_instant = pl.col("period_end") - pl.duration(microseconds=1)
    first = pl.max_horizontal(_local_date(pl.col("period_start"), zones), "month")
    last = pl.min_horizontal(_local_date(last_instant, zones), ends.dt.offset_by("-1d"))
    # A quota larger than what was used covers no more than that.
    covered = pl.min_horizontal("quantity_included", "quantity").clip(lower_bound=ZERO)
    return (
        lines.with_columns(first=first, last=last, quantity_included=covered)
        .with_columns(last=pl.max_horizontal("first", "last"))
        .with_columns(
            first=pl.when(pl.col("first") < ends).then("first").otherwise("month"),
            last=pl.when(pl.col("first") < ends).then("last").otherwise("month"),
        )
        .with_columns(
            day=pl.date_ranges("first", "last"),
            days_count=(pl.col("last") - pl.col("first")).dt.total_days() + 1,
        )
        .explode("day", empty_as_null=False)
        .with_columns(place=(pl.col("day") - pl.col("first")).dt.total_days())
    )


def _spread(column: str) -> pl.Expr:
    """Return an even part of a quantity; the last day takes what twelve decimals leave over."""
    days, even = pl.col("days_count"), pl.col(column) / pl.col("days_count")
    rest = pl.col(column) - even * (days - 1)
    return pl.when(pl.col("place") == days - 1).then(rest).otherwise(even)


def _cogs(costs: pl.LazyFrame) -> pl.LazyFrame:
    estimated = pl.when("is_estimate").then("cogs_cad").otherwise(pl.lit(ZERO, QUANTITY))
    return costs.select(
        "day", "service", "account_id", "metric_code", "provider", "provider_service",
        month=pl.col("day").dt.truncate("1mo"),
        revenue_cents=pl.lit(0, pl.Int64),
        cogs_cad="cogs_cad",
        estimated_cogs_cad=estimated.cast(QUANTITY),
        quantity=pl.lit(ZERO, QUANTITY),
        quantity_included=pl.lit(ZERO, QUANTITY),
        lines_count=pl.lit(0, COUNTED),
        costs_count=pl.lit(1, COUNTED),
    )  # fmt: skip


def _with_metric(costs: pl.LazyFrame, revenue: pl.LazyFrame) -> pl.LazyFrame:
    """Give an account's costs the only metric its service priced that month, if it has only one."""
    used = revenue.filter(pl.col("metric_code").is_not_null())
    only = _only(used, ("service", "month"), "metric_code")
    is_owned = pl.col("account_id").is_not_null() & pl.col("metric_code").is_null()
    return costs.join(only, on=["service", "month"], how="left", suffix="_only").with_columns(
        metric_code=pl.when(is_owned).then("metric_code_only").otherwise("metric_code")
    )


def _with_plan(costs: pl.LazyFrame, revenue: pl.LazyFrame) -> pl.LazyFrame:
    """Give a cost the plan of its account in that month, where the account has only one."""
    only = _only(revenue, AN_ACCOUNT, "plan_code")
    return costs.join(only, on=list(AN_ACCOUNT), how="left").drop("metric_code_only")


def _only(rows: pl.LazyFrame, keys: Sequence[str], column: str) -> pl.LazyFrame:
    return (
        rows.group_by(keys)
        .agg(pl.col(column).drop_nulls().unique())
        .filter(pl.col(column).list.len() == 1)
        .with_columns(pl.col(column).list.first())
    )


def _local_date(instant: pl.Expr, zones: Mapping[str, str]) -> pl.Expr:
    def date_in(zone: str) -> pl.Expr:
        return instant.cast(INSTANT).dt.convert_time_zone(zone).dt.date()

    day = date_in(TIMEZONE_DEFAULT)
    for zone in sorted(set(zones.values()) - {TIMEZONE_DEFAULT}):
        own = [service for service, its in zones.items() if its == zone]
        day = pl.when(pl.col("service").is_in(own)).then(date_in(zone)).otherwise(day)
    return day

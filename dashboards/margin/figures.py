"""Gross profit and gross margin from rated lines and costs: sums of exact parts, no rounding.

Revenue is rated revenue by service date. Knows no page, no lake and no display format.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal

import polars as pl

from catalog.money import QUANTITY_SCALE, ZERO, currency_exponent
from storage.lake_tables import QUANTITY

CURRENCY = "CAD"
CENTS_EXPONENT = currency_exponent(CURRENCY)
KEYS = ("service", "account_id", "month")
NO_REVENUE = "no revenue"
NEGATIVE_REVENUE = "negative revenue"
COUNTED = pl.Int64()
SUMMED = (
    "revenue_cents", "cogs_cad", "estimated_cogs_cad", "quantity", "quantity_included",
    "lines_count", "costs_count",
)  # fmt: skip
# Python's own context has 28 digits; a lake column has 38.
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
_SMALLEST = Decimal(1).scaleb(-QUANTITY_SCALE)


@dataclass(frozen=True, slots=True)
class Margin:
    """Revenue and COGS of something, and what follows from them; all of it exact."""

    revenue_cents: int
    cogs_cad: Decimal

    @property
    def revenue(self) -> Decimal:
        """Return the revenue in dollars."""
        return _WIDE.scaleb(Decimal(self.revenue_cents), -CENTS_EXPONENT)

    @property
    def gross_profit(self) -> Decimal:
        """Return revenue minus COGS, in dollars."""
        return _WIDE.subtract(self.revenue, self.cogs_cad)

    @property
    def gross_margin(self) -> Decimal | None:
        """Return gross profit ÷ revenue at 12 decimals, half-up; None where it says nothing."""
        if self.revenue_cents <= 0:
            return None
        return _WIDE.divide(self.gross_profit, self.revenue).quantize(_SMALLEST, context=_WIDE)

    @property
    def gross_margin_reason(self) -> str | None:
        """Say why there is no gross margin; with revenue below zero its sign would mislead."""
        if self.revenue_cents > 0:
            return None
        return NO_REVENUE if self.revenue_cents == 0 else NEGATIVE_REVENUE


def margin_rows(rated: pl.LazyFrame, costs: pl.LazyFrame) -> pl.DataFrame:
    """Return one row for each service, account and month that has revenue or cost.

    A null service is unallocated cost, a null account is cost that accounts share.
    """
    return with_margins(margin_parts(rated, costs))


def margin_parts(rated: pl.LazyFrame, costs: pl.LazyFrame) -> pl.DataFrame:
    """Return the sums that margins are made of, by service, account and month."""
    revenue = rated.filter(pl.col("currency") == CURRENCY).select(
        *KEYS,
        revenue_cents="amount_cents",
        cogs_cad=pl.lit(ZERO, QUANTITY),
        lines_count=pl.lit(1, COUNTED),
        costs_count=pl.lit(0, COUNTED),
    )
    cogs = costs.select(
        *KEYS,
        revenue_cents=pl.lit(0, pl.Int64()),
        cogs_cad="cogs_cad",
        lines_count=pl.lit(0, COUNTED),
        costs_count=pl.lit(1, COUNTED),
    )
    return _summed(pl.concat([revenue, cogs]), KEYS).collect()


def regrouped(parts: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return the parts summed by fewer keys; nothing is rounded, so nothing is lost."""
    return _summed(parts.lazy(), by).collect()


def with_margins(parts: pl.DataFrame) -> pl.DataFrame:
    """Add gross profit, gross margin and, where there is none, its reason."""
    margins = [Margin(*row) for row in parts.select("revenue_cents", "cogs_cad").iter_rows()]
    return parts.with_columns(
        gross_profit_column().alias("gross_profit"),
        pl.Series("gross_margin", [margin.gross_margin for margin in margins], QUANTITY),
        pl.Series(
            "gross_margin_reason", [margin.gross_margin_reason for margin in margins], pl.String
        ),
    )


def margin_total(parts: pl.DataFrame) -> Margin:
    """Return the margin of all parts together."""
    cents, cogs = parts.select(pl.col("revenue_cents").sum(), pl.col("cogs_cad").sum()).row(0)
    return Margin(cents, cogs)


def margin_sum(margins: Iterable[Margin]) -> Margin:
    """Return several margins together."""
    cents, cogs = 0, ZERO
    for margin in margins:
        cents, cogs = cents + margin.revenue_cents, _WIDE.add(cogs, margin.cogs_cad)
    return Margin(cents, cogs)


def foreign_lines(rated: pl.LazyFrame) -> dict[str, int]:
    """Count the rated lines in other currencies, which no total here contains."""
    foreign = rated.filter(pl.col("currency") != CURRENCY)
    counted = foreign.group_by("currency").agg(lines_count=pl.len()).sort("currency").collect()
    return dict(counted.iter_rows())


def negative_accounts(parts: pl.DataFrame) -> int:
    """Count the accounts that cost more than they bring; shared cost is nobody's."""
    return _negative(parts, ("service", "account_id")).height


def negative_accounts_by_month(parts: pl.DataFrame) -> dict[date, int]:
    """Count the accounts below zero in each month that has one."""
    by_month = _negative(parts, KEYS).group_by("month").len()
    return dict(by_month.iter_rows())


def months_without_cost(parts: pl.DataFrame) -> list[date]:
    """Return the months with revenue whose costs have not arrived: their margin is too good."""
    has_lines, has_no_cost = pl.col("lines_count") > 0, pl.col("costs_count") == 0
    return regrouped(parts, ("month",)).filter(has_lines & has_no_cost)["month"].to_list()


def below_zero(sums: pl.DataFrame) -> pl.DataFrame:
    """Return the rows whose COGS is above their revenue."""
    return sums.filter(gross_profit_column() < 0)


def _negative(parts: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    return below_zero(regrouped(parts.filter(pl.col("account_id").is_not_null()), by))


def gross_profit_column() -> pl.Expr:
    """Return revenue minus COGS in dollars, exactly, as a column of sums."""
    return revenue_column() - pl.col("cogs_cad")


def revenue_column() -> pl.Expr:
    """Return revenue in dollars, exactly, as a column of parts or sums."""
    # Cents fit the 12 decimals of the column, so that neither step rounds.
    return pl.col("revenue_cents").cast(QUANTITY) / 100


def _summed(parts: pl.LazyFrame, by: Iterable[str]) -> pl.LazyFrame:
    keys = list(by)
    sums = [name for name in SUMMED if name in parts.collect_schema()]
    return parts.group_by(keys).agg(pl.col(name).sum() for name in sums).sort(keys, nulls_last=True)

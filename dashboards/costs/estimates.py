"""What usage should cost by the dated price list, and how that compares to the bills. Pure.

An estimate stands in only for a provider's day of which no bill has come.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from functools import cache

import polars as pl

from catalog.money import MONEY_CONTEXT, QUANTITY_SCALE
from dashboards.costs.attribution import ATTRIBUTED_SCHEMA, summed
from dashboards.costs.fx import FxRates
from storage.lake_tables import QUANTITY

_SMALLEST = Decimal(1).scaleb(-QUANTITY_SCALE)
COMPARED_SCHEMA: dict[str, pl.DataType] = {
    "provider": pl.String(),
    "day": pl.Date(),
    "estimate_cad": QUANTITY,
    "actual_cad": QUANTITY,
    "difference_cad": QUANTITY,
    "difference_share": QUANTITY,
}


@dataclass(frozen=True, slots=True)
class CostPrice:
    """What one unit of a metric costs at a provider, for days in [valid_from, valid_until).

    Where several hold, an override wins, then the latest beginning.
    """

    id: str
    provider: str
    provider_service: str | None
    service: str
    metric_code: str
    unit_price: Decimal
    currency: str
    valid_from: date
    valid_until: date | None = None
    is_override: bool = False

    def holds_on(self, day: date) -> bool:
        """Say whether the price is of a day."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)

    def prices_same(self, other: "CostPrice") -> bool:
        """Say whether two prices are of one metric and one provider's service."""
        return _priced(self) == _priced(other)

    def rank(self) -> tuple[bool, date, str]:
        """Return what decides between prices of the same: the greatest holds."""
        return self.is_override, self.valid_from, self.id


@dataclass(frozen=True, slots=True)
class Estimates:
    """Estimated costs in the shape of attributed ones, and the prices that had no rate."""

    frame: pl.DataFrame
    without_rate: tuple[tuple[str, date], ...]


def estimated(usage: pl.DataFrame, prices: Sequence[CostPrice], rates: FxRates) -> Estimates:
    """Return quantity × unit price × rate of each day and account, half-up at 12 decimals."""
    rate_on = cache(rates.on)
    rows: list[tuple[object, ...]] = []
    missing: dict[tuple[str, date], None] = {}
    order = ["day", "service", "account_id", "metric_code", "quantity"]
    for day, service, account_id, metric_code, quantity in usage.select(order).iter_rows():
        for price in _prices_on(prices, service, metric_code, day):
            rate = rate_on(price.currency, day)
            if rate is None:
                missing[price.currency, day] = None
                continue
            with localcontext(MONEY_CONTEXT):
                cost = (quantity * price.unit_price * rate.rate).quantize(_SMALLEST)
            owner = (service, account_id, metric_code)
            rows.append((day, price.provider, price.provider_service, *owner, cost, True, None))
    frame = pl.DataFrame(rows, schema=ATTRIBUTED_SCHEMA, orient="row")
    return Estimates(summed(frame), tuple(missing))


def unbilled(estimates: pl.DataFrame, costs: pl.DataFrame) -> pl.DataFrame:
    """Return the estimates of providers' days that no cost row covers."""
    return estimates.join(_billed_days(costs), on=["provider", "day"], how="anti")


def compared(estimates: pl.DataFrame, actual: pl.DataFrame) -> pl.DataFrame:
    """Return estimate and actual of each provider and day that has a price; null: none there is.

    `difference_share` is (actual − estimate) ÷ estimate at 12 decimals, null without an estimate.
    """
    by = ["provider", "day"]
    priced = estimates.select("provider").unique()
    expected = estimates.group_by(by).agg(estimate_cad=pl.col("cogs_cad").sum())
    billed = actual.join(priced, on="provider", how="semi")
    told = billed.group_by(by).agg(actual_cad=pl.col("cogs_cad").sum())
    both = expected.join(told, on=by, how="full", coalesce=True).sort(by)
    rows = [(*row, *_difference(row[2], row[3])) for row in both.iter_rows()]
    return pl.DataFrame(rows, schema=COMPARED_SCHEMA, orient="row")


def _difference(
    estimate: Decimal | None, actual: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    if estimate is None or actual is None:
        return None, None
    with localcontext(MONEY_CONTEXT):
        difference = actual - estimate
        return difference, (difference / estimate).quantize(_SMALLEST) if estimate else None


def _prices_on(
    prices: Iterable[CostPrice], service: str, metric_code: str, day: date
) -> Iterator[CostPrice]:
    """Give one price for each provider and its service that prices the metric on the day."""
    best: dict[tuple[str, str | None], CostPrice] = {}
    for price in prices:
        if (price.service, price.metric_code) != (service, metric_code) or not price.holds_on(day):
            continue
        key = (price.provider, price.provider_service)
        if key not in best or price.rank() > best[key].rank():
            best[key] = price
    yield from best.values()


def _priced(price: CostPrice) -> tuple[str, str | None, str, str]:
    return price.provider, price.provider_service, price.service, price.metric_code


def _billed_days(costs: pl.DataFrame) -> pl.DataFrame:
    days = costs.select(
        "provider", day=pl.date_ranges("day", pl.max_horizontal("day", "last_day"), "1d")
    )
    return days.explode("day").unique()

"""Customers that cost more than they bring, and the one cause that explains most of it.

A cause is what, put at its service's usual level, would help the customer's margin most. Decides
figures and names of causes; another module says them in words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import polars as pl

from catalog.money import MONEY_CONTEXT, ZERO
from dashboards.margin.figures import Margin
from dashboards.margin.invoiced import OTHER_INVOICED
from dashboards.margin.unit_economics import per_unit

CELL = ("service", "account_id", "metric_code")
SUMS = ("revenue_cents", "cogs_cad", "quantity", "quantity_included")
ONE = Decimal(1)


class Cause(StrEnum):
    """Why a customer's margin is negative."""

    NO_REVENUE = "no_revenue"
    INCLUDED = "included"
    PRICE = "price"
    UNIT_COST = "unit_cost"
    PROVIDER_PRICE = "provider_price"
    BELOW_COST = "below_cost"
    COST_WITHOUT_USAGE = "cost_without_usage"
    CREDITED = "credited"


@dataclass(frozen=True, slots=True)
class Cell:
    """Sums of one metric: of a customer, or of all customers of the service."""

    revenue_cents: int = 0
    cogs_cad: Decimal = ZERO
    quantity: Decimal = ZERO
    quantity_included: Decimal = ZERO

    @property
    def margin(self) -> Margin:
        """Return revenue and COGS."""
        return Margin(self.revenue_cents, self.cogs_cad)

    def less(self, other: "Cell") -> "Cell":
        """Return what is left of these sums without the other's."""
        return Cell(
            self.revenue_cents - other.revenue_cents,
            MONEY_CONTEXT.subtract(self.cogs_cad, other.cogs_cad),
            MONEY_CONTEXT.subtract(self.quantity, other.quantity),
            MONEY_CONTEXT.subtract(self.quantity_included, other.quantity_included),
        )

    @property
    def price(self) -> Decimal | None:
        """Return what a unit brought, None without units."""
        return per_unit(self.margin.revenue, self.quantity) if self.quantity > 0 else None

    @property
    def cost(self) -> Decimal | None:
        """Return what a unit cost, None without units."""
        return per_unit(self.cogs_cad, self.quantity) if self.quantity > 0 else None


@dataclass(frozen=True, slots=True)
class Loss:
    """One losing customer: its figures, its cause and what the cause is measured by.

    `price` and `cost` are of one unit of the metric, `usual` what other customers have there (of
    the provider's price: what it was before); `break_even_price` is the price of a unit beyond the
    included ones at which the customer as a whole loses nothing.
    """

    service: str
    account_id: str
    margin: Margin
    cause: Cause
    metric_code: str | None
    price: Decimal | None = None
    cost: Decimal | None = None
    usual: Decimal | None = None
    included_share: Decimal | None = None
    break_even_price: Decimal | None = None


def losses(parts: pl.DataFrame, earlier: pl.DataFrame, limit: int | None = None) -> list[Loss]:
    """Return the customers whose direct COGS is above their revenue, the largest loss first.

    `parts` are of the months asked about, `earlier` of those they are compared with.
    """
    owned = parts.filter(pl.col("account_id").is_not_null() & pl.col("service").is_not_null())
    sums = owned.group_by("service", "account_id").agg(pl.col("revenue_cents", "cogs_cad").sum())
    profit = pl.col("revenue_cents").cast(sums.schema["cogs_cad"]) / 100 - pl.col("cogs_cad")
    losing = sums.with_columns(profit=profit).filter(pl.col("profit") < 0)
    shown = losing.sort("profit", "service", "account_id").head(limit or losing.height)
    keys = shown.select("service", "account_id")
    cells = _cells(owned.join(keys, on=["service", "account_id"], how="semi"), CELL)
    metrics = ("service", "metric_code")
    usual, before = _cells(owned, metrics), _cells(earlier, metrics)
    by_account: dict[tuple[str, str], dict[str | None, Cell]] = {}
    for (service, account, metric), cell in cells.items():
        by_account.setdefault((service, account), {})[metric] = cell
    return [
        _loss(row, by_account[(row["service"], row["account_id"])], usual, before)
        for row in shown.iter_rows(named=True)
    ]


def _cells(parts: pl.DataFrame, keys: tuple[str, ...]) -> dict[tuple[Any, ...], Cell]:
    sums = parts.group_by(keys).agg(pl.col(name).sum() for name in SUMS)
    return {row[: len(keys)]: Cell(*row[len(keys) :]) for row in sums.iter_rows()}


def _loss(
    row: Mapping[str, Any],
    cells: Mapping[str | None, Cell],
    usual: Mapping[tuple[Any, ...], Cell],
    before: Mapping[tuple[Any, ...], Cell],
) -> Loss:
    service, account = row["service"], row["account_id"]
    whole = Margin(row["revenue_cents"], row["cogs_cad"])
    metric = min(cells, key=lambda code: (cells[code].margin.gross_profit, code or ""))
    worst = cells[metric]
    if metric == OTHER_INVOICED and worst.revenue_cents < 0:
        return Loss(service, account, whole, Cause.CREDITED, metric)
    if whole.revenue_cents <= 0:
        return Loss(service, account, whole, Cause.NO_REVENUE, metric, cost=worst.cost)
    if worst.price is None or worst.cost is None:
        return Loss(service, account, whole, Cause.COST_WITHOUT_USAGE, metric)
    others = usual[(service, metric)].less(worst)
    cause, compared = _cause(worst, others, before.get((service, metric), Cell()))
    return Loss(
        service,
        account,
        whole,
        cause,
        metric,
        price=worst.price,
        cost=worst.cost,
        usual=compared,
        included_share=per_unit(worst.quantity_included, worst.quantity),
        break_even_price=_break_even(whole, worst),
    )


def _cause(own: Cell, others: Cell, before: Cell) -> tuple[Cause, Decimal | None]:
    """Return the cause whose usual level would help most, and that level."""
    price, cost = own.price or ZERO, own.cost or ZERO
    gains: list[tuple[Decimal, Cause, Decimal | None]] = [(ZERO, Cause.BELOW_COST, None)]
    if others.price is not None and others.cost is not None:
        is_covered = _share(own) > max(_share(others), Decimal("0.5"))
        by_price = Cause.INCLUDED if is_covered else Cause.PRICE
        gains.append((others.price - price, by_price, others.price))
        gains.append((cost - others.cost, Cause.UNIT_COST, others.cost))
    if before.cost is not None:
        # Dearer for everybody since then: not this customer's own doing.
        everybody = others.cost if others.cost is not None else cost
        gains.append((everybody - before.cost, Cause.PROVIDER_PRICE, before.cost))
    _, cause, level = max(gains, key=lambda gain: gain[0])
    return cause, level


def _share(cell: Cell) -> Decimal:
    return per_unit(cell.quantity_included, cell.quantity) if cell.quantity > 0 else ZERO


def _break_even(whole: Margin, worst: Cell) -> Decimal | None:
    """Return the price of a priced unit at which the customer's whole profit is 0."""
    priced = MONEY_CONTEXT.subtract(worst.quantity, worst.quantity_included)
    if priced <= 0:
        return None
    wanted = MONEY_CONTEXT.subtract(worst.margin.revenue, whole.gross_profit)
    return per_unit(wanted, priced)

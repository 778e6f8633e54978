"""Why gross profit moved from some months to others: bars that add up to the change exactly.

Each customer is new, gone or kept; what a kept one changed is split into price, volume, mix,
the provider's price and its currency. Every split is a subtraction, so that nothing is left over.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any

import polars as pl

from catalog.money import MONEY_CONTEXT, QUANTITY_SCALE, ZERO
from dashboards.margin.figures import Margin

BARS = ("new", "churn", "price", "volume", "mix", "provider_price", "fx", "allocation")
KEYS = ("service", "account_id", "metric_code", "provider")
_SMALLEST = Decimal(1).scaleb(-QUANTITY_SCALE)
_subtract, _add, _multiply = MONEY_CONTEXT.subtract, MONEY_CONTEXT.add, MONEY_CONTEXT.multiply
Key = tuple[str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Bridge:
    """Gross profit before and after, and by how much each bar moved it (CAD, exact)."""

    before: Decimal
    after: Decimal
    bars: Mapping[str, Decimal]


@dataclass(slots=True)
class _Cell:
    """Sums of one metric of one customer; `cost_before_fx` is COGS at the earlier rates."""

    revenue: Decimal = ZERO
    cost: Decimal = ZERO
    cost_before_fx: Decimal = ZERO
    quantity: Decimal = ZERO

    @property
    def profit(self) -> Decimal:
        return _subtract(self.revenue, self.cost)

    @property
    def fx(self) -> Decimal:
        return _subtract(self.cost_before_fx, self.cost)


_NOTHING = _Cell()


def bridge_between(
    earlier: pl.DataFrame, later: pl.DataFrame, fx_changes: Mapping[str, Decimal]
) -> Bridge:
    """Return the bridge between two groups of parts.

    `fx_changes` is the later ÷ the earlier CAD rate by provider, where both are known; without
    one a provider's currency has no bar of its own and is in its price.
    """
    before, after = _cells(earlier, {}), _cells(later, fx_changes)
    bars = dict.fromkeys(BARS, ZERO)
    for name, amount in _moves(before, after):
        bars[name] = _add(bars[name], amount)
    return Bridge(_profit(before), _profit(after), bars)


def _moves(
    before: Mapping[Key, _Cell], after: Mapping[Key, _Cell]
) -> Iterator[tuple[str, Decimal]]:
    had, has = ({key[:2] for key in cells} for cells in (before, after))
    kept: list[tuple[Key, _Cell, _Cell]] = []
    for key in before.keys() | after.keys():
        old, new = before.get(key, _NOTHING), after.get(key, _NOTHING)
        service, account, _ = key
        if service is None or account is None:
            yield "fx", new.fx
            yield "allocation", _subtract(_subtract(new.profit, old.profit), new.fx)
        elif key[:2] not in had:
            yield "new", new.profit
        elif key[:2] not in has:
            yield "churn", _subtract(ZERO, old.profit)
        else:
            kept.append((key, old, new))
    yield from _kept_moves(kept)


def _kept_moves(kept: list[tuple[Key, _Cell, _Cell]]) -> Iterator[tuple[str, Decimal]]:
    groups: dict[tuple[str | None, str | None], list[tuple[_Cell, _Cell]]] = {}
    for (service, _, metric), old, new in kept:
        yield "fx", new.fx
        if old.quantity > 0 and new.quantity > 0:
            groups.setdefault((service, metric), []).append((old, new))
        else:
            yield from _uncounted_moves(old, new)
    for pairs in groups.values():
        yield from _counted_moves(pairs)


def _uncounted_moves(old: _Cell, new: _Cell) -> Iterator[tuple[str, Decimal]]:
    """Yield what changed where units are missing: begun or ended use is volume, else prices."""
    is_use = (old.quantity > 0) != (new.quantity > 0)
    revenue = _subtract(new.revenue, old.revenue)
    cost = _subtract(old.cost, new.cost_before_fx)
    yield ("volume" if is_use else "price"), revenue
    yield ("volume" if is_use else "provider_price"), cost


def _counted_moves(pairs: list[tuple[_Cell, _Cell]]) -> Iterator[tuple[str, Decimal]]:
    """Yield price, provider price, volume at the group's average profit, and mix: the rest."""
    quantity_effect = ZERO
    for old, new in pairs:
        revenue_at_old = _at_quantity(old.revenue, old.quantity, new.quantity)
        cost_at_old = _at_quantity(old.cost, old.quantity, new.quantity)
        yield "price", _subtract(new.revenue, revenue_at_old)
        yield "provider_price", _subtract(cost_at_old, new.cost_before_fx)
        profit_at_old = _subtract(revenue_at_old, cost_at_old)
        quantity_effect = _add(quantity_effect, _subtract(profit_at_old, old.profit))
    volume = _volume(pairs)
    yield "volume", volume
    yield "mix", _subtract(quantity_effect, volume)


def _volume(pairs: list[tuple[_Cell, _Cell]]) -> Decimal:
    old_units = _total(old.quantity for old, _ in pairs)
    new_units = _total(new.quantity for _, new in pairs)
    profit = _total(old.profit for old, _ in pairs)
    return _subtract(_at_quantity(profit, old_units, new_units), profit)


def _at_quantity(amount: Decimal, quantity: Decimal, other: Decimal) -> Decimal:
    """Return an amount as it would be at another quantity, half-up at 12 decimals."""
    scaled = MONEY_CONTEXT.divide(_multiply(amount, other), quantity)
    return scaled.quantize(_SMALLEST, context=MONEY_CONTEXT)


def _cells(parts: pl.DataFrame, fx_changes: Mapping[str, Decimal]) -> dict[Key, _Cell]:
    sums = parts.group_by(KEYS).agg(pl.col("revenue_cents", "cogs_cad", "quantity").sum())
    found: dict[Key, _Cell] = {}
    for row in sums.iter_rows(named=True):
        cell = found.setdefault((row["service"], row["account_id"], row["metric_code"]), _Cell())
        cell.revenue = _add(cell.revenue, Margin(row["revenue_cents"], ZERO).revenue)
        cell.cost = _add(cell.cost, row["cogs_cad"])
        cell.quantity = _add(cell.quantity, row["quantity"])
        cell.cost_before_fx = _add(cell.cost_before_fx, _before_fx(row, fx_changes))
    return found


def _before_fx(row: Mapping[str, Any], fx_changes: Mapping[str, Decimal]) -> Decimal:
    cost: Decimal = row["cogs_cad"]
    change = fx_changes.get(row["provider"] or "")
    if not change:
        return cost
    return MONEY_CONTEXT.divide(cost, change).quantize(_SMALLEST, context=MONEY_CONTEXT)


def _profit(cells: Mapping[Key, _Cell]) -> Decimal:
    return _total(cell.profit for cell in cells.values())


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(_add, amounts, ZERO)

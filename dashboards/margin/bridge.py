"""Why gross profit moved from some months to others: bars that add up to the change exactly.

Each customer is new, gone or kept; what a kept one changed is split into price, volume, mix,
the provider's price and its currency. Every split is a subtraction, so that nothing is left over.
All arithmetic runs in the context of money, which `bridge_between` sets once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

import polars as pl

from catalog.money import MONEY_CONTEXT, QUANTITY_SCALE, ZERO
from dashboards.margin.figures import revenue_column

BARS = ("new", "churn", "price", "volume", "mix", "provider_price", "fx", "allocation")
CELL_KEYS = ("service", "account_id", "metric_code")
_SMALLEST = Decimal(1).scaleb(-QUANTITY_SCALE)
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
        return self.revenue - self.cost

    @property
    def fx(self) -> Decimal:
        return self.cost_before_fx - self.cost


_NOTHING = _Cell()


def bridge_between(
    earlier: pl.DataFrame, later: pl.DataFrame, fx_changes: Mapping[str, Decimal]
) -> Bridge:
    """Return the bridge between two groups of parts.

    `fx_changes` is the later ÷ the earlier CAD rate by provider, where both are known; without
    one a provider's currency has no bar of its own and is in its price.
    """
    bars = dict.fromkeys(BARS, ZERO)
    with localcontext(MONEY_CONTEXT):
        before, after = _cells(earlier, {}), _cells(later, fx_changes)
        for name, amount in _moves(before, after):
            bars[name] += amount
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
            yield "allocation", new.profit - old.profit - new.fx
        elif key[:2] not in had:
            yield "new", new.profit
        elif key[:2] not in has:
            yield "churn", -old.profit
        else:
            kept.append((key, old, new))
    yield from _kept_moves(kept)


def _kept_moves(kept: list[tuple[Key, _Cell, _Cell]]) -> Iterator[tuple[str, Decimal]]:
    groups: dict[tuple[str | None, str | None], list[tuple[_Cell, _Cell]]] = {}
    for (service, _, metric), old, new in kept:
        if old.quantity > 0 and new.quantity > 0:
            groups.setdefault((service, metric), []).append((old, new))
        else:
            yield from _uncounted_moves(old, new)
    yield "fx", sum((new.fx for _, _, new in kept), ZERO)
    for pairs in groups.values():
        yield from _counted_moves(pairs)


def _uncounted_moves(old: _Cell, new: _Cell) -> Iterator[tuple[str, Decimal]]:
    """Yield what changed where units are missing: begun or ended use is volume, else prices."""
    is_use = (old.quantity > 0) != (new.quantity > 0)
    yield ("volume" if is_use else "price"), new.revenue - old.revenue
    yield ("volume" if is_use else "provider_price"), old.cost - new.cost_before_fx


def _counted_moves(pairs: list[tuple[_Cell, _Cell]]) -> Iterator[tuple[str, Decimal]]:
    """Yield price, provider price, volume at the group's average profit, and mix: the rest."""
    price, provider_price, quantity_effect = ZERO, ZERO, ZERO
    for old, new in pairs:
        revenue_at_old = _at_quantity(old.revenue, old.quantity, new.quantity)
        cost_at_old = _at_quantity(old.cost, old.quantity, new.quantity)
        price += new.revenue - revenue_at_old
        provider_price += cost_at_old - new.cost_before_fx
        quantity_effect += revenue_at_old - cost_at_old - old.profit
    volume = _volume(pairs)
    yield "price", price
    yield "provider_price", provider_price
    yield "volume", volume
    yield "mix", quantity_effect - volume


def _volume(pairs: list[tuple[_Cell, _Cell]]) -> Decimal:
    old_units = sum((old.quantity for old, _ in pairs), ZERO)
    new_units = sum((new.quantity for _, new in pairs), ZERO)
    profit = sum((old.profit for old, _ in pairs), ZERO)
    return _at_quantity(profit, old_units, new_units) - profit


def _at_quantity(amount: Decimal, quantity: Decimal, other: Decimal) -> Decimal:
    """Return an amount as it would be at another quantity, half-up at 12 decimals."""
    return (amount * other / quantity).quantize(_SMALLEST)


def _cells(parts: pl.DataFrame, fx_changes: Mapping[str, Decimal]) -> dict[Key, _Cell]:
    sums = parts.group_by(CELL_KEYS).agg(
        revenue_column().sum(), pl.col("cogs_cad", "quantity").sum()
    )
    found: dict[Key, _Cell] = {
        (service, account, metric): _Cell(revenue, cost, cost, quantity)
        for service, account, metric, revenue, cost, quantity in sums.iter_rows()
    }
    changed = parts.filter(pl.col("provider").is_in(list(fx_changes)))
    costs = changed.group_by(*CELL_KEYS, "provider").agg(pl.col("cogs_cad").sum())
    for service, account, metric, provider, cost in costs.iter_rows():
        before_fx = (cost / fx_changes[provider]).quantize(_SMALLEST)
        found[service, account, metric].cost_before_fx += before_fx - cost
    return found


def _profit(cells: Mapping[Key, _Cell]) -> Decimal:
    return sum((cell.profit for cell in cells.values()), ZERO)

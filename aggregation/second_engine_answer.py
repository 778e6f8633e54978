"""The second engine's answer: what SQL counted, as quantities. Pure; fractions decide, exactly."""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, TypeAlias

import polars as pl
from msgspec import structs

from aggregation.quantity import GroupQuantity, Quantity, UsageWindow
from aggregation.second_engine_question import method_of
from aggregation.second_engine_sql import PART
from catalog.billable_metrics import BillableMetric, RoundingFunction
from catalog.money import MONEY_CONTEXT

MICROSECONDS_PER_DAY = 86_400_000_000
VALUE_PARTS = 10**12
PRORATED_DIGITS = 5
WEIGHTED_DIGITS = 20
Found: TypeAlias = Mapping[str, Any]


def second_answer(windows: Sequence[UsageWindow], counted: pl.DataFrame) -> dict[str, Quantity]:
    """Return the quantity of every window by its key, of what `second_question` was answered."""
    found: dict[int, list[Found]] = {}
    for row in counted.iter_rows(named=True):
        found.setdefault(row["number"], []).append(row)
    return {
        window.key: _quantity(window, found.get(number, []))
        for number, window in enumerate(windows)
    }


def _quantity(window: UsageWindow, rows: Sequence[Found]) -> Quantity:
    if not window.group_keys:
        (quantity,) = [_counted(window, row) for row in rows] or [_nothing()]
        return quantity
    groups = sorted(
        (GroupQuantity(tuple(row["group_texts"]), _counted(window, row)) for row in rows),
        key=lambda group: [(text is not None, text or "") for text in group.values],
    )
    return _together(groups)


def _nothing() -> Quantity:
    return Quantity(units=Decimal(0), events_count=0)


def _together(groups: Sequence[GroupQuantity]) -> Quantity:
    parts = [group.quantity for group in groups]
    with localcontext(MONEY_CONTEXT):
        return Quantity(
            units=sum((part.units for part in parts), Decimal(0)),
            events_count=sum(part.events_count for part in parts),
            full_units=_total(part.full_units for part in parts),
            total_aggregated_units=_total(part.total_aggregated_units for part in parts),
            precise_total_amount_cents=_total(part.precise_total_amount_cents for part in parts),
            groups=tuple(groups),
        )


def _total(numbers: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum of what is known, None where nothing is."""
    known = [number for number in numbers if number is not None]
    return sum(known, Decimal(0)) if known else None


def _counted(window: UsageWindow, row: Found) -> Quantity:
    """Return the quantity that one row of the answer states."""
    method, metric, total = method_of(window), window.metric, Decimal(row["total"])
    counted = Quantity(
        units=_rounded(max(total, Decimal(0)) if method == "latest" else total, metric),
        events_count=int(total) if row["events"] is None else row["events"],
        precise_total_amount_cents=None if row["cents"] is None else Decimal(row["cents"]),
    )
    if method == "weighted_sum":
        share = _share(row, VALUE_PARTS * window.period_days * MICROSECONDS_PER_DAY)
        units = _rounded(_ceiled(share, WEIGHTED_DIGITS), metric)
        return structs.replace(counted, units=units, total_aggregated_units=total)
    if window.is_prorated:
        parts = VALUE_PARTS if method == "prorated_sum" else 1
        units = _ceiled(_share(row, parts * window.period_days), PRORATED_DIGITS)
        return structs.replace(counted, units=_rounded(units, metric), full_units=counted.units)
    return counted


def _share(row: Found, denominator: int) -> Fraction:
    return Fraction(int(row["high"] or 0) * PART + int(row["low"]), denominator)


def _ceiled(number: Fraction, digits: int) -> Decimal:
    return _scaled(math.ceil(number * 10**digits), digits)


def _rounded(units: Decimal, metric: BillableMetric) -> Decimal:
    """Return units at the metric's precision: half away from zero, up or down (Lago)."""
    if metric.rounding_function is None:
        return units
    digits = metric.rounding_precision or 0
    number = Fraction(units) * Fraction(10) ** digits
    match metric.rounding_function:
        case RoundingFunction.CEIL:
            return _scaled(math.ceil(number), digits)
        case RoundingFunction.FLOOR:
            return _scaled(math.floor(number), digits)
        case RoundingFunction.ROUND:
            size = math.floor(abs(number) + Fraction(1, 2))
            return _scaled(-size if number < 0 else size, digits)


def _scaled(whole: int, digits: int) -> Decimal:
    with localcontext(MONEY_CONTEXT):
        return Decimal(whole).scaleb(-digits)

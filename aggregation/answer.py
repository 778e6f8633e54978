"""The answer of a window: what was found of it, put together as a quantity. Pure."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from msgspec import structs

from aggregation.asked_windows import Method, method_of
from aggregation.exact_sums import exact_sum
from aggregation.quantity import NO_USAGE, GroupQuantity, Quantity, UsageWindow
from aggregation.weighing import ceiled, weighed_units
from catalog.billable_metrics import BillableMetric, RoundingFunction
from catalog.money import MONEY_CONTEXT, ZERO

ROUNDING = {
    RoundingFunction.ROUND: ROUND_HALF_UP,
    RoundingFunction.CEIL: ROUND_CEILING,
    RoundingFunction.FLOOR: ROUND_FLOOR,
}
PRORATED_DECIMALS = 5
WEIGHTED_DECIMALS = 20
MICROSECONDS_PER_DAY = 86_400 * 10**6
CARRIED_ID = ""
Events: TypeAlias = tuple[tuple[Decimal, ...], tuple[str, ...] | None, tuple[Decimal, ...] | None]
Group: TypeAlias = tuple[str | None, ...] | None
Row: TypeAlias = Mapping[str, Any]
NOT_WANTED: Events = ((), None, None)


def rounded_units(units: Decimal, metric: BillableMetric) -> Decimal:
    """Return the units rounded as the metric says: half away from zero, up or down (Lago)."""
    if metric.rounding_function is None:
        return units
    step = Decimal(1).scaleb(-(metric.rounding_precision or 0))
    with localcontext(MONEY_CONTEXT):
        whole = (units / step).to_integral_value(ROUNDING[metric.rounding_function])
        return whole * step


def window_quantities(
    windows: Sequence[UsageWindow], found: Mapping[str, Mapping[Group, Row]]
) -> dict[str, Quantity]:
    """Return the quantity of every window from what was found of each of its groups, by key."""
    with localcontext(MONEY_CONTEXT):
        return {window.key: _of_window(window, found.get(window.key, {})) for window in windows}


def _of_window(window: UsageWindow, found: Mapping[Group, Row]) -> Quantity:
    if not window.group_keys:
        row = found.get(None)
        return _no_usage(window) if row is None else _quantity(window, row)
    groups = tuple(
        GroupQuantity(group, _quantity(window, row))
        for group, row in sorted(found.items(), key=_group_order)
        if group is not None
    )
    return _sum_of(groups, found.values()) if groups else _no_usage(window)


def _group_order(item: tuple[Group, Row]) -> list[tuple[bool, str]]:
    return [(text is not None, text or "") for text in item[0] or ()]


def _sum_of(groups: Sequence[GroupQuantity], rows: Iterable[Row]) -> Quantity:
    parts = [group.quantity for group in groups]
    return Quantity(
        units=sum((part.units for part in parts), ZERO),
        events_count=sum(part.events_count for part in parts),
        inputs_digest=_joined_digest(list(rows)),
        full_units=_known_sum(part.full_units for part in parts),
        total_aggregated_units=_known_sum(part.total_aggregated_units for part in parts),
        precise_total_amount_cents=_known_sum(part.precise_total_amount_cents for part in parts),
        groups=tuple(groups),
    )


def _known_sum(numbers: Iterable[Decimal | None]) -> Decimal | None:
    known = [number for number in numbers if number is not None]
    return sum(known, ZERO) if known else None


def _no_usage(window: UsageWindow) -> Quantity:
    if not window.wants_event_values or window.group_keys:
        return NO_USAGE
    prorated = () if window.is_prorated else None
    return structs.replace(NO_USAGE, event_ids=(), event_prorated_values=prorated)


def _quantity(window: UsageWindow, row: Row) -> Quantity:
    numbers = NUMBERS[method_of(window)](window, row)
    full, amounts = numbers.full_units, row.get("amounts")
    values, ids, prorated = _events(window, row) if window.wants_event_values else NOT_WANTED
    return Quantity(
        units=rounded_units(numbers.units, window.metric),
        events_count=numbers.events_count,
        event_values=values,
        inputs_digest=_digest(row),
        full_units=None if full is None else rounded_units(full, window.metric),
        total_aggregated_units=numbers.level,
        event_prorated_values=prorated,
        event_ids=ids,
        precise_total_amount_cents=None if amounts is None else sum(map(Decimal, amounts), ZERO),
    )


class _Numbers(NamedTuple):
    """Of one window or group: units, events counted, units before proration, final level."""

    units: Decimal
    events_count: int
    full_units: Decimal | None = None
    level: Decimal | None = None


def _count(_: UsageWindow, row: Row) -> _Numbers:
    units = exact_sum(row, "total") if "total_low" in row else Decimal(row["units"])
    return _Numbers(units, int(units))


def _sum(_: UsageWindow, row: Row) -> _Numbers:
    return _Numbers(exact_sum(row, "total"), row["events_count"])


def _max(_: UsageWindow, row: Row) -> _Numbers:
    return _Numbers(row["units"], row["events_count"])


def _latest(_: UsageWindow, row: Row) -> _Numbers:
    return _Numbers(max(row["units"], ZERO), row["events_count"])


def _unique(_: UsageWindow, row: Row) -> _Numbers:
    return _Numbers(Decimal(row["units"]), row["units"])


def _weighted(window: UsageWindow, row: Row) -> _Numbers:
    units = weighed_units(row, window.period_days * MICROSECONDS_PER_DAY, WEIGHTED_DECIMALS)
    return _Numbers(units, row["inside"], level=exact_sum(row, "total"))


def _prorated_sum(window: UsageWindow, row: Row) -> _Numbers:
    units = weighed_units(row, window.period_days, PRORATED_DECIMALS)
    return _Numbers(units, row["rows"], full_units=exact_sum(row, "total"))


def _prorated_unique(window: UsageWindow, row: Row) -> _Numbers:
    units = ceiled(row["days"], window.period_days, PRORATED_DECIMALS)
    return _Numbers(units, row["total"], full_units=Decimal(row["total"]))


NUMBERS: Mapping[Method, Callable[[UsageWindow, Row], _Numbers]] = {
    Method.COUNT: _count,
    Method.SUM: _sum,
    Method.MAX: _max,
    Method.LATEST: _latest,
    Method.UNIQUE_COUNT: _unique,
    Method.WEIGHTED_SUM: _weighted,
    Method.PRORATED_SUM: _prorated_sum,
    Method.PRORATED_UNIQUE_COUNT: _prorated_unique,
}


def _events(window: UsageWindow, row: Row) -> Events:
    """Return values, ids and prorated values of single events.

    What was carried into a prorated sum comes first, as one event without an id.
    """
    values = [Decimal(value) for value in row.get("event_values", ())]
    ids = list(row.get("event_ids", ()))
    if not window.is_prorated:
        return tuple(values), tuple(ids), None
    weights = list(row.get("event_weights", ()))
    if "carried_low" in row and (carried := exact_sum(row, "carried")):
        values.insert(0, carried)
        ids.insert(0, CARRIED_ID)
        weights.insert(0, row["window_days"])
    prorated = zip(values, weights, strict=True)
    return (
        tuple(values),
        tuple(ids),
        tuple(value * weight / window.period_days for value, weight in prorated),
    )


def _digest(row: Row) -> str:
    """Return the digest of the rows counted; nothing where none was asked for."""
    digests = row.get("digests")
    return "" if digests is None else hashlib.sha256(digests).hexdigest()


def _joined_digest(rows: Sequence[Row]) -> str:
    """Return the digest that the rows of all groups have together; nothing without theirs."""
    if any("digests" not in row for row in rows):
        return ""
    every = np.concatenate([np.frombuffer(row["digests"], np.int64) for row in rows])
    return hashlib.sha256(np.sort(every).tobytes()).hexdigest()

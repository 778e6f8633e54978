"""The second opinion: where two engines disagree about a quantity. Pure.

Decides what of two quantities must be equal before a window may be billed; computes none itself.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from aggregation.quantity import Quantity, UsageWindow
from catalog.billable_metrics import AggregationType
from catalog.money import ZERO

GroupValues: TypeAlias = tuple[str | None, ...]
Numbers: TypeAlias = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One number of a window that two engines count differently; None: one did not answer.

    `group` are the values of the group it is about, empty for the whole window.
    """

    window: UsageWindow
    number: str
    first: Decimal | None
    second: Decimal | None
    group: GroupValues = ()

    def __str__(self) -> str:
        """Return what an operator reads in the alert."""
        place = f" of group {list(self.group)}" if self.group else ""
        return (
            f"subscription {self.window.subscription_external_id}, metric {self.window.metric.code}"
            f", {self.window.start.isoformat()} to {self.window.end.isoformat()}: {self.number}"
            f"{place} is {self.first} by the first engine, {self.second} by the second"
        )


def disagreements(
    windows: Collection[UsageWindow],
    first: Mapping[str, Quantity],
    second: Mapping[str, Quantity],
) -> list[Disagreement]:
    """Return each number of each window that is not the same in both answers, exactly compared."""
    return [
        found
        for window in windows
        for found in _of_window(window, first.get(window.key), second.get(window.key))
    ]


def _of_window(
    window: UsageWindow, first: Quantity | None, second: Quantity | None
) -> Iterator[Disagreement]:
    ones, others = _groups(window, first), _groups(window, second)
    for group in sorted(ones.keys() | others.keys(), key=_order):
        one, other = ones.get(group, {}), others.get(group, {})
        for number in sorted(one.keys() | other.keys()):
            if one.get(number) != other.get(number):
                yield Disagreement(window, number, one.get(number), other.get(number), group)


def _groups(window: UsageWindow, quantity: Quantity | None) -> dict[GroupValues, Numbers]:
    """Return the numbers of the whole window, under no values, and those of its groups."""
    if quantity is None:
        return {}
    return {(): _numbers(window, quantity)} | {
        group.values: _numbers(window, group.quantity) for group in quantity.groups
    }


def _numbers(window: UsageWindow, quantity: Quantity) -> Numbers:
    level = quantity.total_aggregated_units
    numbers = {
        "units": quantity.units,
        "full units": quantity.units_before_proration,
        "events": Decimal(quantity.events_count),
        "total units": quantity.units if level is None else level,
    }
    if window.metric.aggregation_type is AggregationType.SUM:
        numbers["named cents"] = quantity.precise_total_amount_cents or ZERO
    return numbers


def _order(group: GroupValues) -> list[tuple[bool, str]]:
    return [(text is not None, text or "") for text in group]

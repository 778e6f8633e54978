"""An alert: thresholds on one number of a subscription's usage, and how far they were told. Pure.

Decides which thresholds a new value crosses; knows no usage, no price and no store.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal, localcontext
from enum import StrEnum

from catalog.money import MONEY_CONTEXT, ZERO

# Of a step that is tiny beside the usage, the last so many crossings are named.
RECURRING_CROSSED_MAX = 100


class AlertType(StrEnum):
    """Which number is watched, in Lago's words."""

    CURRENT_USAGE_AMOUNT = "current_usage_amount"
    METRIC_AMOUNT = "billable_metric_current_usage_amount"
    METRIC_UNITS = "billable_metric_current_usage_units"
    LIFETIME_USAGE_AMOUNT = "lifetime_usage_amount"

    @property
    def needs_metric(self) -> bool:
        """Say whether the number is one metric's."""
        return self in (AlertType.METRIC_AMOUNT, AlertType.METRIC_UNITS)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A value to tell of: cents, or units; a recurring one is a step, counted from the last other.

    `code` is the app's own word for it.
    """

    value: Decimal
    code: str | None = None
    is_recurring: bool = False


@dataclass(frozen=True, slots=True)
class WatchedPeriod:
    """The period that a value belongs to: thresholds are told once in each."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of a subscription's external id.

    `previous_value` is the last value seen, `peak_value` the highest of the period: only what
    lies above the peak is told. `changes` counts what asked for a look, `changes_seen` is the
    count that the last look had seen.
    """

    id: str
    service_code: str
    subscription_external_id: str
    alert_type: AlertType
    code: str
    thresholds: tuple[Threshold, ...]
    created_at: datetime
    name: str | None = None
    metric_id: str | None = None
    previous_value: Decimal = ZERO
    peak_value: Decimal = ZERO
    period_start: datetime | None = None
    period_end: datetime | None = None
    last_processed_at: datetime | None = None
    changes: int = 1
    changes_seen: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at an alert's value came to: the alert from now on, and what is to be told."""

    alert: Alert
    previous_value: Decimal
    crossed: tuple[Threshold, ...]


def crossed_thresholds(
    thresholds: Sequence[Threshold], peak: Decimal, value: Decimal
) -> tuple[Threshold, ...]:
    """Return the thresholds in `(peak, value]`: others as they were given, then steps (Lago).

    Steps begin at the highest other threshold, else at zero. Of more than RECURRING_CROSSED_MAX
    steps the last ones are returned.
    """
    if value <= peak:
        return ()
    others = [each for each in thresholds if not each.is_recurring]
    crossed = [each for each in others if peak < each.value <= value]
    initial = max((each.value for each in others), default=ZERO)
    for step in thresholds:
        if step.is_recurring:
            crossed += _steps(step, initial, peak, value)
    return tuple(crossed)


def seen(alert: Alert, value: Decimal, period: WatchedPeriod | None, at: datetime) -> Look | None:
    """Return what a value comes to; None when it is of a period that is over for the alert.

    A period that the alert has not seen begins at zero, and so does what is told of it. Without a
    period (lifetime usage) nothing ever begins anew.
    """
    if period is not None and alert.period_start != period.start:
        if alert.period_start is not None and period.start < alert.period_start:
            return None
        alert = replace(alert, previous_value=ZERO, peak_value=ZERO, period_start=period.start)
    after = replace(
        alert,
        previous_value=value,
        peak_value=max(alert.peak_value, value),
        period_end=period.end if period else None,
        last_processed_at=at,
    )
    crossed = crossed_thresholds(alert.thresholds, alert.peak_value, value)
    return Look(after, alert.previous_value, crossed)


def _steps(step: Threshold, initial: Decimal, peak: Decimal, value: Decimal) -> list[Threshold]:
    """Return the crossed multiples of a step, as thresholds of their own."""
    with localcontext(MONEY_CONTEXT):
        last = _whole_steps(value - initial, step.value)
        first = max(_whole_steps(peak - initial, step.value) + 1, 1)
        first = max(first, last - RECURRING_CROSSED_MAX + 1)
        return [
            replace(step, value=initial + number * step.value) for number in range(first, last + 1)
        ]


def _whole_steps(distance: Decimal, step: Decimal) -> int:
    return int((distance / step).to_integral_value(ROUND_FLOOR))

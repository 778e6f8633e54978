"""A quantity: what aggregation makes of the usage of one metric in one window."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from catalog.billable_metrics import BillableMetric


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """The question how much of `metric` a subscription used in `[start, end)`.

    `key` names the window in the answer; `wants_event_values` asks for each event's own number,
    in time order, which some charge models need.
    """

    key: str
    service_code: str
    subscription_external_id: str
    metric: BillableMetric
    start: datetime
    end: datetime
    wants_event_values: bool = False


@dataclass(frozen=True, slots=True)
class Quantity:
    """The answer: units (rounded as the metric says), and the events counted.

    `events_count` counts a counter push once; for a count metric it counts what the push counted.
    `inputs_digest` is a SHA-256 over the rows counted, in a fixed order; of an ever-rising counter
    also the reading before the window. What was replaced or voided is not in it.
    """

    units: Decimal
    events_count: int
    event_values: tuple[Decimal, ...] | None = None
    inputs_digest: str = ""


NO_USAGE = Quantity(units=Decimal(0), events_count=0, event_values=())

"""A billable metric: what is counted and how. Its versions are kept; usage names the one it met."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AggregationType(StrEnum):
    """How usage becomes a quantity, in Lago's words."""

    COUNT = "count_agg"
    SUM = "sum_agg"
    MAX = "max_agg"
    LATEST = "latest_agg"
    UNIQUE_COUNT = "unique_count_agg"
    WEIGHTED_SUM = "weighted_sum_agg"

    @property
    def needs_number(self) -> bool:
        """Say whether the metric's field must hold a number."""
        return self not in (AggregationType.COUNT, AggregationType.UNIQUE_COUNT)


class RoundingFunction(StrEnum):
    """How a quantity is rounded before it is priced."""

    ROUND = "round"
    CEIL = "ceil"
    FLOOR = "floor"


class CounterSemantics(StrEnum):
    """What the number of a counter push says; a metric without one takes no counter pushes."""

    DELTA = "delta"
    CUMULATIVE = "cumulative"
    GAUGE = "gauge"
    WINDOW = "window"

    @property
    def is_reading(self) -> bool:
        """Say whether the number is read at the window's end, instead of being its total."""
        return self in (CounterSemantics.CUMULATIVE, CounterSemantics.GAUGE)


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """A property by which charges may tell usage apart, and the values it may have."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BillableMetric:
    """One version of a metric; `version` starts at 1, `valid_from` is when it came into force.

    A `recurring` metric counts all usage up to a period's end, not only the period's own.
    `expression` computes the field's value when usage is taken in.
    """

    id: str
    service_code: str
    code: str
    name: str
    aggregation_type: AggregationType
    created_at: datetime
    valid_from: datetime
    version: int = 1
    description: str | None = None
    field_name: str | None = None
    recurring: bool = False
    rounding_function: RoundingFunction | None = None
    rounding_precision: int | None = None
    counter_semantics: CounterSemantics | None = None
    expression: str | None = None
    filters: tuple[MetricFilter, ...] = ()
    deleted_at: datetime | None = None

"""What counter pushes may feed: for each semantics, the aggregations and charge models.

One table decides; a total says nothing of the events in it, so what needs them is refused. Pure.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from catalog.billable_metrics import AggregationType, CounterSemantics

NOT_COMPATIBLE_WITH_COUNTERS = "not_compatible_with_counter_semantics"
# Priced from the total alone; dynamic and custom need every event.
PRICED_BY_TOTAL = frozenset(
    {"standard", "graduated", "graduated_percentage", "package", "percentage", "volume"}
)
# A share of a level is no price: Lago has no percentage of latest_agg either.
PRICED_BY_LEVEL = frozenset({"standard", "graduated", "package", "volume"})
# Of a percentage charge: members that count events or price each on its own.
NEEDS_EACH_EVENT = ("fixed_amount", "free_units_per_events", "free_units_per_total_aggregation")
LIMITS_EACH_EVENT = ("per_transaction_min_amount", "per_transaction_max_amount")
# Options of a charge that weigh each event by its own day, or bill it at once.
NEEDS_EACH_EVENTS_TIME = ("prorated", "pay_in_advance")


@dataclass(frozen=True, slots=True)
class CounterRule:
    """What one semantics says, and what it may feed; charge models in Lago's words."""

    meaning: str
    aggregation_types: frozenset[AggregationType]
    charge_models: frozenset[str]


_TOTALS = frozenset({AggregationType.COUNT, AggregationType.SUM})
_LEVELS = frozenset({AggregationType.MAX, AggregationType.LATEST})
COUNTER_RULES: Mapping[CounterSemantics, CounterRule] = {
    CounterSemantics.DELTA: CounterRule(
        "the total of a window of any length; totals add up", _TOTALS, PRICED_BY_TOTAL
    ),
    CounterSemantics.CUMULATIVE: CounterRule(
        "an ever-rising reading at the window's end; differences add up", _TOTALS, PRICED_BY_TOTAL
    ),
    CounterSemantics.GAUGE: CounterRule(
        "a level at the window's end; levels never add up", _LEVELS, PRICED_BY_LEVEL
    ),
    CounterSemantics.WINDOW: CounterRule(
        "the total of one whole calendar hour, day or month; totals add up",
        _TOTALS,
        PRICED_BY_TOTAL,
    ),
}


def counter_fits_aggregation(
    semantics: CounterSemantics | None, aggregation_type: AggregationType
) -> bool:
    """Say whether such pushes give the aggregation's exact answer; no counters always fit."""
    return semantics is None or aggregation_type in COUNTER_RULES[semantics].aggregation_types


def counter_fits_charge(
    semantics: CounterSemantics | None,
    charge_model: str,
    properties: Mapping[str, object],
    options: Collection[str] = (),
) -> bool:
    """Say whether such pushes can be priced exactly by a charge; no counters always fit.

    `properties` are the charge's in Lago's words, `options` the names of the options it sets.
    """
    if semantics is None:
        return True
    return (
        charge_model in COUNTER_RULES[semantics].charge_models
        and not any(option in NEEDS_EACH_EVENTS_TIME for option in options)
        and not any(_is_above_zero(properties.get(name)) for name in NEEDS_EACH_EVENT)
        and not any(_is_given(properties.get(name)) for name in LIMITS_EACH_EVENT)
    )


def _is_given(value: object) -> bool:
    return value not in (None, "")


def _is_above_zero(value: object) -> bool:
    """Say whether a member asks for something; what is no number is refused elsewhere."""
    try:
        return _is_given(value) and Decimal(str(value)) != 0
    except InvalidOperation:
        return True

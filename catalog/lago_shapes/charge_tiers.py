"""The tiers of a charge in Lago's words (section 4.1): ladders without gap or overlap.

Decides which ladders can be priced exactly; the same for prices a unit and for percentages.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from catalog.charge_terms import PercentageTier, Tier
from catalog.exact_json import JsonObject
from catalog.lago_shapes.fields import decimal_of_number_or_text
from catalog.lago_shapes.property_faults import ZERO, Faults, digits

TIERS_MAX = 1000


def from_lago_tiers(given: JsonObject, name: str, faults: Faults) -> tuple[Tier, ...]:
    """Return the tiers under a name, which price units."""
    return tuple(
        Tier(
            *_bounds(tier, name, faults),
            per_unit_amount=faults.amount(tier.get("per_unit_amount")),
            flat_amount=faults.amount(tier.get("flat_amount")),
        )
        for tier in _ranges(given, name, faults)
    )


def from_lago_percentage_tiers(
    given: JsonObject, name: str, faults: Faults
) -> tuple[PercentageTier, ...]:
    """Return the tiers under a name, which take a percentage."""
    return tuple(
        PercentageTier(
            *_bounds(tier, name, faults),
            flat_amount=faults.amount(tier.get("flat_amount")),
            rate=faults.amount(tier.get("rate"), "invalid_rate"),
        )
        for tier in _ranges(given, name, faults)
    )


def to_lago_tiers(tiers: Sequence[Tier | PercentageTier]) -> list[dict[str, object]]:
    """Return tiers as Lago's ranges; prices are text."""
    return [
        {
            "from_value": _to_lago_bound(tier.from_value),
            "to_value": None if tier.to_value is None else _to_lago_bound(tier.to_value),
            **_to_lago_price(tier),
            "flat_amount": digits(tier.flat_amount),
        }
        for tier in tiers
    ]


def _ranges(given: JsonObject, name: str, faults: Faults) -> list[JsonObject]:
    ranges = given.get(name)
    if not isinstance(ranges, list) or not ranges:
        faults.note(f"missing_{name}")
        return []
    objects = [tier for tier in ranges[:TIERS_MAX] if isinstance(tier, dict)]
    bounds = [_bounds(tier, name, faults) for tier in objects]
    if len(objects) < len(ranges) or not _is_ladder(bounds):
        faults.note(f"invalid_{name}")
    return objects


def _bounds(given: JsonObject, name: str, faults: Faults) -> tuple[Decimal, Decimal | None]:
    code = f"invalid_{name}"
    low = faults.wanted(decimal_of_number_or_text(given.get("from_value")), ZERO, code)
    to_value = given.get("to_value")
    if to_value is None:
        return low, None
    return low, faults.wanted(decimal_of_number_or_text(to_value), ZERO, code)


def _is_ladder(tiers: Sequence[tuple[Decimal, Decimal | None]]) -> bool:
    """Say whether tiers start at 0, end open, and either all touch or all step by one unit.

    Lago also takes a mixture of both, and fractions in a stepped ladder; some usage would then
    be priced twice or not at all (section 4.1).
    """
    bounds = [high for _, high in tiers[:-1] if high is not None]
    if len(bounds) < len(tiers) - 1 or tiers[0][0] != 0 or tiers[-1][1] is not None:
        return False
    if any(low >= high for low, high in pairwise([ZERO, *bounds])):
        return False
    starts = [low for low, _ in tiers[1:]]
    if starts == bounds:
        return True
    is_whole = all(bound == bound.to_integral_value() for bound in bounds)
    return is_whole and starts == [bound + 1 for bound in bounds]


def _to_lago_price(tier: Tier | PercentageTier) -> dict[str, object]:
    if isinstance(tier, Tier):
        return {"per_unit_amount": digits(tier.per_unit_amount)}
    return {"rate": digits(tier.rate)}


def _to_lago_bound(value: Decimal) -> int | str:
    return int(value) if value == value.to_integral_value() else digits(value)

"""Amount details: how a charge's amount came about, model by model, in Lago's names. Pure.

Read from the steps of a rated line: they say what was billed, whatever the price is by now.
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext

from catalog.charge_terms import (
    ChargeTerms,
    GraduatedPercentageTerms,
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    PercentageTier,
    Tier,
    VolumeTerms,
)
from catalog.money import MONEY_CONTEXT, ZERO, decimal_text
from rating.charge_models import TierShare, tier_shares
from rating.charge_models.transaction_limits import HUNDRED, has_transaction_limits
from rating.rated_line import Price, RatedLine

FREE_RULE = "free units"
FIXED_RULE = "fixed amount of each event"
LIMITED_RULE = "events "


def amount_details(terms: ChargeTerms, line: RatedLine) -> dict[str, object]:
    """Return the details of a line of a charge; none for models without any (Lago)."""
    with localcontext(MONEY_CONTEXT):
        match terms:
            case GraduatedTerms():
                return {"graduated_ranges": _ranges(terms.tiers, _shares(line))}
            case GraduatedPercentageTerms():
                return {"graduated_percentage_ranges": _rates(terms.tiers, _shares(line))}
            case VolumeTerms():
                return _of_volume(line)
            case PackageTerms():
                return _of_package(terms, line.quantity_overage)
            case PercentageTerms():
                return _of_percentage(terms, line)
            case _:
                return {}


def _shares(line: RatedLine) -> Sequence[TierShare]:
    return tier_shares(Price(line.amount, line.steps))


def _ranges(tiers: Sequence[Tier], shares: Sequence[TierShare]) -> list[dict[str, object]]:
    return [
        {
            **_bounds(tier),
            "flat_unit_amount": decimal_text(share.flat_unit_amount),
            "per_unit_amount": decimal_text(tier.per_unit_amount if share.units else ZERO),
            "units": decimal_text(share.units),
            "per_unit_total_amount": decimal_text(share.per_unit_total_amount),
            "total_with_flat_amount": decimal_text(share.total_with_flat_amount),
        }
        for tier, share in zip(tiers, shares, strict=False)
    ]


def _rates(tiers: Sequence[PercentageTier], shares: Sequence[TierShare]) -> list[dict[str, object]]:
    return [
        {
            **_bounds(tier),
            "flat_unit_amount": decimal_text(share.flat_unit_amount),
            "rate": decimal_text(tier.rate),
            "units": decimal_text(share.units),
            "per_unit_total_amount": decimal_text(share.per_unit_total_amount),
            "total_with_flat_amount": decimal_text(share.total_with_flat_amount),
        }
        for tier, share in zip(tiers, shares, strict=False)
    ]


def _bounds(tier: Tier | PercentageTier) -> dict[str, object]:
    top = tier.to_value
    return {"from_value": _bound(tier.from_value), "to_value": None if top is None else _bound(top)}


def _bound(value: Decimal) -> int | str:
    """Return a whole bound as a number, as plans give it, another one as text."""
    return int(value) if value == value.to_integral_value() else decimal_text(value)


def _of_volume(line: RatedLine) -> dict[str, object]:
    shares = _shares(line)
    if not shares:
        return {}
    units, total = line.quantity_overage, shares[0].per_unit_total_amount
    return {
        "flat_unit_amount": decimal_text(shares[0].flat_unit_amount),
        "per_unit_amount": decimal_text(total / units if units else ZERO),
        "per_unit_total_amount": decimal_text(total),
    }


def _of_package(terms: PackageTerms, units: Decimal) -> dict[str, object]:
    if not units:
        return {
            "free_units": "0.0",
            "paid_units": "0.0",
            "per_package_size": 0,
            "per_package_unit_amount": "0.0",
        }
    return {
        "free_units": decimal_text(Decimal(terms.free_units)),
        "paid_units": decimal_text(max(units - terms.free_units, ZERO)),
        "per_package_size": terms.package_size,
        "per_package_unit_amount": decimal_text(terms.amount),
    }


def _of_percentage(terms: PercentageTerms, line: RatedLine) -> dict[str, object]:
    free_units = _units_of(line, FREE_RULE)
    paid_units = max(line.quantity_overage - free_units, ZERO)
    paid_events = _paid_events(terms, line)
    by_rate = paid_units * terms.rate / HUNDRED
    fixed = paid_events * terms.fixed_amount if line.quantity_overage else ZERO
    adjusted = ZERO
    if has_transaction_limits(terms):
        priced = (step.amount for step in line.steps if step.rule.startswith(LIMITED_RULE))
        adjusted = sum(priced, ZERO) - by_rate - fixed
    return {
        "units": decimal_text(line.quantity_overage),
        "free_units": decimal_text(free_units),
        "free_events": line.events_count - paid_events,
        "paid_units": decimal_text(paid_units),
        "rate": decimal_text(terms.rate),
        "per_unit_total_amount": decimal_text(by_rate),
        "paid_events": paid_events,
        "fixed_fee_unit_amount": decimal_text(terms.fixed_amount if paid_events else ZERO),
        "fixed_fee_total_amount": decimal_text(fixed),
        "min_max_adjustment_total_amount": decimal_text(adjusted),
    }


def _paid_events(terms: PercentageTerms, line: RatedLine) -> int:
    """Return how many events were not free; without a fixed amount no step counts them."""
    if has_transaction_limits(terms):
        return int(_units_of(line, LIMITED_RULE))
    if terms.fixed_amount:
        return int(_units_of(line, FIXED_RULE))
    return max(line.events_count - (terms.free_units_per_events or 0), 0)


def _units_of(line: RatedLine, rule: str) -> Decimal:
    return sum((step.units for step in line.steps if step.rule.startswith(rule)), ZERO)

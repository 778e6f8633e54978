"""What quantities cost by Lago's charge models, in fractions: each rule written as it is said.

Shares no code with the product; the terms are read as data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from catalog.charge_terms import (
    ChargeTerms,
    DynamicTerms,
    GraduatedPercentageTerms,
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    PercentageTier,
    StandardTerms,
    Tier,
    VolumeTerms,
)

ZERO = Fraction(0)
EXPONENTS = {"CAD": 2, "USD": 2, "JPY": 0, "KWD": 3, "CLF": 4}


@dataclass(frozen=True)
class Use:
    """What was used: units priced, units that choose tiers, events, and the value of each."""

    units: Fraction
    full_units: Fraction
    events_count: int
    values: tuple[Fraction, ...] = ()
    named_cents: Fraction = ZERO


def half_up(number: Fraction) -> int:
    """Return the nearest whole number, halves away from zero."""
    return floor(number + Fraction(1, 2)) if number >= 0 else -half_up(-number)


def cents_of(amount: Fraction, currency: str) -> int:
    """Return an amount as whole cents, nothing below zero."""
    return half_up(max(amount, ZERO) * 10 ** EXPONENTS[currency])


def plain_price(terms: ChargeTerms, use: Use, currency: str) -> Fraction:
    """Return what some use costs in arrears."""
    match terms:
        case StandardTerms():
            return max(use.units, ZERO) * Fraction(terms.amount)
        case PackageTerms():
            paid = max(use.units - terms.free_units, ZERO)
            return ceil(paid / terms.package_size) * Fraction(terms.amount)
        case GraduatedTerms() | GraduatedPercentageTerms():
            return ladder_price(terms.tiers, _tier_prices(terms), use.units)
        case VolumeTerms():
            return _volume(terms, use)
        case PercentageTerms():
            return _percentage(terms, use)
        case DynamicTerms():
            return use.named_cents / 10 ** EXPONENTS[currency] if use.units > 0 else ZERO
        case _:
            raise ValueError(f"no reader knows {terms}")


def _tier_prices(terms: GraduatedTerms | GraduatedPercentageTerms) -> list[Fraction]:
    if isinstance(terms, GraduatedTerms):
        return [Fraction(tier.per_unit_amount) for tier in terms.tiers]
    return [Fraction(tier.rate) / 100 for tier in terms.tiers]


def ladder_price(
    tiers: Sequence[Tier | PercentageTier], prices: Sequence[Fraction], units: Fraction
) -> Fraction:
    """Return what units cost tier by tier; a tier holds what is above the top of the one before."""
    if units < 0:
        return ZERO
    total, floor_of_tier = ZERO, ZERO
    for number, (tier, price) in enumerate(zip(tiers, prices, strict=True)):
        if number and units <= floor_of_tier:
            break
        top = units if tier.to_value is None else min(units, Fraction(tier.to_value))
        total += (top - floor_of_tier) * price + Fraction(tier.flat_amount)
        floor_of_tier = Fraction(tier.to_value or 0)
    return total


def _volume(terms: VolumeTerms, use: Use) -> Fraction:
    if use.units < 0 or use.full_units < 0:
        return ZERO
    for tier in terms.tiers:
        if tier.to_value is None or ceil(use.full_units) <= tier.to_value:
            return use.units * Fraction(tier.per_unit_amount) + Fraction(tier.flat_amount)
    raise ValueError("the ladder has an end")


def _percentage(terms: PercentageTerms, use: Use) -> Fraction:
    if use.units < 0:
        return ZERO
    if has_limits(terms):
        return sum(limited_amounts(terms, use.values), ZERO)
    return percentage_total(terms, use.units, use.events_count, use.values)


def has_limits(terms: PercentageTerms) -> bool:
    """Say whether each event has a least or a highest price."""
    limits = (terms.per_transaction_min_amount, terms.per_transaction_max_amount)
    return any(limit is not None for limit in limits)


def percentage_total(
    terms: PercentageTerms, units: Fraction, events_count: int, values: Sequence[Fraction]
) -> Fraction:
    """Return the rate on what is not free, and the fixed amount of each event that is not."""
    first, total = terms.free_units_per_events, terms.free_units_per_total_aggregation
    levels = [sum(values[: number + 1], ZERO) for number in range(len(values))]
    if first:
        levels = levels[:first]
    level = levels[-1] if levels else ZERO
    free_units, free_events = ZERO, 0
    if total:
        below = len([each for each in levels if each < total])
        free_units = min(level, Fraction(total))
        free_events = min([count for count in (first, below) if count], default=0)
    elif first:
        free_units, free_events = level, first
    if not values:
        free_units, free_events = ZERO, 0
    paid_events = max(events_count - free_events, 0) if units else 0
    paid_units = max(units - free_units, ZERO)
    return paid_units * Fraction(terms.rate) / 100 + paid_events * Fraction(terms.fixed_amount)


def limited_amounts(terms: PercentageTerms, values: Sequence[Fraction]) -> list[Fraction]:
    """Return what each event costs between its limits, after the free ones or the free total."""
    left = Fraction(terms.free_units_per_total_aggregation or 0)
    free_events = 0 if left else terms.free_units_per_events or 0
    amounts = []
    for value in values:
        if free_events or value < left:
            free_events, left = max(free_events - 1, 0), max(left - value, ZERO)
            amounts.append(ZERO)
            continue
        amount = (value - left) * Fraction(terms.rate) / 100 + Fraction(terms.fixed_amount)
        left = ZERO
        least, most = terms.per_transaction_min_amount, terms.per_transaction_max_amount
        if least is not None and amount < least:
            amount = Fraction(least)
        elif most is not None and amount > most:
            amount = Fraction(most)
        amounts.append(amount)
    return amounts


def after_quota(use: Use, quota: Decimal) -> Use:
    """Return what is left once the included units are used up, in time order."""
    if not quota or use.units < 0:
        return use
    included, level, left = Fraction(quota), ZERO, []
    for value in use.values:
        before, level = level, level + value
        if max(before, level) > included:
            left.append(max(level - included, ZERO) - max(before - included, ZERO))
    units = max(use.units - included, ZERO)
    return Use(units, units, len(left), tuple(left), use.named_cents)


def prorated_ladder_price(
    terms: GraduatedTerms, units: Fraction, parts: Sequence[tuple[Fraction, Fraction]]
) -> Fraction:
    """Return the price of (full value, weight) by time: the level picks the tier, weighed (4.4)."""
    prices = [Fraction(tier.per_unit_amount) for tier in terms.tiers]
    flats = [Fraction(tier.flat_amount) for tier in terms.tiers]
    if not units:
        return flats[0]
    level = highest = total = ZERO
    for value, weight in parts:
        if value:
            before, level = level, level + value
            total += weight * (
                _without_flats(terms, prices, level) - _without_flats(terms, prices, before)
            )
            highest = max(highest, level)
    if level < 0:
        return ZERO
    tops = [tier.to_value for tier in terms.tiers if tier.to_value is not None]
    reached = 1 + len([top for top in tops if top < highest])
    return max(total, ZERO) + sum(flats[:reached], ZERO)


def _without_flats(terms: GraduatedTerms, prices: Sequence[Fraction], units: Fraction) -> Fraction:
    free = tuple(
        Tier(tier.from_value, tier.to_value, tier.per_unit_amount, Decimal(0))
        for tier in terms.tiers
    )
    return ladder_price(free, prices, units)


def fees_in_advance(
    terms: ChargeTerms,
    parts: Sequence[tuple[Fraction, Fraction]],
    quota: Decimal,
    currency: str,
) -> list[int]:
    """Return the cents of each event of (value, weight), by time: what it adds above the peak."""
    if isinstance(terms, PercentageTerms):
        return _percentage_fees(terms, [value for value, _ in parts], Fraction(quota), currency)
    level = peak = paid = ZERO
    fees = []
    for value, weight in parts:
        level += value
        rise = max(level - Fraction(quota) - peak, ZERO)
        peak += rise
        if isinstance(terms, StandardTerms):
            fees.append(cents_of(rise * weight * Fraction(terms.amount), currency))
        else:
            total = plain_price(terms, Use(peak, peak, len(fees) + 1), currency)
            fees.append(cents_of(total - paid, currency))
            paid = total
    return fees


def _percentage_fees(
    terms: PercentageTerms, values: Sequence[Fraction], included: Fraction, currency: str
) -> list[int]:
    """Price the part of each event beyond the quota; values never fall here."""
    beyond, level = [], ZERO
    for value in values:
        before, level = level, level + value
        if not included or level > included:
            beyond.append(max(level - included, ZERO) - max(before - included, ZERO))
    if has_limits(terms):
        return [cents_of(amount, currency) for amount in limited_amounts(terms, beyond)]
    totals = [
        percentage_total(terms, sum(beyond[:count], ZERO), count, beyond[:count])
        for count in range(len(beyond) + 1)
    ]
    return [
        cents_of(after - before, currency)
        for before, after in zip([ZERO, *totals[1:]], totals[1:], strict=False)
    ]

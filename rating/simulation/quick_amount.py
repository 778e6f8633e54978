"""The amount alone: what a bucket costs in cents, without the steps that explain it. Pure.

Equal to `group_prices` to the cent, whatever the charge model: for amounts that nobody is billed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, TypeAlias

from aggregation.quantity import NO_USAGE, Quantity
from catalog.charge_terms import (
    GraduatedPercentageTerms,
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    StandardTerms,
    VolumeTerms,
)
from catalog.money import MONEY_CONTEXT, ZERO, currency_exponent
from rating.bucket_price import group_prices
from rating.charge_bucket import ChargeBucket
from rating.charge_models import wants_event_values
from rating.simulation.quick_amount_tiers import (
    graduated_amount,
    graduated_percentage_amount,
    volume_amount,
)

HUNDRED = Decimal(100)
ONE = Decimal(1)
# Both must be called under the money context.
UnitsAmount: TypeAlias = Callable[[Decimal, int], Decimal]
UnitsCents: TypeAlias = Callable[[Decimal, int], int]


@dataclass(frozen=True, slots=True)
class QuickPrice:
    """A bucket ready to be priced many times, in one currency.

    `of_units` gives cents from units and the events counted; None where more than these decide.
    """

    bucket: ChargeBucket
    currency: str
    of_units: UnitsCents | None

    def cents(self, quantity: Quantity) -> int:
        """Return what all groups of a quantity cost, each rounded to cents."""
        of_units, parts = self.of_units, _parts(self.bucket, quantity)
        if of_units is None or any(map(_is_prorated, parts)):
            fees = group_prices(self.bucket, quantity, self.currency)
            return sum(fee.amount_cents for fee in fees)
        with localcontext(MONEY_CONTEXT):
            return sum(of_units(part.units, part.events_count) for part in parts)


def quick_price(bucket: ChargeBucket, currency: str) -> QuickPrice:
    """Return how a bucket is priced in cents of `currency`, with nothing explained."""
    return QuickPrice(bucket, currency, _of_units(bucket, currency_exponent(currency)))


def _parts(bucket: ChargeBucket, quantity: Quantity) -> Sequence[Quantity]:
    if not bucket.group_keys:
        return [quantity]
    return [each.quantity for each in quantity.groups] or [NO_USAGE]


def _is_prorated(quantity: Quantity) -> bool:
    return quantity.full_units is not None or quantity.event_prorated_values is not None


def _of_units(bucket: ChargeBucket, exponent: int) -> UnitsCents | None:
    charge, included = bucket.charge, bucket.quantity_included
    needs_events = wants_event_values(
        bucket.terms,
        included,
        is_prorated=charge.is_prorated,
        is_pay_in_advance=charge.is_pay_in_advance,
    )
    ready = AMOUNTS.get(type(bucket.terms))
    if needs_events or ready is None:
        return None
    amount_of = ready(bucket.terms)

    def cents(units: Decimal, events_count: int) -> int:
        exact = amount_of(units, events_count)
        return int(exact.scaleb(exponent).quantize(ONE, ROUND_HALF_UP)) if exact > ZERO else 0

    def cents_after_quota(units: Decimal, events_count: int) -> int:
        if units > ZERO:
            units = units - included if units > included else ZERO
        return cents(units, events_count)

    return cents_after_quota if included else cents


def _standard(terms: StandardTerms) -> UnitsAmount:
    price = terms.amount
    return lambda units, _: units * price if units > ZERO else ZERO


def _package(terms: PackageTerms) -> UnitsAmount:
    free_units, size = Decimal(terms.free_units), Decimal(terms.package_size)

    def amount(units: Decimal, _: int) -> Decimal:
        paid = max(max(units, ZERO) - free_units, ZERO)
        packages, begun = divmod(paid, size)
        return (packages + 1 if begun else packages) * terms.amount

    return amount


def _percentage(terms: PercentageTerms) -> UnitsAmount:
    with localcontext(MONEY_CONTEXT):
        rate = terms.rate / HUNDRED

    def amount(units: Decimal, events_count: int) -> Decimal:
        if units <= 0:
            return ZERO
        return units * rate + Decimal(max(events_count, 0)) * terms.fixed_amount

    return amount


# What usage itself prices (dynamic, custom) has no amount of units.
AMOUNTS: dict[type, Callable[[Any], UnitsAmount]] = {
    StandardTerms: _standard,
    GraduatedTerms: graduated_amount,
    GraduatedPercentageTerms: graduated_percentage_amount,
    VolumeTerms: volume_amount,
    PackageTerms: _package,
    PercentageTerms: _percentage,
}

"""What a charge bucket costs: included quota, charge model, rounding, group by group. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from aggregation.quantity import NO_USAGE, Quantity
from catalog.money import MONEY_CONTEXT, ZERO, amount_of_cents, rounded_cents
from rating.charge_bucket import ChargeBucket
from rating.charge_models import model_price
from rating.included_quota import quantity_after_quota
from rating.marginal_fees import marginal_fees, peak_price
from rating.rated_line import Price, Step

NO_PRICE = Price(ZERO, ())


@dataclass(frozen=True, slots=True)
class GroupPrice:
    """One fee: a quantity of a bucket, or of one group of it, and its closed price."""

    group: tuple[tuple[str, str | None], ...]
    quantity: Quantity
    price: Price
    amount_cents: int


# The order is the contract:
# 1. The included quota is used up first, so that tiers, packages and free units are counted from
#    the first unit that is paid, and a customer within the quota sits in the first tier.
# 2. The charge model prices what is left, with unit prices at full precision. Nothing left is
#    priced like no usage: the first tier's flat amount is due (Lago).
# 3. A negative amount is no debt of ours: the line bills nothing (Lago).
# 4. Rounding comes last and once, half-up to the currency's cents: cents rounded earlier would
#    add up to another total.
def group_prices(bucket: ChargeBucket, quantity: Quantity, currency: str) -> Sequence[GroupPrice]:
    """Return the fees of a bucket: one, or one for each group; at least one (Lago).

    What is paid in advance costs the sum of its events' fees, each rounded to cents.
    """
    return [
        _closed(group, part, _billed_price(bucket, part, currency), currency)
        for group, part in _parts(bucket, quantity)
    ]


def group_prices_so_far(
    bucket: ChargeBucket, quantity: Quantity, currency: str
) -> Sequence[GroupPrice]:
    """Return the fees of a running period, as if it ended now.

    What is paid in advance is priced on the highest level reached, rounded once (Lago).
    """
    return [
        _closed(group, part, _running_price(bucket, part, currency), currency)
        for group, part in _parts(bucket, quantity)
    ]


def charge_price(bucket: ChargeBucket, quantity: Quantity, currency: str) -> Price:
    """Return the exact price, in currency units, of what the included quota leaves over."""
    included = bucket.quantity_included
    left = quantity_after_quota(bucket.terms, included, quantity)
    price = model_price(bucket.terms, left, currency)
    return _with_quota(price, included, quantity)


def _billed_price(bucket: ChargeBucket, quantity: Quantity, currency: str) -> Price:
    if not bucket.charge.is_pay_in_advance:
        return charge_price(bucket, quantity, currency)
    if not quantity.event_values:
        return NO_PRICE
    included = bucket.quantity_included
    fees = marginal_fees(bucket.terms, quantity, currency, quantity_included=included)
    with localcontext(MONEY_CONTEXT):
        amount = amount_of_cents(sum(fee.amount_cents for fee in fees), currency)
        units = sum((fee.units for fee in fees), ZERO)
    step = Step("fees of events in advance, each rounded to cents", units, None, None, amount)
    return _with_quota(Price(amount, (step,)), included, quantity)


def _running_price(bucket: ChargeBucket, quantity: Quantity, currency: str) -> Price:
    if not bucket.charge.is_pay_in_advance:
        return charge_price(bucket, quantity, currency)
    if not quantity.event_values:
        return NO_PRICE
    included = bucket.quantity_included
    price = peak_price(bucket.terms, quantity, currency, quantity_included=included)
    return _with_quota(price, included, quantity)


def _with_quota(price: Price, included: Decimal, quantity: Quantity) -> Price:
    if not included:
        return price
    used = max(min(quantity.units, included), ZERO)
    return Price(price.amount, (Step("included quota", used, ZERO, None, ZERO), *price.steps))


def closed_price(price: Price, currency: str) -> Price:
    """Return a price that is not negative, with the step that rounds it to cents.

    `amount` stays exact; the amounts of all steps add up to the rounded amount.
    """
    with localcontext(MONEY_CONTEXT):
        amount, steps = price.amount, list(price.steps)
        if amount < 0:
            steps.append(Step("not below zero", ZERO, None, None, -amount))
            amount = ZERO
        rounding = amount_of_cents(rounded_cents(amount, currency), currency) - amount
        if rounding:
            steps.append(Step("rounded half-up to cents", ZERO, None, None, rounding))
    return Price(amount, tuple(steps))


def _closed(
    group: tuple[tuple[str, str | None], ...], quantity: Quantity, price: Price, currency: str
) -> GroupPrice:
    closed = closed_price(price, currency)
    return GroupPrice(group, quantity, closed, rounded_cents(closed.amount, currency))


def _parts(
    bucket: ChargeBucket, quantity: Quantity
) -> Sequence[tuple[tuple[tuple[str, str | None], ...], Quantity]]:
    """Return the groups of a quantity; a grouped bucket without usage is one group of nothing."""
    keys = bucket.group_keys
    if not keys:
        return [((), quantity)]
    if not quantity.groups:
        return [(tuple((key, None) for key in keys), NO_USAGE)]
    return [(tuple(zip(keys, each.values, strict=True)), each.quantity) for each in quantity.groups]

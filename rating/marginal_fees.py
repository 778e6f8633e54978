"""Marginal fees: what each event of a charge paid in advance costs, the moment it is taken in.

An event costs what all events up to it cost, less what all before it did (Lago). Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from msgspec import structs

from aggregation.quantity import Quantity
from catalog.charge_terms import (
    CHARGE_MODEL_OF,
    ChargeTerms,
    DynamicTerms,
    GraduatedPercentageTerms,
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    StandardTerms,
)
from catalog.money import MONEY_CONTEXT, ZERO, currency_exponent, rounded_cents
from rating.charge_models import CHARGE_MODELS, model_price
from rating.charge_models.free_part import NOTHING_FREE, free_parts, has_free_part
from rating.charge_models.percentage import price_after_free
from rating.charge_models.transaction_limits import has_transaction_limits, priced_transactions
from rating.paid_levels import PaidLevel, paid_levels
from rating.rated_line import Price


@dataclass(frozen=True, slots=True)
class MarginalFee:
    """The fee of one event: `amount` is exact, in currency units; cents are rounded once."""

    event_id: str
    units: Decimal
    amount: Decimal
    amount_cents: int


def marginal_fees(
    terms: ChargeTerms,
    quantity: Quantity,
    currency: str,
    *,
    quantity_included: Decimal = ZERO,
    event_amounts_cents: Sequence[Decimal] = (),
) -> list[MarginalFee]:
    """Return the fee of each event of a period, in time order, each rounded half-up to cents.

    `quantity.event_values` must hold what each event changed the level by: for a unique count 1,
    0 or −1. The flat amount of the first tier comes with the first event. A dynamic charge needs
    `event_amounts_cents`. ValueError for a volume or custom charge, which Lago refuses too.
    """
    values, ids = quantity.event_values, quantity.event_ids
    if values is None or ids is None or len(values) != len(ids):
        raise ValueError(
            "fees in advance need the value and the id of each event: aggregate with"
            " wants_event_values=True"
        )
    with localcontext(MONEY_CONTEXT):
        levels = list(paid_levels(values, quantity_included))
        if isinstance(terms, DynamicTerms):
            amounts = _own_amounts(event_amounts_cents, len(values), currency)
        else:
            amounts = _amounts(terms, quantity, levels)
        return [
            MarginalFee(event_id, level.units, amount, rounded_cents(max(amount, ZERO), currency))
            for event_id, level, amount in zip(ids, levels, amounts, strict=True)
        ]


def peak_price(
    terms: ChargeTerms, quantity: Quantity, currency: str, *, quantity_included: Decimal = ZERO
) -> Price:
    """Return what a period's events cost together in advance, in currency units.

    It is priced on the highest level reached, while the quantity shows the present one (Lago).
    """
    if quantity.event_values is None:
        raise ValueError("the peak of a period needs each event: use wants_event_values=True")
    has_own_prices = isinstance(terms, DynamicTerms) or _prices_each_value(terms)
    with localcontext(MONEY_CONTEXT):
        levels = list(paid_levels(quantity.event_values, quantity_included))
        rises = [level.rise for level in levels]
        if quantity.event_prorated_values is not None:
            rises = list(_prorated_rises(quantity, levels))
        counted = [number for number, level in enumerate(levels) if level.is_beyond]
        values = tuple(
            levels[number].value if has_own_prices else rises[number] for number in counted
        )
        at_peak = structs.replace(
            quantity,
            units=max(quantity.units, ZERO) if has_own_prices else sum(rises, ZERO),
            full_units=None,
            event_prorated_values=None,
            events_count=len(values),
            event_values=values,
        )
    return model_price(terms, at_peak, currency)


def _amounts(
    terms: ChargeTerms, quantity: Quantity, levels: Sequence[PaidLevel]
) -> Iterator[Decimal]:
    """Return the exact amount of each event, in currency units."""
    match terms:
        case StandardTerms():
            return (rise * terms.amount for rise in _prorated_rises(quantity, levels))
        case GraduatedTerms() | GraduatedPercentageTerms() | PackageTerms():
            return _differences(_amounts_of_peaks(terms, levels))
        case PercentageTerms():
            return _percentage_amounts(terms, levels)
        case _:
            model = CHARGE_MODEL_OF[type(terms)].value
            raise ValueError(
                f"a {model} charge has no price for one event: it can only be paid in arrears"
            )


def _prorated_rises(quantity: Quantity, levels: Sequence[PaidLevel]) -> Iterator[Decimal]:
    """Yield each event's units above the peak, weighed as the event itself is."""
    if quantity.event_prorated_values is None:
        yield from (level.rise for level in levels)
        return
    full, prorated = quantity.event_values or (), quantity.event_prorated_values
    for level, value, part in zip(levels, full, prorated, strict=True):
        yield level.rise * part / value if level.rise else ZERO


def _amounts_of_peaks(terms: ChargeTerms, levels: Sequence[PaidLevel]) -> Iterator[Decimal]:
    """Yield what the peak costs after each event; an unmoved peak is not priced again."""
    price = CHARGE_MODELS[CHARGE_MODEL_OF[type(terms)]]
    amount = None
    for number, level in enumerate(levels, start=1):
        if amount is None or level.rise:
            amount = price(terms, Quantity(level.peak, events_count=number)).amount
        yield amount


def _differences(totals: Iterator[Decimal]) -> Iterator[Decimal]:
    """Yield how much each total adds to the one before; the first one is due whole."""
    before = ZERO
    for total in totals:
        yield total - before
        before = total


def _percentage_amounts(terms: PercentageTerms, levels: Sequence[PaidLevel]) -> Iterator[Decimal]:
    """Yield the amount of each event; one wholly within the quota owes nothing."""
    beyond = [level for level in levels if level.is_beyond]
    amounts: Iterator[Decimal]
    if _prices_each_value(terms):
        values = (level.value for level in beyond)
        amounts = (each.amount for each in priced_transactions(terms, values))
    else:
        amounts = _differences(_percentage_totals(terms, beyond))
    for level in levels:
        yield next(amounts) if level.is_beyond else ZERO


def _percentage_totals(terms: PercentageTerms, levels: Sequence[PaidLevel]) -> Iterator[Decimal]:
    """Yield what all events up to each one cost."""
    rises = (level.rise for level in levels)
    free = free_parts(terms, rises) if has_free_part(terms) else None
    for number, level in enumerate(levels, start=1):
        part = NOTHING_FREE if free is None else next(free)
        yield price_after_free(terms, level.peak, number, part).amount


def _prices_each_value(terms: ChargeTerms) -> bool:
    """Say whether each event is priced on its own value, whatever the level."""
    return isinstance(terms, PercentageTerms) and has_transaction_limits(terms)


def _own_amounts(
    event_amounts_cents: Sequence[Decimal], events_count: int, currency: str
) -> Iterator[Decimal]:
    """Return the amount that each event brought, in currency units."""
    if len(event_amounts_cents) != events_count:
        raise ValueError(
            f"{events_count} events of a dynamic charge brought {len(event_amounts_cents)} prices:"
            " give event_amounts_cents, 0 for an event that named none"
        )
    exponent = currency_exponent(currency)
    return (cents.scaleb(-exponent) for cents in event_amounts_cents)

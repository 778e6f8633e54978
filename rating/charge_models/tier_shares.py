"""Tier shares: what each tier of a price took part in, as Lago's amount details show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from catalog.money import MONEY_CONTEXT
from rating.rated_line import Price


@dataclass(frozen=True, slots=True)
class TierShare:
    """The units of one tier reached and what they cost, in currency units, in Lago's words."""

    units: Decimal
    per_unit_total_amount: Decimal
    flat_unit_amount: Decimal
    total_with_flat_amount: Decimal


def tier_shares(price: Price) -> Sequence[TierShare]:
    """Return the share of each tier reached, in order; none where a price has no tiers."""
    with localcontext(MONEY_CONTEXT):
        return [
            TierShare(
                units=step.units,
                per_unit_total_amount=step.amount - step.flat_amount,
                flat_unit_amount=step.flat_amount,
                total_with_flat_amount=step.amount,
            )
            for step in price.steps
            if step.flat_amount is not None
        ]

"""Which prices need each event's own value beside the total."""

from decimal import Decimal

from catalog.charge_terms import ChargeTerms, GraduatedTerms, PercentageTerms
from catalog.money import ZERO
from rating.charge_models.free_part import has_free_part
from rating.charge_models.transaction_limits import has_transaction_limits


def wants_event_values(
    terms: ChargeTerms,
    quantity_included: Decimal = ZERO,
    *,
    is_prorated: bool = False,
    is_pay_in_advance: bool = False,
) -> bool:
    """Say whether a price needs each event's own value beside their total.

    What is paid in advance is priced event by event, and the level of a prorated graduated charge
    rises event by event. An included quota is used up event by event where the paid ones owe a
    fixed amount.
    """
    if is_pay_in_advance:
        return True
    if isinstance(terms, GraduatedTerms):
        return is_prorated
    if not isinstance(terms, PercentageTerms):
        return False
    quota_meets_fixed_amount = bool(terms.fixed_amount and quantity_included)
    return has_free_part(terms) or has_transaction_limits(terms) or quota_meets_fixed_amount

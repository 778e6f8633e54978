"""The rated lines of a closing: plan fee, charges, what is due at least. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from aggregation.quantity import Quantity
from catalog.billing_periods import BillingPeriod
from catalog.plans import Charge
from rating.charge_window import closing_windows
from rating.closing import Closing
from rating.invoice_draft import draft_id
from rating.price_book import PriceBook
from rating.rated_line import RatedLine
from rating.rater import (
    RatingScope,
    plan_fee_cents,
    rated_charge_lines,
    rated_commitment_line,
    rated_fee_credit_line,
    rated_plan_fee_line,
    rated_true_up_line,
)


def rated_lines(
    book: PriceBook,
    closing: Closing,
    quantities: Mapping[str, Quantity],
    *,
    watermark: str,
    rated_at: datetime,
) -> list[RatedLine]:
    """Return the rated lines of a closing: its plan fee, its charges, then minimum amounts.

    A charge without usage and without amount makes no line, nor does a plan without a fee.
    """
    scope = _scope(book, closing, watermark, rated_at)
    lines = [*_fee_lines(scope, closing)]
    if closing.usage is not None:
        charges = _charge_lines(book, scope, closing, quantities)
        lines += [*charges, *_true_up_lines(scope, closing.usage, charges)]
        lines += _commitment_lines(scope, closing.usage, lines)
    return lines


def _scope(book: PriceBook, closing: Closing, watermark: str, rated_at: datetime) -> RatingScope:
    subscription = closing.subscription
    return RatingScope(
        draft_id=draft_id(subscription.id, closing.closing_at),
        subscription=subscription,
        plan=book.plan_until(subscription, closing.closing_at),
        zone=ZoneInfo(closing.timezone),
        service_zone=book.service.zone,
        watermark=watermark,
        rated_at=rated_at,
        first_started_at=book.first_started_at(subscription),
    )


def _fee_lines(scope: RatingScope, closing: Closing) -> Iterator[RatedLine]:
    if not scope.plan.amount_cents:
        return
    if closing.credit is not None:
        yield rated_fee_credit_line(scope, closing.credit)
    if closing.fee is not None:
        yield rated_plan_fee_line(scope, closing.fee)


def _charge_lines(
    book: PriceBook, scope: RatingScope, closing: Closing, quantities: Mapping[str, Quantity]
) -> list[RatedLine]:
    lines = [
        line
        for window in closing_windows(book, closing)
        for line in rated_charge_lines(scope, window, quantities[window.usage.key])
    ]
    return [line for line in lines if line.events_count or line.amount_cents]


def _true_up_lines(
    scope: RatingScope, period: BillingPeriod, charges: list[RatedLine]
) -> Iterator[RatedLine]:
    for charge in scope.plan.charges:
        if charge.min_amount_cents:
            used_cents = _cents_of(charge, charges)
            line = rated_true_up_line(scope, period, charge, used_cents)
            if line.amount_cents:
                yield line


def _cents_of(charge: Charge, lines: list[RatedLine]) -> int:
    return sum(line.amount_cents for line in lines if line.charge_id == charge.id)


def _commitment_lines(
    scope: RatingScope, period: BillingPeriod, lines: list[RatedLine]
) -> Iterator[RatedLine]:
    """Yield what is missing to the plan's minimum commitment for a period, fee included."""
    if not scope.plan.minimum_commitment_cents:
        return
    used_cents = plan_fee_cents(scope, period) + sum(
        line.amount_cents for line in lines if line.charge_id is not None
    )
    line = rated_commitment_line(scope, period, used_cents)
    if line.amount_cents:
        yield line

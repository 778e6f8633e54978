"""A charge window: one charge of one period, with the versions that price it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregation.quantity import Quantity, UsageWindow
from catalog.billing_periods import BillingPeriod
from catalog.plans import Charge, Plan
from catalog.subscriptions import Subscription
from rating.charge_models import wants_event_values
from rating.closing import Closing
from rating.invoice_draft import draft_id
from rating.price_book import PriceBook
from rating.rated_line import RatedLine
from rating.rater import RatingScope, rated_charge_line, rated_plan_fee_line


@dataclass(frozen=True, slots=True)
class ChargeWindow:
    """One charge of one subscription's period, and the usage it asks for."""

    charge: Charge
    usage: UsageWindow


def charge_windows(
    book: PriceBook, subscription: Subscription, plan: Plan, period: BillingPeriod
) -> list[ChargeWindow]:
    """Return the usage windows of every charge of a plan for one period."""
    return [
        ChargeWindow(charge, _usage_window(book, subscription, charge, period))
        for charge in plan.charges
    ]


def closing_windows(book: PriceBook, closing: Closing) -> list[ChargeWindow]:
    """Return the usage windows that a closing bills."""
    plan = book.plan_until(closing.subscription, closing.closing_at)
    return charge_windows(book, closing.subscription, plan, closing.period)


def rated_lines(
    book: PriceBook,
    closing: Closing,
    quantities: Mapping[str, Quantity],
    *,
    watermark: str,
    rated_at: datetime,
) -> list[RatedLine]:
    """Return the rated lines of a closing: its plan fee, then its charges.

    A charge without usage and without amount makes no line, nor does a plan without a fee.
    """
    subscription = closing.subscription
    plan = book.plan_until(subscription, closing.closing_at)
    scope = RatingScope(
        draft_id=draft_id(subscription.id, closing.closing_at),
        subscription=subscription,
        plan=plan,
        period=closing.period,
        zone=book.zone(subscription),
        service_zone=book.service.zone,
        watermark=watermark,
        rated_at=rated_at,
    )
    windows = closing_windows(book, closing)
    lines = _charge_lines(scope, windows, quantities)
    if plan.amount_cents:
        first_started_at = book.first_started_at(subscription)
        lines.insert(0, rated_plan_fee_line(scope, first_started_at=first_started_at))
    return lines


def _charge_lines(
    scope: RatingScope, windows: Sequence[ChargeWindow], quantities: Mapping[str, Quantity]
) -> list[RatedLine]:
    lines = [
        rated_charge_line(
            scope,
            charge=window.charge,
            metric=window.usage.metric,
            quantity=quantities[window.usage.key],
        )
        for window in windows
    ]
    return [line for line in lines if line.events_count or line.amount_cents]


def _usage_window(
    book: PriceBook, subscription: Subscription, charge: Charge, period: BillingPeriod
) -> UsageWindow:
    return UsageWindow(
        key=f"{subscription.id}/{charge.id}/{period.usage_start.isoformat()}",
        service_code=subscription.service_code,
        subscription_external_id=subscription.external_id,
        metric=book.metric_until(charge.metric_id, period.usage_end),
        start=period.usage_start,
        end=period.usage_end,
        wants_event_values=wants_event_values(charge.terms, charge.quantity_included),
    )

"""A charge window: one bucket of a charge in one period, and the usage it asks for. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import structs

from aggregation.quantity import Selection, UsageWindow
from catalog.billing_periods import BillingPeriod
from catalog.plans import Charge, Plan
from catalog.subscriptions import Subscription
from rating.charge_bucket import ChargeBucket, charge_buckets
from rating.charge_models import wants_event_values
from rating.closing import Closing
from rating.price_book import PriceBook


@dataclass(frozen=True, slots=True)
class ChargeWindow:
    """One bucket of one charge in a subscription's period, and the usage it asks for."""

    bucket: ChargeBucket
    usage: UsageWindow

    @property
    def charge(self) -> Charge:
        """Return the charge that the bucket is a part of."""
        return self.bucket.charge


def charge_windows(
    book: PriceBook, subscription: Subscription, plan: Plan, period: BillingPeriod, timezone: str
) -> list[ChargeWindow]:
    """Return the windows of every bucket of every charge of a plan for one period."""
    return [
        window
        for charge in plan.charges
        for window in _windows(book, subscription, charge, period, timezone)
    ]


def closing_windows(book: PriceBook, closing: Closing) -> list[ChargeWindow]:
    """Return the windows that a closing bills."""
    if closing.usage is None:
        return []
    plan = book.plan_until(closing.subscription, closing.closing_at)
    return charge_windows(book, closing.subscription, plan, closing.usage, closing.timezone)


def presentation_window(window: ChargeWindow) -> UsageWindow | None:
    """Return the question how a window's units split for display, None where nobody asks."""
    keys = tuple(each.key for each in window.charge.presentation_keys)
    if not keys:
        return None
    usage = window.usage
    return structs.replace(
        usage,
        key=f"{usage.key}/presented",
        group_keys=(*usage.group_keys, *keys),
        wants_event_values=False,
    )


def _windows(
    book: PriceBook,
    subscription: Subscription,
    charge: Charge,
    period: BillingPeriod,
    timezone: str,
) -> Iterator[ChargeWindow]:
    metric = book.metric_until(charge.metric_id, period.usage_end)
    whole = UsageWindow(
        key="",
        service_code=subscription.service_code,
        subscription_external_id=subscription.external_id,
        metric=metric,
        start=period.usage_start,
        end=period.usage_end,
        is_prorated=charge.is_prorated,
        period_days=period.days,
        timezone=timezone,
    )
    for bucket, selection in charge_buckets(charge, metric):
        yield ChargeWindow(bucket, _usage_window(whole, subscription, bucket, selection))


def _usage_window(
    whole: UsageWindow, subscription: Subscription, bucket: ChargeBucket, selection: Selection
) -> UsageWindow:
    charge = bucket.charge
    return structs.replace(
        whole,
        key=f"{subscription.id}/{bucket.key}/{whole.start.isoformat()}",
        selection=selection,
        group_keys=bucket.group_keys,
        wants_event_values=wants_event_values(
            bucket.terms,
            bucket.quantity_included,
            is_prorated=charge.is_prorated,
            is_pay_in_advance=charge.is_pay_in_advance,
        ),
    )

"""A closing: the moment a subscription is billed, for what ended or begins then. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from catalog.billing_periods import (
    BillingPeriod,
    begun_periods,
    billing_period_at,
    ended_periods,
    usage_interval,
)
from catalog.plans import Plan
from catalog.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class Billed:
    """Up to which instants a subscription's usage and plan fee are billed; None: nothing is."""

    usage_until: datetime | None = None
    fee_until: datetime | None = None


NOTHING_BILLED = Billed()


@dataclass(frozen=True, slots=True)
class FeeCredit:
    """A fee paid in advance and then cut off: the period that was paid, and what of it is due."""

    paid: BillingPeriod
    due: BillingPeriod


@dataclass(frozen=True, slots=True)
class Closing:
    """One billing moment, in days of `timezone`.

    `usage` is the period whose usage is due, `fee` the one whose plan fee is: the same one in
    arrears, the one that begins when the plan is paid in advance.
    """

    subscription: Subscription
    closing_at: datetime
    timezone: str
    usage: BillingPeriod | None = None
    fee: BillingPeriod | None = None
    credit: FeeCredit | None = None

    @property
    def billed(self) -> Billed:
        """Return how far this closing bills the subscription; None where it bills nothing."""
        fee_until = self.fee.usage_end if self.fee else None
        return Billed(
            usage_until=self.usage.usage_end if self.usage else None,
            fee_until=self.closing_at if self.credit else fee_until,
        )


class _Periods(msgspec.Struct, omit_defaults=True):
    """What a closing bills, as its draft keeps it."""

    timezone: str
    usage: BillingPeriod | None = None
    fee: BillingPeriod | None = None
    credit: FeeCredit | None = None


_periods = msgspec.json.Decoder(_Periods)


def closing_text(closing: Closing) -> str:
    """Return a closing's periods as JSON: what was billed stays known whatever changes later."""
    kept = _Periods(closing.timezone, closing.usage, closing.fee, closing.credit)
    return msgspec.json.encode(kept).decode()


def closing_of_text(subscription: Subscription, closing_at: datetime, text: str) -> Closing:
    """Return the closing that `closing_text` wrote."""
    kept = _periods.decode(text)
    return Closing(subscription, closing_at, kept.timezone, kept.usage, kept.fee, kept.credit)


def closings(
    subscription: Subscription,
    plan: Plan,
    zone: ZoneInfo,
    until: datetime,
    billed: Billed = NOTHING_BILLED,
    *,
    trial_ends_at: datetime | None = None,
) -> Iterator[Closing]:
    """Yield every closing up to `until` (included) that is not billed, oldest first.

    The fee of a plan paid in advance is due when its period begins, or when the trial ends in it.
    """
    found: dict[datetime, Closing] = {}

    def at(closing_at: datetime) -> Closing:
        return found.get(closing_at, Closing(subscription, closing_at, zone.key))

    interval = usage_interval(plan)
    for period in ended_periods(subscription, interval, zone, until, billed.usage_until):
        found[period.usage_end] = replace(at(period.usage_end), usage=period)
    for due_at, period in _fees(subscription, plan, zone, until, billed, trial_ends_at):
        found[due_at] = replace(at(due_at), fee=period)
    credit = _credit(subscription, plan, zone, until, billed)
    if credit is not None:
        ended_at = credit.due.usage_end
        found[ended_at] = replace(at(ended_at), credit=credit)
    for closing_at in sorted(found):
        yield found[closing_at]


def _fees(
    subscription: Subscription,
    plan: Plan,
    zone: ZoneInfo,
    until: datetime,
    billed: Billed,
    trial_ends_at: datetime | None,
) -> Iterator[tuple[datetime, BillingPeriod]]:
    """Yield the periods whose plan fee is due, and when."""
    fee_until = billed.fee_until
    if not plan.is_pay_in_advance:
        for period in ended_periods(subscription, plan.interval, zone, until, fee_until):
            yield period.usage_end, period
        return
    for period in begun_periods(subscription, plan.interval, zone, until, fee_until):
        due_at = max(period.usage_start, min(trial_ends_at or period.usage_start, period.usage_end))
        if due_at > until:
            return
        yield due_at, period


def _credit(
    subscription: Subscription, plan: Plan, zone: ZoneInfo, until: datetime, billed: Billed
) -> FeeCredit | None:
    """Return the fee that was paid for the time after a subscription's end."""
    ended_at, paid_until = subscription.terminated_at, billed.fee_until
    if ended_at is None or paid_until is None or ended_at > until:
        return None
    if not plan.is_pay_in_advance or paid_until <= ended_at:
        return None
    endless = replace(subscription, terminated_at=None)
    return FeeCredit(
        paid=billing_period_at(endless, plan.interval, zone, ended_at),
        due=billing_period_at(subscription, plan.interval, zone, ended_at),
    )

"""Subscriptions together with what an answer shows beside them: plan and running period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catalog.billing_periods import BillingPeriod, billing_period_at
from catalog.plans import Plan
from catalog.services import Service
from catalog.store.accounts import accounts_by_id
from catalog.store.plans import plans_by_id
from catalog.subscriptions import Subscription, SubscriptionStatus


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription, its plan's newest version, and the period running now, if it is active."""

    subscription: Subscription
    plan: Plan
    period: BillingPeriod | None


def subscription_views(
    connection: sa.Connection, service: Service, found: Sequence[Subscription], at: datetime
) -> list[SubscriptionView]:
    """Return a view of each subscription, as it is at an instant."""
    plans = plans_by_id(connection, service.code, {one.plan_id for one in found})
    accounts = accounts_by_id(connection, service.code, {one.account_id for one in found})
    return [
        SubscriptionView(
            one,
            plans[one.plan_id],
            billing_period_at(
                one,
                plans[one.plan_id].interval,
                accounts[one.account_id].zone(service),
                max(at, one.started_at),
            )
            if one.status is SubscriptionStatus.ACTIVE and one.started_at is not None
            else None,
        )
        for one in found
    ]

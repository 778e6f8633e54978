"""Subscriptions together with what an answer shows beside them: plan and running period."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from catalog.billing_periods import BillingPeriod, billing_period_at, usage_interval
from catalog.plans import Plan
from catalog.services import Service
from catalog.store.accounts import accounts_by_id
from catalog.store.plans import plans_by_id
from catalog.store.subscriptions import (
    SubscriptionFilter,
    list_subscriptions,
    subscriptions_by_id,
    successors_of,
)
from catalog.subscription_view import SubscriptionView
from catalog.subscriptions import Subscription, SubscriptionStatus


def subscription_views(
    connection: sa.Connection, service: Service, found: Sequence[Subscription], at: datetime
) -> list[SubscriptionView]:
    """Return a view of each subscription, as it is at an instant."""
    plans = plans_by_id(connection, service.code, {one.plan_id for one in found})
    accounts = accounts_by_id(connection, service.code, {one.account_id for one in found})
    previous = subscriptions_by_id(
        connection, service.code, {one.previous_id for one in found if one.previous_id}
    )
    successors = successors_of(connection, service.code, {one.id for one in found})
    return [
        SubscriptionView(
            one,
            plans[one.plan_id],
            zone,
            _running_period(one, plans[one.plan_id], zone, at),
            previous[one.previous_id].plan_code if one.previous_id else None,
            successors.get(one.id),
        )
        for one in found
        for zone in [accounts[one.account_id].zone(service)]
    ]


def listed_views(
    connection: sa.Connection,
    service: Service,
    asked: SubscriptionFilter,
    page: tuple[int, int],
    at: datetime,
) -> tuple[list[SubscriptionView], int]:
    """Return the views of a page (size, offset) of subscriptions, and how many match in all."""
    found, total = list_subscriptions(connection, service.code, asked, *page)
    return subscription_views(connection, service, found, at), total


def _running_period(
    one: Subscription, plan: Plan, zone: ZoneInfo, at: datetime
) -> BillingPeriod | None:
    """Return the usage period running now (Lago shows that one)."""
    if one.status is not SubscriptionStatus.ACTIVE or one.started_at is None:
        return None
    return billing_period_at(one, usage_interval(plan), zone, max(at, one.started_at))

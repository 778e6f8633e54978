"""The price book: everything of a service that decides a price, read at one moment, all versions.

So a changed price never changes a finished period: each window finds the version that was in
force at its last instant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from catalog.accounts import Account
from catalog.billable_metrics import BillableMetric
from catalog.plans import Plan
from catalog.services import Service
from catalog.subscriptions import Subscription
from catalog.versions import version_in_force


@dataclass(frozen=True)
class PriceBook:
    """A service's subscriptions, accounts, and every version of its plans and metrics, by id."""

    service: Service
    subscriptions: Sequence[Subscription]
    accounts: Mapping[str, Account]
    plans: Mapping[str, Sequence[Plan]]
    metrics: Mapping[str, Sequence[BillableMetric]]

    def zone(self, subscription: Subscription) -> ZoneInfo:
        """Return the timezone of the account, else of the service."""
        own = self.accounts[subscription.account_id].timezone
        return ZoneInfo(own) if own else self.service.zone

    def plan_until(self, subscription: Subscription, end: datetime) -> Plan:
        """Return the plan version in force just before `end`."""
        return version_in_force(self.plans[subscription.plan_id], end)

    def metric_until(self, metric_id: str, end: datetime) -> BillableMetric:
        """Return the metric version in force just before `end`."""
        return version_in_force(self.metrics[metric_id], end)

    @property
    def counts_history(self) -> bool:
        """Say whether some metric counts usage of all times, so that none of it may go."""
        return any(each.recurring for versions in self.metrics.values() for each in versions)

    def first_started_at(self, subscription: Subscription) -> datetime:
        """Return the first start under a subscription's external id: trials run from it (Lago)."""
        start = self.first_starts.get(subscription.external_id)
        if start is None:
            raise ValueError(f"subscription {subscription.external_id} has not started")
        return start

    @cached_property
    def first_starts(self) -> Mapping[str, datetime]:
        """Return the first start under each external id that has one."""
        found: dict[str, datetime] = {}
        for each in self.subscriptions:
            if each.started_at is not None:
                known = found.get(each.external_id, each.started_at)
                found[each.external_id] = min(known, each.started_at)
        return found

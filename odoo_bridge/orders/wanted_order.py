"""Which orders there should be, and what each should say. Pure.

A change of plan ends one subscription and begins another; together they are one order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from catalog.accounts import Account
from catalog.plans import Plan, PlanInterval
from catalog.subscriptions import Subscription, SubscriptionStatus
from odoo_bridge.external_ids import digest
from odoo_bridge.move_rows import amount_text

STARTED = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.TERMINATED})
# How often Odoo repeats: a number, and its unit as `sale.subscription.plan` has it.
RECURRENCES: Mapping[PlanInterval, tuple[int, str]] = {
    PlanInterval.WEEKLY: (1, "week"),
    PlanInterval.MONTHLY: (1, "month"),
    PlanInterval.QUARTERLY: (3, "month"),
    PlanInterval.SEMIANNUAL: (6, "month"),
    PlanInterval.YEARLY: (1, "year"),
}


@dataclass(frozen=True, slots=True)
class Succession:
    """The subscriptions that followed each other, oldest first, of those that have started."""

    members: tuple[Subscription, ...]

    @property
    def first(self) -> Subscription:
        """Return the one that gives the order its name in Odoo."""
        return self.members[0]

    @property
    def current(self) -> Subscription:
        """Return the one that runs, or ran last."""
        return self.members[-1]

    @property
    def is_closed(self) -> bool:
        """Say whether none of them runs any more."""
        return self.current.status is not SubscriptionStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class WantedOrder:
    """What the order of a succession should say: its plan as in force now.

    Before `clock_from` no clock of Odoo's may bill the fee.
    """

    succession: Succession
    plan: Plan
    account: Account
    starts_on: date
    clock_from: date

    @property
    def key(self) -> str:
        """Return the id that names the order: that of the first subscription."""
        return self.succession.first.id

    @property
    def is_closed(self) -> bool:
        """Say whether the order is to be closed."""
        return self.succession.is_closed

    @property
    def price(self) -> str:
        """Return the fee of a period as plain text in currency units."""
        return amount_text(self.plan.amount_cents, self.plan.amount_currency)

    @property
    def title(self) -> str:
        """Return what the order's line is called."""
        return self.plan.invoice_display_name or self.plan.name

    @property
    def settled_as(self) -> str:
        """Return what tells this order from the same one after a change."""
        plan = self.plan
        told = (plan.id, plan.interval.value, str(plan.amount_cents), plan.amount_currency)
        state = "closed" if self.is_closed else "open"
        return digest(self.succession.current.id, *told, self.title, state)


def successions(subscriptions: Iterable[Subscription]) -> list[Succession]:
    """Return the successions of all subscriptions that have started, oldest first."""
    started = {one.id: one for one in subscriptions if one.status in STARTED}
    ways = {one.id: _way_back(one, started) for one in started.values()}
    grouped: dict[str, list[Subscription]] = {}
    for one in started.values():
        grouped.setdefault(ways[one.id][-1], []).append(one)
    found = [
        Succession(tuple(sorted(members, key=lambda one: _place(one, ways))))
        for members in grouped.values()
    ]
    return sorted(found, key=lambda one: (one.first.created_at, one.first.id))


def start_date(succession: Succession, zone: ZoneInfo) -> date:
    """Return the local day on which the first subscription began."""
    first = succession.first
    return (first.started_at or first.subscription_at).astimezone(zone).date()


def _way_back(one: Subscription, started: Mapping[str, Subscription]) -> tuple[str, ...]:
    """Return the ids from a subscription back to the first one, both included."""
    way = [one.id]
    while one.previous_id is not None and one.previous_id in started:
        one = started[one.previous_id]
        if one.id in way:
            break
        way.append(one.id)
    return tuple(way)


def _place(one: Subscription, ways: Mapping[str, Sequence[str]]) -> tuple[bool, int]:
    """Return what sorts by who followed whom, the one that runs last."""
    return one.status is SubscriptionStatus.ACTIVE, len(ways[one.id])

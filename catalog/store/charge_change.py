"""A charge of one subscription that gets a price of its own: on the override of its plan."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catalog.billable_metrics import BillableMetric
from catalog.errors import NotFound
from catalog.lago_shapes.charges import ChargeReading
from catalog.plan_overrides import charge_known_as
from catalog.plan_parts import found_charge
from catalog.plans import Charge, Plan
from catalog.store.billable_metrics import metric_of
from catalog.store.plan_changes import charge_reading
from catalog.store.plans import plan_of
from catalog.store.subscription_overrides import keep_own_charge, override_of
from catalog.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class ChargeChange:
    """A charge of a subscription's plan, and the override that its own one will be kept on."""

    connection: sa.Connection
    subscription: Subscription
    charge: Charge
    override: Plan
    at: datetime
    new_id: Callable[[], str]

    @property
    def own(self) -> Charge:
        """Return what the charge is on the override; NotFound where it is none."""
        own = charge_known_as(self.override, self.charge.id)
        if own is None:
            raise NotFound("charge")
        return own

    @property
    def metric(self) -> BillableMetric:
        """Return the metric that the charge prices."""
        return metric_of(self.connection, self.override.service_code, self.charge)

    @property
    def reading(self) -> ChargeReading:
        """Return what reading charges of the override needs to know."""
        return charge_reading(self.connection, self.override, self.at, self.new_id)

    def keep(self, changed: Charge) -> None:
        """Give the subscription a changed charge from now on."""
        keep_own_charge(self.connection, self.subscription, self.override, changed, self.at)


def charge_change(
    connection: sa.Connection,
    subscription: Subscription,
    code: str,
    at: datetime,
    new_id: Callable[[], str],
) -> ChargeChange:
    """Return a charge of the subscription's plan to be changed in this transaction, by its code.

    NotFound when the plan has none of that code.
    """
    charge = found_charge(plan_of(connection, subscription), code)
    override = override_of(connection, subscription, at, new_id)
    return ChargeChange(connection, subscription, charge, override, at, new_id)

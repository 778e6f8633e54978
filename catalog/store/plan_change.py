"""A plan that is being changed: held under the lock of its service, kept with its overrides."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catalog.lago_shapes.charges import ChargeReading
from catalog.plan_overrides import with_charge
from catalog.plans import Charge, Plan
from catalog.store.plan_changes import charge_reading, keep_plan
from catalog.store.plans import found_plan
from catalog.store.services import lock_service
from catalog.store.subscriptions import has_live_subscriptions


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A plan under the lock of its service, and what reading its charges needs to know."""

    connection: sa.Connection
    plan: Plan
    reading: ChargeReading

    @property
    def is_subscribed(self) -> bool:
        """Say whether the plan has live subscriptions."""
        return has_live_subscriptions(self.connection, self.plan.service_code, self.plan.id)

    def keep(self, changed: Plan, *, cascades: bool) -> Plan:
        """Keep a changed plan from now on, with its overrides if they are to follow."""
        return keep_plan(self.connection, self.plan, changed, self.reading, cascades=cascades)

    def keep_charge(self, changed: Charge, *, cascades: bool) -> None:
        """Keep the plan with a changed charge from now on."""
        self.keep(with_charge(self.plan, changed), cascades=cascades)


def plan_change(
    connection: sa.Connection,
    service_code: str,
    code: str,
    at: datetime,
    new_id: Callable[[], str],
) -> PlanChange:
    """Return a plan to be changed in this transaction; NotFound when there is none."""
    lock_service(connection, service_code)
    plan = found_plan(connection, service_code, code)
    return PlanChange(connection, plan, charge_reading(connection, plan, at, new_id))

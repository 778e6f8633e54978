"""A plan changed, and what the change does to its overrides where it is asked to reach them."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from catalog.lago_shapes.charges import ChargeReading
from catalog.plan_cascade import cascaded_plan
from catalog.plans import Plan
from catalog.store.billable_metrics import metrics_by_id
from catalog.store.plans import live_overrides, save_plan


def charge_reading(
    connection: sa.Connection, plan: Plan, at: datetime, new_id: Callable[[], str]
) -> ChargeReading:
    """Return what reading charges of a plan needs to know."""
    metrics = metrics_by_id(connection, plan.service_code)
    return ChargeReading(plan.charges, metrics, at, new_id)


def keep_plan(
    connection: sa.Connection, kept: Plan, changed: Plan, reading: ChargeReading, *, cascades: bool
) -> Plan:
    """Keep a changed plan from the reading's instant on, with its overrides if they are to follow.

    The caller holds the service's lock.
    """
    saved = save_plan(connection, kept, changed, reading.at)
    for override in live_overrides(connection, kept) if cascades else ():
        follows = cascaded_plan(override, kept, saved, reading.at, reading.new_id)
        save_plan(connection, override, follows, reading.at)
    return saved

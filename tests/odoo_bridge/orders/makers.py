"""Makers of subscriptions that follow each other, and of what their order should say."""

from dataclasses import replace
from datetime import UTC, date, datetime

from catalog.accounts import Account
from catalog.plans import Plan, PlanInterval
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.orders.edition import Edition
from odoo_bridge.orders.wanted_order import Succession, WantedOrder
from tests.odoo_bridge.makers import an_account

AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
ACTIVE, ENDED = SubscriptionStatus.ACTIVE, SubscriptionStatus.TERMINATED
COMMUNITY = Edition(has_subscriptions=False, currency="CAD", recurrence_ids={})
ENTERPRISE = Edition(
    has_subscriptions=True, currency="CAD", recurrence_ids={(1, "month"): 7, (3, "month"): 8}
)


def a_plan(code: str = "team", amount_cents: int = 4900, **known: OdooValue) -> Plan:
    plan = Plan(
        *(f"plan-{code}", "nexadesk", code, code.title(), PlanInterval.MONTHLY),
        *(amount_cents, "CAD", AT, AT),
    )
    return replace(plan, **known)


def a_subscription(
    subscription_id: str,
    previous_id: str | None = None,
    status: SubscriptionStatus = ACTIVE,
    plan_code: str = "team",
) -> Subscription:
    return Subscription(
        id=subscription_id,
        service_code="nexadesk",
        external_id="acme-desk",
        account_id="a",
        account_external_id="acme",
        plan_id=f"plan-{plan_code}",
        plan_code=plan_code,
        status=status,
        billing_time=BillingTime.CALENDAR,
        subscription_at=AT,
        created_at=AT,
        started_at=AT,
        previous_id=previous_id,
    )


def wanted(
    *members: Subscription, plan: Plan | None = None, account: Account | None = None
) -> WantedOrder:
    """Return what the order of these should say; one running subscription by default."""
    succession = Succession(members or (a_subscription("one"),))
    known = account or an_account("acme")
    return WantedOrder(succession, plan or a_plan(), known, date(2026, 11, 10), date(2027, 1, 1))


def an_order(**known: object) -> dict[str, object]:
    """Return an order as Odoo reads it when all is well."""
    sane = {
        "name": "S00001",
        "state": "sale",
        "locked": False,
        "currency_id": [3, "CAD"],
        "is_subscription": True,
    }
    return sane | known


def a_line(price: float = 49.0, quantity: float = 1.0) -> dict[str, object]:
    """Return a line of an order as Odoo reads it."""
    return {"price_unit": price, "product_uom_qty": quantity}

"""Which of Odoo's editions keeps our orders, and what Enterprise has for them: recurrences."""

from dataclasses import dataclass

from catalog.plans import Plan, PlanInterval
from odoo_bridge.checks.subscriptions import has_subscriptions
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman, OurBug
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.orders.wanted_order import RECURRENCES

RECURRENCE = "sale.subscription.plan"
LENGTH_FIELDS = ["billing_period_value", "billing_period_unit"]
CLOSE_REASON = ("sale_subscription", "close_reason_end_of_contract")


@dataclass(frozen=True, slots=True)
class Edition:
    """What was found once for a whole run; Community has no recurrences."""

    has_subscriptions: bool
    currency: str
    recurrence_ids: dict[tuple[int, str], int]
    close_reason_id: int | None = None

    def recurrence_id(self, interval: PlanInterval) -> int | None:
        """Return Odoo's recurrence of an interval; None on Community."""
        if not self.has_subscriptions:
            return None
        wanted = RECURRENCES[interval]
        if wanted not in self.recurrence_ids:
            count, unit = wanted
            raise NeedsHuman(
                f"Odoo has no recurrence of {count} {unit}: create one under Subscriptions, "
                "Configuration, Recurring Plans"
            )
        return self.recurrence_ids[wanted]

    def refuse_currency(self, plan: Plan) -> None:
        """Raise NeedsHuman when a plan is not in the currency of Odoo's company."""
        if plan.amount_currency != self.currency:
            raise NeedsHuman(
                f"the plan {plan.code} is in {plan.amount_currency}, Odoo's company in "
                f"{self.currency}: give the plan the company's currency"
            )


def edition_of(odoo: OdooConnection, currency: str) -> Edition:
    """Ask Odoo once what it is; of recurrences that are alike the oldest counts."""
    if not has_subscriptions(odoo):
        return Edition(has_subscriptions=False, currency=currency, recurrence_ids={})
    found = odoo.call(RECURRENCE, "search_read", [], LENGTH_FIELDS, order="id desc")
    recurrences = {_length(one): int(one["id"]) for one in found}
    return Edition(
        has_subscriptions=True,
        currency=currency,
        recurrence_ids=recurrences,
        close_reason_id=_close_reason_id(odoo),
    )


def recurrence_of(odoo: OdooConnection, recurrence_id: int) -> tuple[int, str]:
    """Return how often one recurrence of Odoo repeats: a number and its unit."""
    return _length(odoo.call(RECURRENCE, "read", [recurrence_id], LENGTH_FIELDS)[0])


def _length(recurrence: OdooValue) -> tuple[int, str]:
    return int(recurrence["billing_period_value"]), str(recurrence["billing_period_unit"])


def _close_reason_id(odoo: OdooConnection) -> int | None:
    """Return Odoo's own reason for the end of a contract, or None where it has none."""
    try:
        return int(odoo.call("ir.model.data", "check_object_reference", *CLOSE_REASON)[1])
    except OurBug:
        # Its absence is a ValueError on the server; an order may be closed without a reason.
        return None

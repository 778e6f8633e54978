"""What Odoo's clock has billed of an order for a day, or is about to: asked, never assumed.

A fee counts as the clock's when its product is invoiced by ordered quantities; what people put on
the order besides ours is theirs.
"""

from dataclasses import dataclass
from datetime import date

from odoo_bridge.answers.move import cents_of
from odoo_bridge.clock.recurrence import comes_to
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.orders.edition import recurrence_of

ORDER, ORDER_LINE, MOVE_LINE = "sale.order", "sale.order.line", "account.move.line"
ORDER_FIELDS = [
    *("name", "state", "subscription_state", "next_invoice_date", "plan_id"),
    "payment_exception",
]
RUNS, PAUSED = "3_progress", "4_paused"
OF_INVOICES = [["parent_state", "!=", "cancel"], ["move_id.move_type", "=", "out_invoice"]]


@dataclass(frozen=True, slots=True)
class BilledFee:
    """What the clock billed for a day: cents before tax, and the invoice; none when it did not."""

    cents: int = 0
    move_id: int | None = None


@dataclass(frozen=True, slots=True)
class OrderClock:
    """An order on one day: what was billed of its fee, whether more comes, and what that is.

    `problem` says what keeps the clock from billing what it would bill later: a person decides.
    """

    name: str
    billed: BilledFee
    is_due: bool
    due_cents: int
    problem: str | None = None

    @property
    def fee_cents(self) -> int:
        """Return what the clock bills for the day, done or to come."""
        if self.billed.move_id is not None:
            return self.billed.cents
        return self.due_cents if self.is_due else 0


def order_clock(odoo: OdooConnection, order_id: int, day: date, currency: str) -> OrderClock:
    """Return what the clock has done, and will do, with an order's fee of a day."""
    order = odoo.call(ORDER, "read", [order_id], ORDER_FIELDS)
    if not order:
        raise NeedsHuman(f"the order #{order_id} is gone in Odoo: run `fusion-billing odoo orders`")
    told = order[0]
    billed = billed_fee(odoo, order_id, day, currency)
    is_open = told["state"] == "sale" and told["subscription_state"] in (RUNS, PAUSED)
    is_due = is_open and billed.move_id is None and _comes_to(odoo, told, day)
    due_cents = _due_cents(odoo, order_id, currency) if is_due else 0
    return OrderClock(
        name=str(told["name"]),
        billed=billed,
        is_due=is_due,
        due_cents=due_cents,
        problem=_hindrance(told) if is_due else None,
    )


def billed_fee(odoo: OdooConnection, order_id: int, day: date, currency: str) -> BilledFee:
    """Return what the clock's invoices bill of our fee for the period that begins on a day."""
    of_fee = [
        *(["sale_line_ids.order_id", "=", order_id], *OF_INVOICES),
        ["sale_line_ids.x_fc_subscription_id", "!=", False],
        ["deferred_start_date", "=", day.isoformat()],
    ]
    lines = odoo.call(MOVE_LINE, "search_read", of_fee, ["move_id", "price_subtotal"], order="id")
    if not lines:
        return BilledFee()
    return BilledFee(_cents(lines, currency), int(lines[0]["move_id"][0]))


def _comes_to(odoo: OdooConnection, order: OdooValue, day: date) -> bool:
    """Say whether the clock is still to bill a day: its next one, or one that it lags behind."""
    if not order["next_invoice_date"] or not order["plan_id"]:
        return False
    next_day = date.fromisoformat(order["next_invoice_date"])
    if next_day >= day:
        return next_day == day
    value, unit = recurrence_of(odoo, order["plan_id"][0])
    return comes_to(next_day, day, value, unit)


def _due_cents(odoo: OdooConnection, order_id: int, currency: str) -> int:
    billing = [
        *(["order_id", "=", order_id], ["x_fc_subscription_id", "!=", False]),
        ["product_id.recurring_invoice", "=", True],
        ["product_id.invoice_policy", "=", "order"],
    ]
    return _cents(odoo.call(ORDER_LINE, "search_read", billing, ["price_subtotal"]), currency)


def _hindrance(order: OdooValue) -> str | None:
    """Return what keeps the clock from billing an order, as long as it lasts."""
    if order["subscription_state"] == PAUSED:
        return (
            f"order {order['name']} is paused in Odoo, which bills its fee once it is resumed: "
            "resume or close it there, or end the subscription"
        )
    if order["payment_exception"]:
        return f"order {order['name']} is marked 'Contract in exception' in Odoo: untick that"
    return None


def _cents(lines: list[OdooValue], currency: str) -> int:
    return sum(cents_of(line["price_subtotal"], currency) for line in lines)

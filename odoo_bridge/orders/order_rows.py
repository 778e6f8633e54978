"""Rows of an order, its lines and its product for `load`. Pure."""

from catalog.plans import Plan
from odoo_bridge.external_ids import (
    fee_product_external_id,
    order_external_id,
    order_line_external_id,
    order_note_external_id,
    plan_product_external_id,
)
from odoo_bridge.orders.wanted_order import WantedOrder

NOTE = "Billed by Fusion Billing: every invoice of this subscription is tied to this line."
NO, YES = "0", "1"
ACTIVE, TERMINATED = "active", "terminated"
FEE_SEQUENCE, NOTE_SEQUENCE = "10", "1000"


def to_odoo_order(
    wanted: WantedOrder, partner_id: int, recurrence_id: int | None
) -> dict[str, str]:
    """Return the header's cells; with a recurrence the order is a subscription of Odoo's.

    Odoo must not wait for a payment or a signature on its portal: it would never begin.
    """
    current = wanted.succession.current
    cells = {
        "id": order_external_id(wanted.key),
        "partner_id/.id": str(partner_id),
        "client_order_ref": f"{current.service_code} {current.external_id}",
        "require_payment": NO,
        "require_signature": NO,
        "x_fc_service": current.service_code,
        "x_fc_account_id": current.account_external_id,
        "x_fc_subscription_id": current.external_id,
        "x_fc_subscription_status": ACTIVE,
    }
    if recurrence_id is None:
        return cells
    return cells | {
        "plan_id/.id": str(recurrence_id),
        "start_date": wanted.starts_on.isoformat(),
        "next_invoice_date": wanted.clock_from.isoformat(),
    }


def to_odoo_order_line(wanted: WantedOrder, order_id: int, product_id: int) -> dict[str, str]:
    """Return the cells of the line that shows the plan: once its fee."""
    current = wanted.succession.current
    return {
        "id": order_line_external_id(order_id, current.id),
        "order_id/.id": str(order_id),
        "product_id/.id": str(product_id),
        "name": wanted.title,
        "product_uom_qty": YES,
        "price_unit": wanted.price,
        "sequence": FEE_SEQUENCE,
        "x_fc_subscription_id": current.id,
    }


def to_odoo_order_note(order_id: int) -> dict[str, str]:
    """Return the cells of the note that invoices are tied to: a note has nothing to invoice."""
    return {
        "id": order_note_external_id(order_id),
        "order_id/.id": str(order_id),
        "display_type": "line_note",
        "name": NOTE,
        "sequence": NOTE_SEQUENCE,
    }


def to_odoo_plan_product(plan: Plan, *, is_recurring: bool) -> dict[str, str]:
    """Return the cells of the product that stands for a plan on orders.

    One that recurs is invoiced by Odoo's own clock, and our invoices leave its fee out. Else it is
    invoiced by delivered quantities and nothing is ever delivered: our invoices have the fee.
    """
    cells = {
        "id": own_product_external_id(plan, is_recurring=is_recurring),
        "name": f"{plan.service_code}: {plan.name}",
        "type": "service",
        "invoice_policy": "order" if is_recurring else "delivery",
        "list_price": "0",
        "x_fc_service": plan.service_code,
    }
    return cells | {"recurring_invoice": YES} if is_recurring else cells


def own_product_external_id(plan: Plan, *, is_recurring: bool) -> str:
    """Return the external id of our product for a plan: another one where a clock bills by it."""
    if is_recurring:
        return fee_product_external_id(plan.service_code, plan.code)
    return plan_product_external_id(plan.service_code, plan.code)

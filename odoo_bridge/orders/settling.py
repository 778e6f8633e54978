"""Makes one order in Odoo say what it should: asks, does what is missing, reads it back.

Every step looks first, so it may be cut off anywhere and begun again; nothing is made twice.
"""

from collections.abc import Mapping
from decimal import Decimal

from odoo_bridge.connection import OdooConnection
from odoo_bridge.external_ids import (
    order_external_id,
    order_line_external_id,
    order_note_external_id,
)
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.loading import created_once, loaded_ids, resolved_id
from odoo_bridge.odoo_value import OdooValue, from_odoo_amount
from odoo_bridge.orders.edition import Edition, recurrence_of
from odoo_bridge.orders.order_rows import (
    NO,
    TERMINATED,
    to_odoo_order,
    to_odoo_order_line,
    to_odoo_order_note,
)
from odoo_bridge.orders.order_store import OdooOrder
from odoo_bridge.orders.wanted_order import RECURRENCES, WantedOrder
from storage.fault_points import reached

ORDER, LINE = "sale.order", "sale.order.line"
QUOTATION = frozenset({"draft", "sent"})
CONFIRMED, CANCELLED = "sale", "cancel"
CLOSED_IN_ODOO = frozenset({"5_renewed", "6_churn"})
ORDER_FIELDS = ["name", "state", "locked", "currency_id", "x_fc_subscription_status"]
SUBSCRIPTION_FIELDS = ["plan_id", "is_subscription", "subscription_state", "next_invoice_date"]
LINE_FIELDS = ["price_unit", "product_uom_qty", "x_fc_subscription_id"]


def opened_order(
    odoo: OdooConnection,
    edition: Edition,
    wanted: WantedOrder,
    partner_id: int,
    product_id: int,
) -> OdooOrder:
    """Return the order of a subscription that runs, made, confirmed and priced as wanted."""
    recurrence_id = edition.recurrence_id(wanted.plan.interval)
    header = to_odoo_order(wanted, partner_id, recurrence_id)
    order_id = _made_once(odoo, ORDER, order_external_id(wanted.key), header)
    order = _read(odoo, edition, order_id)
    _refuse_closed(order)
    if recurrence_id is not None:
        # The plan first and the lines after it: choosing a plan may price every line anew.
        _choose_recurrence(odoo, order, wanted, recurrence_id)
        _hold_clock(odoo, order, wanted)
    line = to_odoo_order_line(wanted, order_id, product_id)
    _made_once(odoo, LINE, line["id"], line)
    note = to_odoo_order_note(order_id)
    note_id = _made_once(odoo, LINE, note["id"], note)
    _price_lines(odoo, order_id, wanted)
    if order["state"] in QUOTATION:
        reached("odoo.order.made")
        _confirm(odoo, order_id)
        reached("odoo.order.confirmed")
    settled = _read(odoo, edition, order_id)
    problem = order_fault(settled, _lines(odoo, order_id), wanted, edition)
    if problem:
        raise NeedsHuman(problem)
    return OdooOrder(order_id, str(settled["name"]), note_id)


def closed_order(odoo: OdooConnection, edition: Edition, wanted: WantedOrder) -> OdooOrder | None:
    """Return the order of a subscription that ended, closed; None when Odoo has none any more.

    On Enterprise it is closed as subscriptions are; on Community it is locked, for cancelling it
    would cancel its draft invoices, too.
    """
    order_id = resolved_id(odoo, ORDER, order_external_id(wanted.key))
    if order_id is None:
        return None
    order = _read(odoo, edition, order_id)
    if order["x_fc_subscription_status"] != TERMINATED:
        odoo.call(ORDER, "write", [order_id], {"x_fc_subscription_status": TERMINATED})
    if order["state"] == CONFIRMED:
        _close(odoo, edition, order)
    note_id = resolved_id(odoo, LINE, order_note_external_id(order_id))
    return None if note_id is None else OdooOrder(order_id, str(order["name"]), note_id)


def order_fault(
    order: OdooValue, lines: Mapping[str, OdooValue], wanted: WantedOrder, edition: Edition
) -> str | None:
    """Return how an order differs from what is wanted after all was done, or None. Pure."""
    current = lines.get(wanted.succession.current.id)
    others = [line for key, line in lines.items() if key != wanted.succession.current.id]
    price = from_odoo_amount(current["price_unit"]) if current else None
    quantity = from_odoo_amount(current["product_uom_qty"]) if current else None
    currency = str(order["currency_id"][1])
    seen: list[tuple[str, object, object]] = [
        ("state", order["state"], CONFIRMED),
        ("currency", currency, wanted.plan.amount_currency),
        ("price", price, Decimal(wanted.price)),
        ("quantity", quantity, Decimal(1)),
        ("earlier plans", sum(from_odoo_amount(one["product_uom_qty"]) for one in others), 0),
    ]
    if edition.has_subscriptions:
        seen.append(("subscription", bool(order["is_subscription"]), True))
    differences = [
        f"{name}: Odoo has {found}, wanted is {expected}"
        for name, found, expected in seen
        if found != expected
    ]
    if not differences:
        return None
    return f"order {order['name']} differs: {'; '.join(differences)}"


def _made_once(odoo: OdooConnection, model: str, external_id: str, cells: Mapping[str, str]) -> int:
    found = resolved_id(odoo, model, external_id)
    if found is not None:
        return found
    return created_once(odoo, model, external_id, list(cells), [list(cells.values())])


def _read(odoo: OdooConnection, edition: Edition, order_id: int) -> OdooValue:
    fields = ORDER_FIELDS + (SUBSCRIPTION_FIELDS if edition.has_subscriptions else [])
    return odoo.call(ORDER, "read", [order_id], fields)[0]


def _refuse_closed(order: OdooValue) -> None:
    """Raise NeedsHuman when people ended the order while the subscription runs."""
    is_closed = order.get("subscription_state") in CLOSED_IN_ODOO
    if order["state"] == CANCELLED or is_closed or order["locked"]:
        how = "cancelled" if order["state"] == CANCELLED else "closed or locked"
        raise NeedsHuman(
            f"order {order['name']} was {how} in Odoo, but the subscription runs: end the "
            "subscription in its service, or open the order again"
        )


def _choose_recurrence(
    odoo: OdooConnection, order: OdooValue, wanted: WantedOrder, recurrence_id: int
) -> None:
    """Choose the recurrence of the plan's interval, unless one that is as long is chosen."""
    chosen = order["plan_id"]
    if chosen and recurrence_of(odoo, chosen[0]) == RECURRENCES[wanted.plan.interval]:
        return
    odoo.call(ORDER, "write", [order["id"]], {"plan_id": recurrence_id})


def _hold_clock(odoo: OdooConnection, order: OdooValue, wanted: WantedOrder) -> None:
    """Let Odoo's clock bill no fee that our invoices bill: a part of a period, or an earlier one.

    It is never set back, which would bill a period again.
    """
    if str(order["next_invoice_date"] or "") < wanted.clock_from.isoformat():
        values = {"next_invoice_date": wanted.clock_from.isoformat()}
        odoo.call(ORDER, "write", [order["id"]], values)


def _price_lines(odoo: OdooConnection, order_id: int, wanted: WantedOrder) -> None:
    """Let the running plan's line say once its fee, and those of earlier plans nothing.

    By `load`, which takes amounts as text, where another call would take a float.
    """
    current = wanted.succession.current.id
    columns = ["id", "product_uom_qty", "price_unit"]
    rows = []
    for key, line in _lines(odoo, order_id).items():
        quantity = from_odoo_amount(line["product_uom_qty"])
        price = from_odoo_amount(line["price_unit"])
        external_id = order_line_external_id(order_id, key)
        if key == current and (quantity, price) != (Decimal(1), Decimal(wanted.price)):
            rows.append([external_id, "1", wanted.price])
        elif key != current and quantity:
            rows.append([external_id, NO, format(price, "f")])
    if rows:
        loaded_ids(odoo, LINE, columns, rows)


def _lines(odoo: OdooConnection, order_id: int) -> dict[str, OdooValue]:
    """Return our priced lines of an order by the subscription that each stands for."""
    ours = [("order_id", "=", order_id), ("x_fc_subscription_id", "!=", False)]
    found = odoo.call(LINE, "search_read", ours, LINE_FIELDS)
    return {str(line["x_fc_subscription_id"]): line for line in found}


def _confirm(odoo: OdooConnection, order_id: int) -> None:
    try:
        odoo.call(ORDER, "action_confirm", [order_id])
    except NeedsHuman:
        # Somebody else may have been faster; whoever was, it is confirmed.
        if odoo.call(ORDER, "read", [order_id], ["state"])[0]["state"] != CONFIRMED:
            raise


def _close(odoo: OdooConnection, edition: Edition, order: OdooValue) -> None:
    if not edition.has_subscriptions:
        if not order["locked"]:
            odoo.call(ORDER, "action_lock", [order["id"]])
    elif order["subscription_state"] not in CLOSED_IN_ODOO:
        reason = edition.close_reason_id
        told = {} if reason is None else {"close_reason_id": reason}
        odoo.call(ORDER, "set_close", [order["id"]], **told)

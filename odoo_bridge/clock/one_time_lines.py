"""Usage as one-time lines on the subscription's order, for the clock's next invoice.

Each has an external id, so that it is made once; one that came too late is set to nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from odoo_bridge.connection import OdooConnection
from odoo_bridge.external_ids import one_time_line_external_id
from odoo_bridge.loading import loaded_ids, resolved_id
from odoo_bridge.move_rows import amount_text
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.product_rows import ProductKey, product_key
from rating.invoice_draft import InvoiceDraft

MODEL, MOVE_LINE = "sale.order.line", "account.move.line"
COLUMNS = (
    *("id", "order_id/.id", "product_id/.id", "name", "product_uom_qty", "price_unit"),
    *("x_fc_rated_line_id", "x_fc_metric_code"),
)
READ_FIELDS = ["qty_invoiced", "invoice_lines"]


@dataclass(frozen=True, slots=True)
class OneTimeLine:
    """One line on the order, and the lines of invoices that bill it (one, or none yet)."""

    line_id: int
    is_invoiced: bool
    invoice_line_ids: tuple[int, ...]


def to_odoo_one_time_lines(
    own: InvoiceDraft, order_id: int, product_ids: Mapping[ProductKey, int]
) -> list[tuple[str, ...]]:
    """Return the rows of a draft's lines under COLUMNS: once their rounded amount. Pure."""
    return [
        (
            one_time_line_external_id(own.id, number),
            str(order_id),
            str(product_ids[product_key(own.service_code, line)]),
            line.description,
            "1",
            amount_text(line.amount_cents, own.currency),
            line.rated_line_id,
            line.metric_code or "",
        )
        for number, line in enumerate(own.lines, 1)
    ]


def place(odoo: OdooConnection, rows: Sequence[Sequence[str]]) -> None:
    """Put lines on their order, all of them or none."""
    loaded_ids(odoo, MODEL, COLUMNS, rows)


def placed_lines(odoo: OdooConnection, own: InvoiceDraft) -> list[OneTimeLine]:
    """Return a draft's lines on the order as they are now; none when they were not put there."""
    found = []
    for number in range(1, len(own.lines) + 1):
        line_id = resolved_id(odoo, MODEL, one_time_line_external_id(own.id, number))
        if line_id is None:
            return []
        found.append(line_id)
    read = odoo.call(MODEL, "read", found, READ_FIELDS) if found else []
    return [_one_time_line(line) for line in read]


def withdraw(odoo: OdooConnection, own: InvoiceDraft) -> bool:
    """Let lines that came too late bill nothing; False when an invoice has them after all."""
    rows = [
        [one_time_line_external_id(own.id, number), "0"] for number in range(1, len(own.lines) + 1)
    ]
    loaded_ids(odoo, MODEL, ["id", "product_uom_qty"], rows)
    return not any(line.is_invoiced for line in placed_lines(odoo, own))


def _one_time_line(line: OdooValue) -> OneTimeLine:
    return OneTimeLine(int(line["id"]), bool(line["qty_invoiced"]), tuple(line["invoice_lines"]))

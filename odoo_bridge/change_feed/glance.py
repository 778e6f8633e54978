"""A glance at a move that was written: what tells whether all of it must be read. Pure.

The instant of writing alone does not tell: Odoo shows whole seconds, and a transaction that began
in the same one may end after we looked. What else is changed by hand in that very second is found
by the daily sweep.
"""

from collections.abc import Mapping

from odoo_bridge.answers.move import cents_of
from odoo_bridge.change_feed.seen_move import SeenMove
from odoo_bridge.odoo_value import OdooValue, from_odoo_instant

GLANCE_FIELDS = [
    *("write_date", "state", "payment_state", "name", "invoice_date_due"),
    *("amount_untaxed", "amount_total", "amount_residual"),
]


def says_more(read: OdooValue, known: Mapping[int, SeenMove]) -> bool:
    """Say whether what Odoo reads for GLANCE_FIELDS differs from what we remember of the move."""
    before = known.get(int(read["id"]))
    if before is None:
        return True
    amounts = (read["amount_untaxed"], read["amount_total"], read["amount_residual"])
    glanced = (
        from_odoo_instant(read["write_date"]),
        str(read["state"]),
        str(read["payment_state"] or ""),
        "" if read["name"] in (False, "/") else str(read["name"]),
        str(read["invoice_date_due"] or "") or None,
        *(cents_of(amount, before.currency) for amount in amounts),
    )
    return glanced != (
        *(before.written_at, before.state, before.payment_state, before.name, before.due_date),
        *(before.untaxed_cents, before.total_cents, before.residual_cents),
    )

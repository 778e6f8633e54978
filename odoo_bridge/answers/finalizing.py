"""Posting a draft invoice in Odoo, when an app asks for it: once, and only as we proposed it."""

from catalog.errors import MethodNotAllowed
from odoo_bridge.answers.invoice import Invoice
from odoo_bridge.answers.invoice_query import InvoiceStatus
from odoo_bridge.answers.invoices import invoice_of_id
from odoo_bridge.answers.move import MODEL
from odoo_bridge.answers.sources import Asked
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.readback import READ_FIELDS, from_odoo_move, invoice_fault
from rating.invoice_draft import InvoiceDraft

NOT_IN_ODOO = "invoice_not_in_odoo_yet"
MADE_IN_ODOO = "invoice_was_made_in_odoo"
VOIDED = "invoice_is_voided"


def finalized_invoice(asked: Asked, lago_id: str) -> Invoice:
    """Post the draft invoice that Odoo holds and return it; repeated, it only returns it.

    MethodNotAllowed for what can't be posted here, NeedsHuman when Odoo's invoice differs from
    our draft or Odoo refuses.
    """
    odoo = asked.required_odoo
    invoice = invoice_of_id(asked, lago_id)
    if invoice.status is InvoiceStatus.FINALIZED:
        return invoice
    if invoice.status is InvoiceStatus.VOIDED:
        raise MethodNotAllowed(VOIDED)
    if invoice.move is None:
        raise MethodNotAllowed(NOT_IN_ODOO)
    if invoice.draft is None:
        raise MethodNotAllowed(MADE_IN_ODOO)
    _post(odoo, invoice.draft, invoice.move.move_id)
    return invoice_of_id(asked, lago_id)


def _post(odoo: OdooConnection, draft: InvoiceDraft, move_id: int) -> None:
    held = from_odoo_move(odoo.call(MODEL, "read", [move_id], READ_FIELDS)[0])
    problem = invoice_fault(draft, held)
    if problem:
        raise NeedsHuman(problem)
    try:
        odoo.call(MODEL, "action_post", [move_id])
    except NeedsHuman:
        # Somebody else may have been faster.
        if odoo.call(MODEL, "read", [move_id], ["state"])[0]["state"] != "posted":
            raise

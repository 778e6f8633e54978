"""The fourth room's door: money meets the system of record. Nouns and pure functions only."""

from odoo_bridge.faults import (
    Misconfigured,
    NeedsHuman,
    OdooFault,
    OurBug,
    OutcomeUnknown,
    Retryable,
)
from odoo_bridge.move_rows import BillingTerms, to_odoo_rows
from odoo_bridge.readback import OdooInvoice, draft_fault, invoice_fault
from odoo_bridge.send_report import DraftReport, Outcome, SendReport

__all__ = [
    "BillingTerms",
    "DraftReport",
    "Misconfigured",
    "NeedsHuman",
    "OdooFault",
    "OdooInvoice",
    "OurBug",
    "Outcome",
    "OutcomeUnknown",
    "Retryable",
    "SendReport",
    "draft_fault",
    "invoice_fault",
    "to_odoo_rows",
]

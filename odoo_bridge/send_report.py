"""What a run of sending did, draft by draft. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from odoo_bridge.faults import OdooFault
from rating.invoice_draft import InvoiceDraft


class Outcome(StrEnum):
    """What became of a draft; one that waits does so for the invoice of Odoo's own clock."""

    SENT = "sent"
    ALREADY_THERE = "already_there"
    WAITING = "waiting"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class DraftReport:
    """One draft's outcome in words; `odoo_move_id` is known once Odoo holds the invoice."""

    draft: InvoiceDraft
    outcome: Outcome
    message: str
    odoo_move_id: int | None = None


@dataclass(frozen=True, slots=True)
class SendReport:
    """A whole run. In a dry run nothing was written, and every outcome says what would be.

    `remaining` drafts wait for the next run; `stopped_by` is why this one ended early; `problems`
    are fees that Odoo's own clock did not bill as it was to.
    """

    drafts: tuple[DraftReport, ...]
    remaining: int
    stopped_by: OdooFault | None
    dry_run: bool
    problems: tuple[str, ...] = ()

    @property
    def sent(self) -> int:
        """Return how many invoices were created."""
        return self._count(Outcome.SENT)

    @property
    def already_there(self) -> int:
        """Return how many drafts were found in Odoo and adopted."""
        return self._count(Outcome.ALREADY_THERE)

    @property
    def parked(self) -> int:
        """Return how many drafts now wait for a person."""
        return self._count(Outcome.PARKED)

    def _count(self, outcome: Outcome) -> int:
        return sum(report.outcome is outcome for report in self.drafts)

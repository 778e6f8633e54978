"""Which partners read French: asked of Odoo once a run, for a batch together."""

from collections.abc import Iterable

from odoo_bridge.connection import OdooConnection
from odoo_bridge.wording.french import draft_in_french
from rating.invoice_draft import InvoiceDraft

PARTNER, ORDER = "res.partner", "sale.order"
FRENCH_LIKE = "fr%"


class Languages:
    """The languages of one run's partners; whoever reads no French reads English."""

    def __init__(self, odoo: OdooConnection) -> None:
        self._odoo = odoo
        self._reads_french: dict[int, bool] = {}

    def note(self, partner_ids: Iterable[int]) -> None:
        """Ask for the partners that are not known yet, in one call."""
        unknown = sorted(set(partner_ids) - self._reads_french.keys())
        if not unknown:
            return
        asked = [["id", "in", unknown], ["lang", "=like", FRENCH_LIKE]]
        french = set(self._odoo.call(PARTNER, "search", asked))
        self._reads_french |= {partner_id: partner_id in french for partner_id in unknown}

    def worded(self, draft: InvoiceDraft, partner_id: int) -> InvoiceDraft:
        """Return a draft in the words of the partner that gets it."""
        self.note([partner_id])
        return draft_in_french(draft) if self._reads_french[partner_id] else draft


def worded_for_order(odoo: OdooConnection, draft: InvoiceDraft, order_id: int) -> InvoiceDraft:
    """Return a draft in the words of the partner of an order."""
    asked = [["id", "=", order_id], ["partner_id.lang", "=like", FRENCH_LIKE]]
    return draft_in_french(draft) if odoo.call(ORDER, "search", asked) else draft

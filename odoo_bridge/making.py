"""Makes the invoices of drafts in Odoo, each once: looks for what is there, loads what is not.

A whole batch is looked for in one call, by the draft's id that each invoice carries; which invoice
is a draft's is said by its external id alone.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import TypeAlias

from odoo_bridge.connection import ATTEMPTS_MAX, OdooConnection
from odoo_bridge.external_ids import invoice_external_id
from odoo_bridge.faults import NeedsHuman, OurBug, OutcomeUnknown, Retryable
from odoo_bridge.loading import created_once, loaded_ids, resolved_id
from odoo_bridge.move_rows import COLUMNS
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.posting import MODEL
from rating.invoice_draft import InvoiceDraft

DRAFT_KEY = "x_fc_draft_id"
# Who made an invoice and when stands on it; a note would say the same again.
UNTOLD: OdooValue = {"tracking_disable": True}

Rows: TypeAlias = list[tuple[str, ...]]
Ready: TypeAlias = tuple[InvoiceDraft, Rows]
Held: TypeAlias = tuple[InvoiceDraft, int]
Parking: TypeAlias = Callable[[InvoiceDraft], AbstractContextManager[None]]


class Making:
    """One run's way to invoices in Odoo; `parking` sets aside the one draft that meets a fault."""

    def __init__(self, odoo: OdooConnection, parking: Parking) -> None:
        self._odoo = odoo
        self._parking = parking

    def held(self, drafts: Sequence[InvoiceDraft]) -> list[Held]:
        """Return the drafts that have an invoice in Odoo, with its id."""
        carried = self._carried([draft.id for draft in drafts])
        found = []
        for draft in drafts:
            # What was sent before may have lost the field by a person's hand.
            if draft.id not in carried and draft.odoo_move_id is None:
                continue
            with self._parking(draft):
                move_id = resolved_id(self._odoo, MODEL, invoice_external_id(draft.id))
                if move_id is not None:
                    found.append((draft, move_id))
        return found

    def created(self, ready: Sequence[Ready]) -> list[Held]:
        """Load drafts in one call; when Odoo objects to one of them, each in a call of its own."""
        if not ready:
            return []
        rows = list(chain.from_iterable(rows for _, rows in ready))
        drafts = [draft for draft, _ in ready]
        try:
            ids = loaded_ids(self._odoo, MODEL, COLUMNS, rows, context=UNTOLD)
        except OutcomeUnknown as fault:
            lost = fault
        except (Retryable, NeedsHuman, OurBug):
            return self._created_singly(ready)
        else:
            return list(zip(drafts, ids, strict=True))
        return self._held_after(lost, drafts)

    def _carried(self, draft_ids: Iterable[str]) -> set[str]:
        """Return which drafts' ids some invoice carries, whoever wrote them there."""
        ids = sorted(draft_ids)
        asked = [[DRAFT_KEY, "in", ids]]
        read = self._odoo.call(MODEL, "search_read", asked, [DRAFT_KEY]) if ids else []
        return {str(one[DRAFT_KEY]) for one in read}

    def _created_singly(self, ready: Sequence[Ready]) -> list[Held]:
        created = []
        for draft, rows in ready:
            with self._parking(draft):
                external_id = invoice_external_id(draft.id)
                told = (self._odoo, MODEL, external_id, COLUMNS, rows)
                created.append((draft, created_once(*told, context=UNTOLD)))
        return created

    def _held_after(self, lost: OutcomeUnknown, drafts: Sequence[InvoiceDraft]) -> list[Held]:
        """Return what a broken call created; still unknown after a while, it ends the run.

        The call was one transaction: when the first invoice is there, all are.
        """
        for attempt in range(1, ATTEMPTS_MAX + 1):
            if resolved_id(self._odoo, MODEL, invoice_external_id(drafts[0].id)) is not None:
                return self.held(drafts)
            self._odoo.pause(attempt)
        raise lost

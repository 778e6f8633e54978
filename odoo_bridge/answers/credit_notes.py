"""The credit notes of a service: those that Odoo has posted, whoever made them."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.accounts import Account
from catalog.errors import NotFound
from odoo_bridge.answers import domains
from odoo_bridge.answers.held_moves import (
    move_lago_id,
    move_of_lago_id,
    moves_count,
    moves_of_ids,
    moves_page,
    taxes_of,
)
from odoo_bridge.answers.invoices import known_owners
from odoo_bridge.answers.lago_ids import is_lago_id
from odoo_bridge.answers.move import INVOICE, AppliedTax, Move, Settlement
from odoo_bridge.answers.settlements import settlements_of
from odoo_bridge.answers.sources import Asked, Listing, known_scope
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import OutcomeUnknown, Retryable

RESOURCE = "credit_note"


@dataclass(frozen=True, slots=True)
class CreditNote:
    """One credit note, in cents: what it took off its own invoice, what was paid back, the rest.

    The rest is a credit: used on other invoices, or still `balance_cents`. One that we made of a
    draft that owes the customer has no invoice.
    """

    lago_id: str
    move: Move
    invoice_id: str | None
    invoice_number: str | None
    offset_cents: int
    refund_cents: int
    balance_cents: int
    account: Account | None
    taxes: Sequence[AppliedTax]

    @property
    def credit_cents(self) -> int:
        """Return what neither lowered its own invoice nor was paid back."""
        return self.move.total_cents - self.offset_cents - self.refund_cents


def credit_notes_page(
    asked: Asked, account_external_id: str | None, *, limit: int, offset: int
) -> Listing[CreditNote]:
    """Return a page of credit notes, newest first; none without Odoo or of an unknown account."""
    known, odoo = known_scope(asked, account_external_id), asked.answers.odoo
    if known is None or odoo is None:
        return Listing([], 0)
    domain = domains.credit_notes(known[1])
    try:
        total = moves_count(odoo, domain)
        moves = moves_page(odoo, domain, limit=limit, offset=offset)
        return Listing(_credit_notes(asked, odoo, moves), total)
    except (Retryable, OutcomeUnknown) as fault:
        return Listing([], 0, fault)


def credit_note_of_id(asked: Asked, lago_id: str) -> CreditNote:
    """Return one credit note; NotFound when the service has none such."""
    odoo = asked.answers.odoo
    if odoo is not None and is_lago_id(lago_id):
        domain = domains.credit_notes(domains.Scope(asked.service.code))
        move = move_of_lago_id(odoo, domain, lago_id)
        if move is not None:
            return _credit_notes(asked, odoo, [move])[0]
    raise NotFound(RESOURCE)


def _credit_notes(asked: Asked, odoo: OdooConnection, moves: Sequence[Move]) -> list[CreditNote]:
    reversed_ids = {move.reversed_id for move in moves if move.reversed_id is not None}
    invoices = moves_of_ids(odoo, reversed_ids)
    taxes, settled = taxes_of(odoo, moves), settlements_of(odoo, moves)
    _, accounts = known_owners(asked, [*moves, *invoices.values()])
    found = []
    for move in moves:
        invoice = invoices.get(move.reversed_id) if move.reversed_id is not None else None
        own = settled.get(move.move_id, ())
        note = CreditNote(
            lago_id=move_lago_id(odoo, move),
            move=move,
            invoice_id=move_lago_id(odoo, invoice) if invoice else None,
            invoice_number=invoice.name if invoice else None,
            offset_cents=sum(one.amount_cents for one in own if one.other_id == move.reversed_id),
            refund_cents=sum(one.amount_cents for one in own if _is_refund(one)),
            balance_cents=move.residual_cents,
            account=accounts.get(move.move_id)
            or (accounts.get(invoice.move_id) if invoice else None),
            taxes=taxes.get(move.move_id, ()),
        )
        found.append(note)
    return found


def _is_refund(one: Settlement) -> bool:
    return one.other_kind != INVOICE

"""What apps are told of moves: Lago's invoice and credit note, as their lists show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from catalog.accounts import Account
from catalog.services import Service
from catalog.store.accounts import accounts_by_id
from odoo_bridge.answers.credit_notes import CreditNote
from odoo_bridge.answers.held_moves import move_lago_id, moves_of_ids, taxes_of
from odoo_bridge.answers.invoice import invoice_of_move
from odoo_bridge.answers.lago_shapes.credit_notes import to_lago_credit_note
from odoo_bridge.answers.lago_shapes.invoices import to_lago_invoice
from odoo_bridge.answers.move import CREDIT_NOTE, INVOICE, AppliedTax, Move, Settlement
from odoo_bridge.answers.own_drafts import kept_accounts
from odoo_bridge.answers.settlements import settlements_of
from odoo_bridge.change_feed.changed_by_hand import DraftOfMove
from odoo_bridge.change_feed.seen_move import SeenMove, Sight
from odoo_bridge.connection import OdooConnection

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class TaxedMoves:
    """What a body needs of Odoo beyond the move, for a page of moves in a few calls."""

    taxes: Mapping[int, Sequence[AppliedTax]]
    settled: Mapping[int, Sequence[Settlement]]
    reversed_moves: Mapping[int, Move]


def taxed_moves(odoo: OdooConnection, sights: Sequence[Sight]) -> TaxedMoves:
    """Read what the bodies of some moves need."""
    moves = [sight.move for sight in sights]
    reversed_ids = {move.reversed_id for move in moves if move.reversed_id is not None}
    return TaxedMoves(
        taxes_of(odoo, moves), settlements_of(odoo, moves), moves_of_ids(odoo, reversed_ids)
    )


def owners_of(
    connection: sa.Connection,
    moves: Sequence[SeenMove],
    drafts: Mapping[str, DraftOfMove],
) -> dict[int, Account]:
    """Return whose moves these are: by their drafts, else by the external id they name."""
    found: dict[int, Account] = {}
    for code in {one.service_code for one in moves}:
        mine = [one for one in moves if one.service_code == code]
        drafted = {one.move_id: drafts.get(one.draft_id or "") for one in mine}
        ids = {move_id: draft.account_id for move_id, draft in drafted.items() if draft}
        by_id = accounts_by_id(connection, code, set(ids.values()))
        named = {one.account_external_id for one in mine if one.move_id not in ids}
        by_name = kept_accounts(connection, code, named) if named else {}
        for one in mine:
            owner = (
                by_id.get(ids[one.move_id])
                if one.move_id in ids
                else by_name.get(one.account_external_id)
            )
            if owner is not None:
                found[one.move_id] = owner
    return found


def body_of(
    sight: Sight,
    known: TaxedMoves,
    account: Account | None,
    service: Service,
    odoo: OdooConnection,
    at: datetime,
) -> Body:
    """Return the object of an event; its fees are asked for by its id."""
    move, database = sight.move, odoo.settings.database
    lago_id = move_lago_id(odoo, move)
    taxes, settled = known.taxes.get(move.move_id, ()), known.settled.get(move.move_id, ())
    if sight.seen.move_type == CREDIT_NOTE:
        invoice = known.reversed_moves.get(move.reversed_id or 0)
        note = CreditNote(
            lago_id=lago_id,
            move=move,
            invoice_id=move_lago_id(odoo, invoice) if invoice else None,
            invoice_number=invoice.name if invoice else None,
            offset_cents=sum(
                one.amount_cents for one in settled if one.other_id == move.reversed_id
            ),
            refund_cents=sum(one.amount_cents for one in settled if one.other_kind != INVOICE),
            balance_cents=move.residual_cents,
            account=account,
            taxes=taxes,
        )
        return to_lago_credit_note(note, service, database)
    today = local_day(service, at)
    invoice_now = invoice_of_move(
        *(move, lago_id),
        service_code=service.code,
        today=today,
        account=account,
        taxes=taxes,
        settled=settled,
    )
    return to_lago_invoice(invoice_now, service, database)


def deleted_body(seen: SeenMove, lago_id: str) -> Body:
    """Return what is still known of an invoice that Odoo has no more."""
    return {
        "lago_id": lago_id,
        "number": seen.name,
        "status": "deleted",
        "currency": seen.currency,
        "total_amount_cents": seen.total_cents,
        "external_customer_id": seen.account_external_id,
    }


def local_day(service: Service, at: datetime) -> date:
    """Return the service's day at an instant."""
    return at.astimezone(service.zone).date()

"""The invoices of a service: what Odoo holds, after our drafts that it has not got."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from catalog.accounts import Account
from catalog.errors import NotFound
from catalog.store.accounts import accounts_by_id
from odoo_bridge.answers import domains
from odoo_bridge.answers.held_moves import (
    move_lago_id,
    move_of_lago_id,
    moves_count,
    moves_page,
    taxes_of,
)
from odoo_bridge.answers.invoice import Invoice, invoice_of_draft, invoice_of_move
from odoo_bridge.answers.invoice_query import InvoiceQuery
from odoo_bridge.answers.lago_ids import is_lago_id
from odoo_bridge.answers.move import Move
from odoo_bridge.answers.own_drafts import (
    UNSENT,
    drafts_of_ids,
    kept_accounts,
    waiting_drafts,
)
from odoo_bridge.answers.settlements import settlements_of
from odoo_bridge.answers.sources import Asked, Listing, known_scope
from odoo_bridge.clock.share_store import as_invoiced
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import OutcomeUnknown, Retryable
from rating.draft_store import draft_of_id
from rating.invoice_draft import DraftStatus, InvoiceDraft

RESOURCE = "invoice"


def invoices_page(
    asked: Asked, query: InvoiceQuery, *, limit: int, offset: int
) -> Listing[Invoice]:
    """Return a page of a service's invoices, newest first; none of an unknown account.

    Drafts that wait come first. While Odoo does not answer, they are all there is, with its fault.
    """
    known = known_scope(asked, query.account_external_id)
    if known is None:
        return Listing([], 0)
    account, scope = known
    waiting, waiting_count = _waiting(asked, query, account, limit=limit, offset=offset)
    odoo = asked.answers.odoo
    if odoo is None:
        return Listing(waiting, waiting_count)
    domain = domains.asked_invoices(scope, query, asked.today)
    try:
        held_count = moves_count(odoo, domain)
        moves = moves_page(
            odoo, domain, limit=limit - len(waiting), offset=max(offset - waiting_count, 0)
        )
        held = held_invoices(asked, odoo, moves)
    except (Retryable, OutcomeUnknown) as fault:
        return Listing(waiting, waiting_count, fault)
    return Listing([*waiting, *held], waiting_count + held_count)


def invoice_of_id(asked: Asked, lago_id: str) -> Invoice:
    """Return one invoice, its draft with its lines; NotFound when the service has none such."""
    if not is_lago_id(lago_id):
        raise NotFound(RESOURCE)
    with asked.usage.state.read() as connection:
        draft = draft_of_id(connection, lago_id)
    if draft is not None and draft.service_code != asked.service.code:
        raise NotFound(RESOURCE)
    odoo = asked.answers.odoo
    if draft is not None and (draft.status in UNSENT or odoo is None):
        return _waiting_invoice(asked, draft)
    if odoo is None:
        raise NotFound(RESOURCE)
    move = move_of_lago_id(odoo, domains.invoices(domains.Scope(asked.service.code)), lago_id)
    if move is None:
        raise NotFound(RESOURCE)
    invoice = held_invoices(asked, odoo, [move])[0]
    return replace(invoice, draft=draft and _as_invoiced(asked, odoo, draft))


def _as_invoiced(asked: Asked, odoo: OdooConnection, draft: InvoiceDraft) -> InvoiceDraft:
    """Return a draft without the fee that Odoo's own clock bills on an invoice of its own."""
    with asked.usage.state.read() as connection:
        return as_invoiced(connection, odoo.settings.database, draft)


def held_invoices(asked: Asked, odoo: OdooConnection, moves: Sequence[Move]) -> list[Invoice]:
    """Return moves as invoices, with their taxes, accounts and what settled them."""
    taxes, settled = taxes_of(odoo, moves), settlements_of(odoo, moves)
    drafts, accounts = known_owners(asked, moves)
    return [
        invoice_of_move(
            move,
            move_lago_id(odoo, move),
            service_code=asked.service.code,
            today=asked.today,
            account=accounts.get(move.move_id),
            taxes=taxes.get(move.move_id, ()),
            settled=settled.get(move.move_id, ()),
            draft=drafts.get(move.draft_id),
        )
        for move in moves
    ]


def known_owners(
    asked: Asked, moves: Collection[Move]
) -> tuple[dict[str, InvoiceDraft], dict[int, Account]]:
    """Return the drafts of moves by draft id, without lines, and their accounts by move."""
    code = asked.service.code
    with asked.usage.state.read() as connection:
        drafts = drafts_of_ids(connection, code, {move.draft_id for move in moves})
        by_id = accounts_by_id(connection, code, {draft.account_id for draft in drafts.values()})
        named = {move.account_external_id for move in moves if move.draft_id not in drafts}
        by_name = kept_accounts(connection, code, named)
    owners = {}
    for move in moves:
        draft = drafts.get(move.draft_id)
        owner = by_id[draft.account_id] if draft else by_name.get(move.account_external_id)
        if owner is not None:
            owners[move.move_id] = owner
    return drafts, owners


def _waiting(
    asked: Asked, query: InvoiceQuery, account: Account | None, *, limit: int, offset: int
) -> tuple[list[Invoice], int]:
    with asked.usage.state.read() as connection:
        drafts, total = waiting_drafts(
            connection,
            asked.service.code,
            query,
            asked.service.zone,
            account_id=account.id if account else None,
            is_sent_included=asked.answers.odoo is None,
            limit=limit,
            offset=offset,
        )
        accounts = accounts_by_id(
            connection, asked.service.code, {draft.account_id for draft in drafts}
        )
    return [_of_draft(asked, draft, accounts[draft.account_id]) for draft in drafts], total


def _waiting_invoice(asked: Asked, draft: InvoiceDraft) -> Invoice:
    is_none = draft.status in (DraftStatus.EMPTY, DraftStatus.SHADOW) or draft.amount_cents < 0
    if is_none:
        raise NotFound(RESOURCE)
    with asked.usage.state.read() as connection:
        accounts = accounts_by_id(connection, asked.service.code, [draft.account_id])
    return _of_draft(asked, draft, accounts[draft.account_id])


def _of_draft(asked: Asked, draft: InvoiceDraft, account: Account) -> Invoice:
    return invoice_of_draft(draft, account, asked.service.zone, asked.answers.net_days)

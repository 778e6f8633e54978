"""The payments of a service's invoices: an entry's share in them, whoever else it paid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.accounts import Account
from catalog.errors import NotFound
from odoo_bridge.answers import domains
from odoo_bridge.answers.domains import Domain, Scope
from odoo_bridge.answers.held_moves import move_lago_id, moves_of_ids
from odoo_bridge.answers.invoices import known_owners
from odoo_bridge.answers.lago_ids import is_lago_id, odoo_lago_id
from odoo_bridge.answers.move import MODEL, Move, Settlement
from odoo_bridge.answers.settlements import FIELDS, from_odoo_partial, line_owners
from odoo_bridge.answers.settlements import MODEL as PARTIAL
from odoo_bridge.answers.sources import Asked, Listing, known_scope
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import OutcomeUnknown, Retryable
from odoo_bridge.odoo_value import OdooValue, from_odoo_instant

RESOURCE = "payment"
PAYMENT_MODEL = "account.payment"
ENTRY_FIELDS = ["name", "create_date", "origin_payment_id"]


@dataclass(frozen=True, slots=True)
class Payment:
    """What one entry paid of a service's invoices; `amount_cents` is that share only."""

    lago_id: str
    reference: str
    currency: str
    amount_cents: int
    created_at: datetime
    invoice_ids: Sequence[str]
    invoice_numbers: Sequence[str]
    account: Account | None


def payments_page(
    asked: Asked,
    account_external_id: str | None,
    invoice_lago_id: str | None,
    *,
    limit: int,
    offset: int,
) -> Listing[Payment]:
    """Return a page of payments, newest first; none without Odoo or of an unknown account."""
    known, odoo = known_scope(asked, account_external_id), asked.answers.odoo
    if known is None or odoo is None:
        return Listing([], 0)
    scope = known[1]
    if invoice_lago_id is not None:
        is_other = scope.draft_ids is not None and invoice_lago_id not in scope.draft_ids
        scope = replace(scope, draft_ids=() if is_other else (invoice_lago_id,))
    domain = domains.payment_entries(scope)
    try:
        total = int(odoo.call(MODEL, "search_count", domain))
        return Listing(_payments(asked, odoo, scope, domain, limit=limit, offset=offset), total)
    except (Retryable, OutcomeUnknown) as fault:
        return Listing([], 0, fault)


def payment_of_id(asked: Asked, lago_id: str) -> Payment:
    """Return one payment; NotFound when it paid nothing of the service."""
    odoo = asked.answers.odoo
    if odoo is not None and is_lago_id(lago_id):
        scope = Scope(asked.service.code)
        domain = domains.payment_entries(scope)
        for entry in odoo.call(MODEL, "search_read", domain, ["origin_payment_id"]):
            if entry_lago_id(odoo, entry) == lago_id:
                own = [*domain, ["id", "=", entry["id"]]]
                return _payments(asked, odoo, scope, own, limit=1, offset=0)[0]
    raise NotFound(RESOURCE)


def entry_lago_id(odoo: OdooConnection, entry: OdooValue) -> str:
    """Return the id of a payment: of Odoo's payment, else of the bank's entry."""
    database, payment = odoo.settings.database, entry["origin_payment_id"]
    if payment:
        return odoo_lago_id(database, PAYMENT_MODEL, int(payment[0]))
    return odoo_lago_id(database, MODEL, int(entry["id"]))


def _payments(
    asked: Asked, odoo: OdooConnection, scope: Scope, domain: Domain, *, limit: int, offset: int
) -> list[Payment]:
    entries = odoo.call(
        *(MODEL, "search_read", domain, ENTRY_FIELDS),
        order="date desc, id desc",
        limit=limit,
        offset=offset,
    )
    shares = _shares(odoo, scope, [int(entry["id"]) for entry in entries])
    invoices = moves_of_ids(odoo, {one.other_id for own in shares.values() for one in own})
    _, accounts = known_owners(asked, invoices.values())
    return [
        _payment(odoo, entry, shares[entry["id"]], invoices, accounts)
        for entry in entries
        if entry["id"] in shares
    ]


def _shares(
    odoo: OdooConnection, scope: Scope, entry_ids: Sequence[int]
) -> dict[int, list[Settlement]]:
    """Return what entries paid of a scope's invoices, and of no others."""
    if not entry_ids:
        return {}
    wanted = [
        ["credit_move_id.move_id", "in", list(entry_ids)],
        ["debit_move_id.move_id", "any", domains.invoices(scope)],
    ]
    partials = odoo.call(PARTIAL, "search_read", wanted, FIELDS, order="id")
    owners = line_owners(odoo, partials)
    found: dict[int, list[Settlement]] = {}
    for partial in partials:
        one = from_odoo_partial(partial, owners, "credit", "debit")
        found.setdefault(one.move_id, []).append(one)
    return found


def _payment(
    odoo: OdooConnection,
    entry: OdooValue,
    shares: Sequence[Settlement],
    invoices: dict[int, Move],
    accounts: dict[int, Account],
) -> Payment:
    paid = [invoices[one.other_id] for one in shares]
    return Payment(
        lago_id=entry_lago_id(odoo, entry),
        reference=str(entry["name"]),
        currency=paid[0].currency,
        amount_cents=sum(one.amount_cents for one in shares),
        created_at=from_odoo_instant(entry["create_date"]),
        invoice_ids=[move_lago_id(odoo, move) for move in paid],
        invoice_numbers=[move.name for move in paid],
        account=accounts.get(paid[0].move_id),
    )

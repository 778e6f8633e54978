"""Which of Odoo's records a service may see, and those that are asked for, as domains. Pure.

Every question carries the scope: a partner may be a client of several services.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from catalog.money import amount_of_cents
from catalog.services import CURRENCY_DEFAULT
from odoo_bridge.answers.invoice_query import InvoiceQuery, InvoiceStatus, PaymentStatus
from odoo_bridge.answers.move import OPEN_STATES, SETTLED_STATES
from odoo_bridge.odoo_value import OdooValue

Domain: TypeAlias = list[OdooValue]

NOTHING: Domain = [["id", "=", 0]]
STATE_OF_STATUS = {
    InvoiceStatus.DRAFT: "draft",
    InvoiceStatus.FINALIZED: "posted",
    InvoiceStatus.VOIDED: "cancel",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """A service, or one account of it.

    `draft_ids` tells accounts apart that had the same external id one after another.
    """

    service_code: str
    account_external_id: str | None = None
    draft_ids: Collection[str] | None = None


def own_moves(scope: Scope, path: str = "") -> Domain:
    """Return what is true of the invoices that we made within a scope; a path leads to them."""
    found: Domain = [[f"{path}x_fc_service", "=", scope.service_code]]
    if scope.account_external_id is not None:
        found.append([f"{path}x_fc_account_id", "=", scope.account_external_id])
    if scope.draft_ids is not None:
        found.append([f"{path}x_fc_draft_id", "in", sorted(scope.draft_ids)])
    return found


def invoices(scope: Scope) -> Domain:
    """Return the domain of a scope's invoices."""
    return [["move_type", "=", "out_invoice"], *own_moves(scope)]


def credit_notes(scope: Scope) -> Domain:
    """Return the domain of a scope's posted credit notes: ours, and those of our invoices.

    A credit note made in Odoo copies none of our keys; it names the invoice that it reverses.
    """
    of_ours = [["reversed_entry_id", "any", own_moves(scope)]]
    return [
        *(["move_type", "=", "out_refund"], ["state", "=", "posted"]),
        *any_of(all_of(own_moves(scope)), of_ours),
    ]


def payment_entries(scope: Scope) -> Domain:
    """Return the domain of the entries that paid a scope's invoices, by payment or from a bank."""
    return [
        *(["move_type", "=", "entry"], ["state", "=", "posted"]),
        *any_of([["origin_payment_id", "!=", False]], [["statement_line_id", "!=", False]]),
        ["line_ids.matched_debit_ids.debit_move_id.move_id", "any", invoices(scope)],
    ]


def asked_invoices(scope: Scope, query: InvoiceQuery, today: date) -> Domain:
    """Return the domain of the invoices that a list is narrowed to."""
    if query.excludes_all:
        return NOTHING
    found = invoices(scope) + _statuses(query) + _overdue(query, today)
    if query.is_partially_paid is not None:
        found.append(["payment_state", "=" if query.is_partially_paid else "!=", "partial"])
    if query.currency is not None:
        found.append(["currency_id.name", "=", query.currency])
    for operator, day in ((">=", query.issued_from), ("<=", query.issued_to)):
        if day is not None:
            found.append(["invoice_date", operator, day.isoformat()])
    for operator, amount_cents in ((">=", query.amount_from), ("<=", query.amount_to)):
        if amount_cents is not None:
            found.append(["amount_total", operator, _wire_amount(amount_cents, query.currency)])
    if query.search_term:
        words = [["name", "ilike", query.search_term]]
        found += any_of(words, [["x_fc_account_id", "ilike", query.search_term]])
    return found


def any_of(left: Domain, right: Domain) -> Domain:
    """Return the domain of what either of two single conditions holds for."""
    return ["|", *left, *right]


def all_of(conditions: Domain) -> Domain:
    """Return some conditions as a single one."""
    return ["&"] * (len(conditions) - 1) + conditions


def _statuses(query: InvoiceQuery) -> Domain:
    found: Domain = []
    if query.statuses:
        states = [STATE_OF_STATUS[one] for one in query.statuses if one in STATE_OF_STATUS]
        found.append(["state", "in", states])
    if query.payment_statuses:
        is_in = PaymentStatus.SUCCEEDED in query.payment_statuses
        if is_in == (PaymentStatus.PENDING in query.payment_statuses):
            return found if is_in else NOTHING
        found.append(["payment_state", "in" if is_in else "not in", list(SETTLED_STATES)])
    return found


def _overdue(query: InvoiceQuery, today: date) -> Domain:
    if query.is_overdue is None:
        return []
    late = all_of(
        [
            *(["state", "=", "posted"], ["payment_state", "in", list(OPEN_STATES)]),
            ["invoice_date_due", "<", today.isoformat()],
        ]
    )
    return late if query.is_overdue else ["!", *late]


def _wire_amount(amount_cents: int, currency: str | None) -> OdooValue:
    """Return cents as the number that Odoo compares with: exact to 15 digits.

    Without a currency two decimals are meant.
    """
    amount = amount_of_cents(amount_cents, currency or CURRENCY_DEFAULT)
    return float(amount)  # float: what Odoo's JSON has

"""Where a customer sees and pays its invoices: links into Odoo's portal."""

from urllib.parse import quote, urlencode

from catalog.accounts import Account
from catalog.errors import MethodNotAllowed, ValidationFailed
from odoo_bridge.answers.invoice import Invoice
from odoo_bridge.answers.invoice_query import PaymentStatus
from odoo_bridge.answers.invoices import invoice_of_id
from odoo_bridge.answers.move import MODEL
from odoo_bridge.answers.sources import Asked, require_account
from odoo_bridge.connection import OdooConnection
from odoo_bridge.links import LinkKind, linked_id
from odoo_bridge.partner_rows import client_key, normalized_email

PARTNER_MODEL = "res.partner"
INVOICES_PAGE = "/my/invoices"
CARDS_PAGE = "/my/payment_method"
UNPAYABLE = "invalid_invoice_status_or_payment_status"
NO_PARTNER = "customer_not_in_odoo_yet"


def payment_url(asked: Asked, lago_id: str) -> tuple[Invoice, str]:
    """Return an invoice and where it can be paid, without a login: its page of Odoo's portal.

    ValidationFailed for what can't be paid, as Lago; MethodNotAllowed without Odoo.
    """
    odoo = asked.required_odoo
    invoice = invoice_of_id(asked, lago_id)
    move = invoice.move
    is_pending = invoice.payment_status is PaymentStatus.PENDING
    if move is None or not (move.is_posted and is_pending):
        raise ValidationFailed({"base": [UNPAYABLE]})
    base = odoo.call(MODEL, "get_base_url", [move.move_id])
    path = odoo.call(
        *(MODEL, "get_portal_url", [move.move_id]),
        query_string="&payment=True",
        anchor="portal_pay",
    )
    return invoice, f"{str(base).rstrip('/')}{path}"


def portal_url(asked: Asked, account_external_id: str) -> str:
    """Return where a customer enters Odoo's portal with a login of its own.

    No link without login: the portal shows what the client owes to every service.
    """
    account, odoo, partner_id = known_partner(asked, account_external_id)
    return _entered(odoo, partner_id, account, INVOICES_PAGE)


def checkout_url(asked: Asked, account_external_id: str) -> tuple[Account, str]:
    """Return an account and where it gives Odoo a card, once it has entered the portal."""
    account, odoo, partner_id = known_partner(asked, account_external_id)
    return account, _entered(odoo, partner_id, account, CARDS_PAGE)


def known_partner(asked: Asked, account_external_id: str) -> tuple[Account, OdooConnection, int]:
    """Return an account and its partner in Odoo; NotFound, or MethodNotAllowed without one."""
    account, odoo = require_account(asked, account_external_id), asked.required_odoo
    database = odoo.settings.database
    keys = ((LinkKind.ACCOUNT, account.id), (LinkKind.CLIENT, client_key(account)))
    with asked.usage.state.read() as connection:
        found = [linked_id(connection, database, kind, key) for kind, key in keys]
    for partner_id in found:
        if partner_id is not None:
            return account, odoo, partner_id
    raise MethodNotAllowed(NO_PARTNER)


def _entered(odoo: OdooConnection, partner_id: int, account: Account, page: str) -> str:
    """Return the login page that leads to another page, the account's e-mail filled in."""
    base = str(odoo.call(PARTNER_MODEL, "get_base_url", [partner_id])).rstrip("/")
    email = normalized_email(account)
    asked = {"redirect": page} | ({"login": email} if email else {})
    return f"{base}/web/login?{urlencode(asked, quote_via=quote)}"

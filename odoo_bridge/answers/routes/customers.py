"""What Odoo holds of one customer, over HTTP in Lago's shape."""

from dataclasses import replace

from fastapi import APIRouter

from catalog.http import Json, PageOf
from odoo_bridge.answers.lago_shapes.payment_methods import to_lago_payment_method
from odoo_bridge.answers.payment_methods import payment_methods, refuse_change
from odoo_bridge.answers.portal import checkout_url, portal_url
from odoo_bridge.answers.routes.answering import AskedOf, OdooRoute
from odoo_bridge.answers.routes.credit_notes import credit_notes_answer
from odoo_bridge.answers.routes.invoices import QueryOf, invoices_answer
from odoo_bridge.answers.routes.payments import payments_answer
from odoo_bridge.answers.sources import require_account

router = APIRouter(
    prefix="/customers/{external_customer_id}", tags=["customers"], route_class=OdooRoute
)


@router.get("/invoices")
def list_customer_invoices(
    external_customer_id: str, asked: AskedOf, query: QueryOf, page: PageOf
) -> Json:
    """List a customer's invoices, newest first."""
    require_account(asked, external_customer_id)
    own = replace(query, account_external_id=external_customer_id)
    return invoices_answer(asked, own, page)


@router.get("/credit_notes")
def list_customer_credit_notes(external_customer_id: str, asked: AskedOf, page: PageOf) -> Json:
    """List a customer's credit notes, newest first."""
    require_account(asked, external_customer_id)
    return credit_notes_answer(asked, external_customer_id, page)


@router.get("/payments")
def list_customer_payments(
    external_customer_id: str, asked: AskedOf, page: PageOf, invoice_id: str | None = None
) -> Json:
    """List what paid a customer's invoices, newest first."""
    require_account(asked, external_customer_id)
    return payments_answer(asked, external_customer_id, page, invoice_id or None)


@router.get("/portal_url")
def show_portal_url(external_customer_id: str, asked: AskedOf) -> Json:
    """Show where a customer enters Odoo's portal."""
    return Json({"customer": {"portal_url": portal_url(asked, external_customer_id)}})


@router.post("/checkout_url")
def show_checkout_url(external_customer_id: str, asked: AskedOf) -> Json:
    """Show where a customer gives Odoo a card."""
    account, url = checkout_url(asked, external_customer_id)
    shown = {
        "lago_customer_id": account.id,
        "external_customer_id": account.external_id,
        "payment_provider": "odoo",
        "payment_provider_code": "odoo",
        "checkout_url": url,
    }
    return Json({"customer": shown})


@router.get("/payment_methods")
def list_payment_methods(external_customer_id: str, asked: AskedOf, page: PageOf) -> Json:
    """List the cards that a customer has given to Odoo; an only one is the default."""
    found = payment_methods(asked, external_customer_id)
    shown = [
        to_lago_payment_method(one, is_default=len(found) == 1)
        for one in found[page.offset : page.offset + page.size]
    ]
    return Json({"payment_methods": shown, "meta": page.meta(len(found))})


@router.put("/payment_methods/{lago_id}/set_as_default")
def set_default_payment_method(external_customer_id: str, lago_id: str, asked: AskedOf) -> Json:
    """Refuse: Odoo keeps a card for each subscription, and no default."""
    raise refuse_change(asked, external_customer_id, lago_id)


@router.delete("/payment_methods/{lago_id}")
def delete_payment_method(external_customer_id: str, lago_id: str, asked: AskedOf) -> Json:
    """Refuse: a card is archived in Odoo, for every service of the client."""
    raise refuse_change(asked, external_customer_id, lago_id)

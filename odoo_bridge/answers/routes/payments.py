"""Payments and taxes over HTTP, in Lago's shape."""

from fastapi import APIRouter

from catalog.http import Json, PageOf
from odoo_bridge.answers.lago_shapes.payments import to_lago_payment
from odoo_bridge.answers.lago_shapes.taxes import to_lago_tax
from odoo_bridge.answers.payments import payment_of_id, payments_page
from odoo_bridge.answers.routes.answering import AskedOf, OdooRoute, list_answer
from odoo_bridge.answers.sources import Asked
from odoo_bridge.answers.taxes import tax_of_code, taxes_page

router = APIRouter(route_class=OdooRoute)


@router.get("/payments", tags=["payments"])
def list_payments(
    asked: AskedOf,
    page: PageOf,
    external_customer_id: str | None = None,
    invoice_id: str | None = None,
) -> Json:
    """List what paid the service's invoices, newest first."""
    return payments_answer(asked, external_customer_id or None, page, invoice_id or None)


@router.get("/payments/{lago_id}", tags=["payments"])
def show_payment(lago_id: str, asked: AskedOf) -> Json:
    """Show one payment."""
    return Json({"payment": to_lago_payment(payment_of_id(asked, lago_id))})


@router.get("/taxes", tags=["taxes"])
def list_taxes(asked: AskedOf, page: PageOf) -> Json:
    """List the sale taxes of Odoo's company."""
    taxes, total = taxes_page(asked.required_odoo, limit=page.size, offset=page.offset)
    return Json({"taxes": [to_lago_tax(tax) for tax in taxes], "meta": page.meta(total)})


@router.get("/taxes/{code}", tags=["taxes"])
def show_tax(code: str, asked: AskedOf) -> Json:
    """Show one tax."""
    return Json({"tax": to_lago_tax(tax_of_code(asked.required_odoo, code))})


def payments_answer(
    asked: Asked, account_external_id: str | None, page: PageOf, invoice_id: str | None = None
) -> Json:
    """Return a page of payments as an answer."""
    listing = payments_page(
        asked, account_external_id, invoice_id, limit=page.size, offset=page.offset
    )
    shapes = [to_lago_payment(one) for one in listing.items]
    return list_answer("payments", shapes, page, listing)

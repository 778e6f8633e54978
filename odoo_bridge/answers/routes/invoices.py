"""Invoices over HTTP, in Lago's shape."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from catalog.errors import MethodNotAllowed, NotFound
from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, LimitsOf, PageOf, exact_body, query_values
from odoo_bridge.answers.finalizing import finalized_invoice
from odoo_bridge.answers.invoice import Invoice
from odoo_bridge.answers.invoice_details import invoice_details
from odoo_bridge.answers.invoice_query import (
    InvoiceQuery,
    InvoiceStatus,
    PaymentStatus,
    read_invoice_query,
)
from odoo_bridge.answers.invoices import RESOURCE, invoice_of_id, invoices_page
from odoo_bridge.answers.lago_shapes.invoices import to_lago_invoice, to_lago_invoice_extended
from odoo_bridge.answers.lago_shapes.preview import read_preview_order
from odoo_bridge.answers.portal import payment_url
from odoo_bridge.answers.preview import previewed_invoice
from odoo_bridge.answers.routes.answering import AskedOf, OdooRoute, document_url, list_answer
from odoo_bridge.answers.sources import Asked

MADE_IN_ODOO = "one_off_invoices_are_made_in_odoo"
CREDITED_IN_ODOO = "invoices_are_corrected_by_credit_notes_in_odoo"
COLLECTED_IN_ODOO = "payments_are_collected_in_odoo"
INVALID_STATUS = "invalid_status"

router = APIRouter(prefix="/invoices", tags=["invoices"], route_class=OdooRoute)


async def preview_body(request: Request, _service: CallerService, limits: LimitsOf) -> JsonObject:
    """Return the members of a preview's body, which has no root key (Lago)."""
    body = await exact_body(request, limits)
    return body if isinstance(body, dict) else {}


def query_of(request: Request, service: CallerService) -> InvoiceQuery:
    """Return what a list of invoices is narrowed to."""
    return read_invoice_query(
        request.query_params, lambda name: query_values(request, name), service.code
    )


QueryOf = Annotated[InvoiceQuery, Depends(query_of)]
PreviewBody = Annotated[JsonObject, Depends(preview_body)]


@router.get("")
def list_invoices(asked: AskedOf, query: QueryOf, page: PageOf) -> Json:
    """List invoices, newest first; drafts that Odoo has not got come before all."""
    return invoices_answer(asked, query, page)


@router.post("")
def create_invoice(_asked: AskedOf) -> Json:
    """Refuse one-off invoices: they are made in Odoo."""
    raise MethodNotAllowed(MADE_IN_ODOO)


@router.post("/preview")
def preview_invoice(asked: AskedOf, body: PreviewBody) -> Json:
    """Show what the next invoice of a subscription, or the first one on a plan, would be."""
    invoice, details = previewed_invoice(asked, read_preview_order(body))
    shown = to_lago_invoice_extended(invoice, details, asked.service, asked.database)
    return Json({"invoice": shown})


@router.get("/{lago_id}")
def show_invoice(lago_id: str, asked: AskedOf) -> Json:
    """Show one invoice with what it bills."""
    return _answer(asked, invoice_of_id(asked, lago_id))


@router.put("/{lago_id}/finalize")
def finalize_invoice(lago_id: str, asked: AskedOf) -> Json:
    """Post a draft invoice in Odoo; one that is posted already is shown."""
    return _answer(asked, finalized_invoice(asked, lago_id))


@router.post("/{lago_id}/download")
def download_invoice(lago_id: str, request: Request, asked: AskedOf) -> Json:
    """Show a final invoice with a link to its PDF that needs no key for some minutes."""
    invoice = invoice_of_id(asked, lago_id)
    if invoice.move is None or invoice.status is not InvoiceStatus.FINALIZED:
        raise NotFound(RESOURCE)
    url = document_url(request, asked, invoice.move.move_id, invoice.number)
    return _answer(asked, invoice, url)


@router.post("/{lago_id}/payment_url")
def show_payment_url(lago_id: str, asked: AskedOf) -> Json:
    """Show where an invoice can be paid: its page of Odoo's portal."""
    invoice, url = payment_url(asked, lago_id)
    account = invoice.account
    details = {
        "lago_customer_id": account.id if account else None,
        "external_customer_id": account.external_id if account else None,
        "payment_provider": "odoo",
        "lago_invoice_id": invoice.lago_id,
        "payment_url": url,
    }
    return Json({"invoice_payment_details": details})


@router.post("/{lago_id}/retry_payment")
def retry_payment(lago_id: str, asked: AskedOf) -> Json:
    """Refuse to charge a card: Odoo collects, and a lost answer would charge it twice."""
    invoice = invoice_of_id(asked, lago_id)
    is_final = invoice.status is InvoiceStatus.FINALIZED
    if not is_final or invoice.payment_status is not PaymentStatus.PENDING:
        raise MethodNotAllowed(INVALID_STATUS)
    raise MethodNotAllowed(COLLECTED_IN_ODOO)


@router.post("/{lago_id}/void")
def void_invoice(lago_id: str, asked: AskedOf) -> Json:
    """Refuse to void: what is posted is corrected by a credit note, made in Odoo."""
    invoice_of_id(asked, lago_id)
    raise MethodNotAllowed(CREDITED_IN_ODOO)


def invoices_answer(asked: Asked, query: InvoiceQuery, page: PageOf) -> Json:
    """Return a page of invoices as an answer."""
    listing = invoices_page(asked, query, limit=page.size, offset=page.offset)
    shapes = [to_lago_invoice(one, asked.service, asked.database) for one in listing.items]
    return list_answer("invoices", shapes, page, listing)


def _answer(asked: Asked, invoice: Invoice, file_url: str | None = None) -> Json:
    details = invoice_details(asked, invoice.draft)
    shown = to_lago_invoice_extended(invoice, details, asked.service, asked.database, file_url)
    return Json({"invoice": shown})

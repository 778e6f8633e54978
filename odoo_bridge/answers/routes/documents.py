"""PDFs over HTTP for whoever holds a link of ours: no key, and nothing of Odoo's in it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from catalog.errors import MethodNotAllowed, NotFound
from catalog.http import Now
from odoo_bridge.answers.document_links import read_link
from odoo_bridge.answers.documents import pdf_of
from odoo_bridge.answers.routes.answering import OdooRoute, answers_of
from odoo_bridge.answers.sources import NOT_CONFIGURED

PDF_TYPE = "application/pdf"

router = APIRouter(prefix="/documents", tags=["documents"], route_class=OdooRoute)


@router.get("/{file_name}")
def show_document(file_name: str, request: Request, at: Now, token: str = "") -> Response:
    """Give the PDF that a link names; a link that has ended, or is not ours, finds nothing."""
    del file_name  # The token says which; the name is for whoever saves it.
    answers = answers_of(request)
    link = read_link(token, answers.secret, at)
    if link is None:
        raise NotFound("document")
    if answers.odoo is None:
        raise MethodNotAllowed(NOT_CONFIGURED)
    headers = {
        "Content-Disposition": f'inline; filename="{link.file_name}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(pdf_of(answers.odoo, link.move_id), media_type=PDF_TYPE, headers=headers)

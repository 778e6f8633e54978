"""Credit notes over HTTP, in Lago's shape."""

from fastapi import APIRouter, Request

from catalog.errors import MethodNotAllowed
from catalog.http import Json, PageOf
from odoo_bridge.answers.credit_notes import credit_note_of_id, credit_notes_page
from odoo_bridge.answers.lago_shapes.credit_notes import to_lago_credit_note
from odoo_bridge.answers.routes.answering import AskedOf, OdooRoute, document_url, list_answer
from odoo_bridge.answers.sources import Asked

MADE_IN_ODOO = "credit_notes_are_made_in_odoo"

router = APIRouter(prefix="/credit_notes", tags=["credit_notes"], route_class=OdooRoute)


@router.get("")
def list_credit_notes(
    asked: AskedOf, page: PageOf, external_customer_id: str | None = None
) -> Json:
    """List posted credit notes, newest first."""
    return credit_notes_answer(asked, external_customer_id or None, page)


@router.post("")
def create_credit_note(_asked: AskedOf) -> Json:
    """Refuse: credit notes are made in Odoo, by whoever keeps the books."""
    raise MethodNotAllowed(MADE_IN_ODOO)


@router.get("/{lago_id}")
def show_credit_note(lago_id: str, asked: AskedOf) -> Json:
    """Show one credit note."""
    note = credit_note_of_id(asked, lago_id)
    return Json({"credit_note": to_lago_credit_note(note, asked.service, asked.database)})


@router.post("/{lago_id}/download")
def download_credit_note(lago_id: str, request: Request, asked: AskedOf) -> Json:
    """Show a credit note with a link to its PDF that needs no key for some minutes."""
    note = credit_note_of_id(asked, lago_id)
    url = document_url(request, asked, note.move.move_id, note.move.name)
    return Json({"credit_note": to_lago_credit_note(note, asked.service, asked.database, url)})


def credit_notes_answer(asked: Asked, account_external_id: str | None, page: PageOf) -> Json:
    """Return a page of credit notes as an answer."""
    listing = credit_notes_page(asked, account_external_id, limit=page.size, offset=page.offset)
    shapes = [to_lago_credit_note(one, asked.service, asked.database) for one in listing.items]
    return list_answer("credit_notes", shapes, page, listing)

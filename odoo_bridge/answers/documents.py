"""The PDF of an invoice or credit note, as Odoo made it, or makes it now for its portal."""

import base64
from http import HTTPStatus
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request

from catalog.errors import TemporarilyUnavailable
from odoo_bridge.answers.move import MODEL
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import fault_of_transport
from odoo_bridge.transport import direct_opener

KEPT_PDF = "invoice_pdf_report_file"
PDF_BEGINS = b"%PDF"
RENDER_SECONDS_MAX = 60
NOT_RENDERED = "pdf_not_rendered"
# The portal answers so when it has found the invoice and could not render it.
FAILED_STATUSES = (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INTERNAL_SERVER_ERROR)


def pdf_of(odoo: OdooConnection, move_id: int) -> bytes:
    """Return a move's PDF: the one that was sent, else what Odoo renders (pro forma, until sent).

    TemporarilyUnavailable when Odoo can't render, as without wkhtmltopdf.
    """
    read = odoo.call(MODEL, "read", [move_id], [KEPT_PDF])
    if read and read[0][KEPT_PDF]:
        return base64.b64decode(read[0][KEPT_PDF])
    path = odoo.call(MODEL, "get_portal_url", [move_id], report_type="pdf", download=True)
    rendered = _fetched(odoo, str(path))
    if not rendered.startswith(PDF_BEGINS):
        raise TemporarilyUnavailable(NOT_RENDERED)
    return rendered


def _fetched(odoo: OdooConnection, path: str) -> bytes:
    """Return what Odoo's portal gives to whoever has the link; the link stays with us."""
    settings = odoo.settings
    request = Request(  # noqa: S310 - the transport took http and https only
        settings.url.rstrip("/") + path, headers={"X-Odoo-Database": settings.database}
    )
    try:
        with direct_opener().open(request, timeout=RENDER_SECONDS_MAX) as reply:
            return bytes(reply.read())
    except HTTPError as refusal:
        if refusal.code in FAILED_STATUSES:
            raise TemporarilyUnavailable(NOT_RENDERED) from None
        fault = fault_of_transport(refusal)
    except (OSError, HTTPException) as broken:
        fault = fault_of_transport(broken)
    raise fault

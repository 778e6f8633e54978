"""What the routes of Odoo's records share: the question, and how Odoo's faults look on the wire."""

import logging
from collections.abc import Callable, Coroutine, Sequence
from http import HTTPStatus
from typing import Annotated, Any, cast

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from catalog.http import CallerService, Json, Now, Page
from odoo_bridge.answers.document_links import DocumentLink, link_token
from odoo_bridge.answers.sources import Asked, Listing, OdooAnswers
from odoo_bridge.faults import Misconfigured, NeedsHuman, OdooFault, OurBug
from rating.answers.routes import SourcesOf

log = logging.getLogger("fusion_billing.odoo")

RETRY_SECONDS = 30
UNREACHABLE = "odoo_unreachable"
MISCONFIGURED = "odoo_misconfigured"
REFUSED = "third_party_error"
FIELD_PREFIX = "x_fc_"


def asked_of(request: Request, service: CallerService, usage: SourcesOf, at: Now) -> Asked:
    """Return the question of a request."""
    return Asked(usage, answers_of(request), service, at)


def answers_of(request: Request) -> OdooAnswers:
    """Return the running app's way to Odoo."""
    return cast(OdooAnswers, request.app.state.odoo_answers)


AskedOf = Annotated[Asked, Depends(asked_of)]


class OdooRoute(APIRoute):
    """A route whose answer may need Odoo; its faults become Lago's envelope."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request, faults of Odoo too."""
        answer = super().get_route_handler()

        async def answer_faults(request: Request) -> Response:
            try:
                return await answer(request)
            except OdooFault as fault:
                refusal = fault_answer(fault)
                if refusal is None:
                    raise
                log.warning("%s %s: %s", request.method, request.url.path, fault)
                return refusal

        return answer_faults


def fault_answer(fault: OdooFault, known: dict[str, object] | None = None) -> Json | None:
    """Return the answer to a fault, with what is known without Odoo; None for a bug of ours.

    A refusal comes in Odoo's words, which are about what was asked; all else stays in the log.
    """
    if isinstance(fault, NeedsHuman):
        told = _envelope(HTTPStatus.UNPROCESSABLE_ENTITY, REFUSED)
        told |= {"provider": "odoo", "error_details": {"odoo": [fault.words]}}
        return Json(told, HTTPStatus.UNPROCESSABLE_ENTITY.value)
    if isinstance(fault, OurBug) and FIELD_PREFIX not in fault.words:
        return None
    # Fields of ours that are missing mean that nobody has set Odoo up.
    code = MISCONFIGURED if isinstance(fault, Misconfigured | OurBug) else UNREACHABLE
    told = _envelope(HTTPStatus.SERVICE_UNAVAILABLE, code) | (known or {})
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return Json(told, HTTPStatus.SERVICE_UNAVAILABLE.value, headers=headers)


def list_answer(name: str, shapes: Sequence[object], page: Page, listing: Listing[Any]) -> Json:
    """Return a page; while Odoo does not answer a 503 that holds what is known without it."""
    known: dict[str, object] = {name: shapes, "meta": page.meta(listing.total)}
    if listing.fault is not None:
        refusal = fault_answer(listing.fault, known)
        if refusal is not None:
            log.warning("%s are incomplete: %s", name, listing.fault)
            return refusal
    return Json(known)


def document_url(request: Request, asked: Asked, move_id: int, number: str) -> str:
    """Return a link to a move's PDF that needs no key, beside the route that is asked."""
    name = (
        "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in number)
        or "document"
    )
    token = link_token(DocumentLink(move_id, f"{name}.pdf"), asked.answers.secret, asked.at)
    # The path as it was asked ends with the resource, its id and the word download: a proxy in
    # between may let only that address through.
    mount = request.scope["raw_path"].decode("ascii").rsplit("/", 3)[0]
    # A log of paths must not hold what opens a document.
    return f"{str(request.base_url).rstrip('/')}{mount}/documents/{name}.pdf?token={token}"


def _envelope(status: HTTPStatus, code: str) -> dict[str, object]:
    return {"status": status.value, "error": status.phrase, "code": code}

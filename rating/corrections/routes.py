"""Corrections of usage over HTTP: the difference in money first, then the rows."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from catalog.errors import NotFound
from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, at_once, body_under, state_of
from ingest.corrections.applying import ROWS_PER_PUSH_MAX, correct
from ingest.corrections.correction import Order
from ingest.corrections.correction_store import find_correction, list_corrections
from ingest.corrections.preparing import Corrections, prepared
from ingest.corrections.shapes import (
    correction_shape,
    order_of,
    revert_order,
    source_of,
    wants_preview,
)
from ingest.counters.routes import intake_of
from rating.corrections.preview import correction_preview
from rating.corrections.shapes import preview_shape

# What fits one push is counted as a whole or not at all.
HTTP_ROWS_MAX = ROWS_PER_PUSH_MAX
router = APIRouter(prefix="/corrections", tags=["corrections"])


def corrections_of(request: Request) -> Corrections:
    """Return the parts of the running app that correct usage."""
    return Corrections(state_of(request), intake_of(request))


Body = Annotated[JsonObject, Depends(body_under("correction"))]
CorrectionsOf = Annotated[Corrections, Depends(at_once(corrections_of))]


@router.post("")
def create_correction(body: Body, service: CallerService, parts: CorrectionsOf, at: Now) -> Json:
    """Void, amend or replace usage; with `preview` only show what it would cost."""
    return _answer(parts, service, order_of(body, service.code), at, preview=wants_preview(body))


@router.get("")
def list_all_corrections(service: CallerService, state: StateOf, page: PageOf) -> Json:
    """List the service's corrections, newest first."""
    with state.read() as connection:
        found, total = list_corrections(connection, service.code, page.size, page.offset)
    shown = [correction_shape(one) for one in found]
    return Json({"corrections": shown, "meta": page.meta(total)})


@router.get("/{correction_id}")
def show_correction(correction_id: str, service: CallerService, state: StateOf) -> Json:
    """Show who corrected what, why, and how far it has come."""
    with state.read() as connection:
        found = find_correction(connection, service.code, correction_id)
    if found is None:
        raise NotFound("correction")
    return Json({"correction": correction_shape(found, with_events=True)})


@router.post("/{correction_id}/revert")
def revert_correction(
    correction_id: str, body: Body, service: CallerService, parts: CorrectionsOf, at: Now
) -> Json:
    """Take a correction back: what counted before it counts again; `preview` as above."""
    order = revert_order(body, service.code, correction_id)
    return _answer(parts, service, order, at, preview=wants_preview(body))


def _answer(
    parts: Corrections, service: CallerService, order: Order, at: Now, *, preview: bool
) -> Json:
    source, new_id = source_of(order), str(uuid.uuid4())
    if preview:
        ready = prepared(parts, service, order, source, new_id=new_id, at=at)
        found = correction_preview(parts, ready, at=at, rows_max=HTTP_ROWS_MAX)
        return Json({"correction_preview": preview_shape(found)})
    done = correct(parts, service, order, source, new_id=new_id, at=at, rows_max=HTTP_ROWS_MAX)
    return Json({"correction": correction_shape(done)})

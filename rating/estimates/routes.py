"""Estimates of fees over HTTP, in Lago's shape; nothing is kept."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, LimitsOf, Now, StateOf, body_under, exact_body
from rating.answers.routes import SourcesOf
from rating.estimates.estimates import AskedEvent, batch_instant_fees, estimated_fees, instant_fees
from rating.lago_shapes.estimates import read_asked_event, read_asked_events, to_lago_instant_fee
from rating.lago_shapes.fees import to_lago_fee

EVENTS_MAX = 100
router = APIRouter(prefix="/events", tags=["events"])


def asked_event(body: Annotated[JsonObject, Depends(body_under("event"))]) -> AskedEvent:
    """Return the event whose price is asked."""
    return read_asked_event(body, str(uuid.uuid4()))


async def asked_events(
    request: Request, _service: CallerService, limits: LimitsOf
) -> list[AskedEvent]:
    """Return the events whose prices are asked."""
    body = await exact_body(request, limits)
    raws = body.get("events") if isinstance(body, dict) else None
    new_ids = (str(uuid.uuid4()) for _ in range(EVENTS_MAX))
    return read_asked_events(raws, new_ids, events_max=EVENTS_MAX)


EventAsked = Annotated[AskedEvent, Depends(asked_event)]
EventsAsked = Annotated[list[AskedEvent], Depends(asked_events)]


@router.post("/estimate_fees")
def estimate_fees(event: EventAsked, service: CallerService, sources: SourcesOf, at: Now) -> Json:
    """Show what an event would cost now, as its subscription's next one."""
    fees = estimated_fees(sources, service, event, at=at)
    return Json({"fees": [to_lago_fee(fee) for fee in fees]})


@router.post("/estimate_instant_fees")
def estimate_instant_fees(
    event: EventAsked, service: CallerService, state: StateOf, at: Now
) -> Json:
    """Show what an event costs by itself, without history or free units."""
    fees = instant_fees(state, service, event, at=at)
    return Json({"fees": [to_lago_instant_fee(fee) for fee in fees]})


@router.post("/batch_estimate_instant_fees")
def batch_estimate_instant_fees(
    events: EventsAsked, service: CallerService, state: StateOf, at: Now
) -> Json:
    """Show the same for up to a hundred events."""
    fees = batch_instant_fees(state, service, events, at=at)
    return Json({"fees": [to_lago_instant_fee(fee) for fee in fees]})

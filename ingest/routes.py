"""Usage events over HTTP, as Lago's clients push and read them."""

from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response

from catalog.errors import NotFound, ValidationFailed
from catalog.http import CallerService, Json, Now, PageOf, at_once
from catalog.services import Service
from ingest.front_door import Route
from ingest.usage_log import EventFilter, UsageLog

router = APIRouter(tags=["events"])


def usage_log_of(request: Request) -> UsageLog:
    """Return the usage log of the running app."""
    return cast(UsageLog, request.app.state.usage_log)


def event_filter(request: Request) -> EventFilter:
    """Read the list's filters; ValidationFailed with `invalid_date` for a time we can't read."""
    query = request.query_params
    return EventFilter(
        code=query.get("code") or None,
        external_subscription_id=query.get("external_subscription_id") or None,
        timestamp_from=_instant(query.get("timestamp_from"), "timestamp_from"),
        timestamp_to=_instant(query.get("timestamp_to"), "timestamp_to"),
    )


def _instant(text: str | None, field: str) -> datetime | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise ValidationFailed({field: ["invalid_date"]}) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


UsageLogOf = Annotated[UsageLog, Depends(at_once(usage_log_of))]


@router.post("/events")
async def create_event(request: Request, service: CallerService, at: Now) -> Response:
    """Keep one usage event (Lago's form, or a CloudEvent); 200 when it is on disk."""
    return await _answered(request, service, at)


@router.post("/events/batch")
async def create_events(request: Request, service: CallerService, at: Now) -> Response:
    """Keep up to a hundred usage events, all or none; 200 when they are on disk."""
    return await _answered(request, service, at)


@router.post("/usage/events")
async def create_usage_events(request: Request, service: CallerService, at: Now) -> Response:
    """Keep up to a thousand usage events, all or (`mode` partial) the good ones; a receipt."""
    return await _answered(request, service, at)


@router.get("/events")
def list_events(
    service: CallerService,
    page: PageOf,
    log: UsageLogOf,
    narrowed: Annotated[EventFilter, Depends(at_once(event_filter))],
) -> Json:
    """List events, newest first."""
    events, total = log.page(service.code, narrowed, page=page.number, per_page=page.size)
    return Json({"events": events, "meta": page.meta(total)})


@router.get("/events/{transaction_id:path}")
def show_event(transaction_id: str, service: CallerService, log: UsageLogOf) -> Json:
    """Show the first event with a transaction id."""
    event = log.of_transaction(service.code, transaction_id)
    if event is None:
        raise NotFound("event")
    return Json({"event": event})


async def _answered(request: Request, service: Service, at: datetime) -> Response:
    """Answer a push as the front door does, should it come without one."""
    routes = cast("dict[str, Route]", request.app.state.push_routes)
    headers = {name.lower(): value for name, value in request.headers.raw}
    answer, more = await routes[request.url.path](service, await request.body(), headers, at)
    named = {name.decode(): value.decode() for name, value in more}
    return Response(answer, media_type="application/json", headers=named)

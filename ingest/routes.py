"""Usage events over HTTP, as Lago's clients push and read them."""

from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from catalog.errors import NotFound, ValidationFailed
from catalog.exact_json import exact_value, object_under
from catalog.http import CallerService, Json, LimitsOf, Now, PageOf
from ingest.committer import Committer
from ingest.lago_shapes import from_lago_batch, from_lago_event, to_lago_event
from ingest.receiving import take_in
from ingest.usage_log import EventFilter, UsageLog

router = APIRouter(tags=["events"])


def committer_of(request: Request) -> Committer:
    """Return the committer of the running app."""
    return cast(Committer, request.app.state.committer)


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


CommitterOf = Annotated[Committer, Depends(committer_of)]
UsageLogOf = Annotated[UsageLog, Depends(usage_log_of)]


@router.post("/events")
async def create_event(
    request: Request,
    service: CallerService,
    limits: LimitsOf,
    at: Now,
    committer: CommitterOf,
) -> Json:
    """Keep one usage event; 200 when it is on disk."""
    raw = object_under(await request.body(), "event", limits.json_depth_max)
    event = from_lago_event(raw, service.code, at)
    try:
        (stored,) = await take_in(committer, [event])
    except ValidationFailed as refusal:
        details = refusal.details or {}
        raise ValidationFailed(cast("dict[str, list[str]]", details["0"])) from refusal
    return Json({"event": to_lago_event(stored)})


@router.post("/events/batch")
async def create_events(
    request: Request,
    service: CallerService,
    limits: LimitsOf,
    at: Now,
    committer: CommitterOf,
) -> Json:
    """Keep up to a hundred usage events, all or none; 200 when they are on disk."""
    body = exact_value(await request.body(), limits.json_depth_max)
    raws = body.get("events") if isinstance(body, dict) else None
    events = from_lago_batch(raws, service.code, at, events_max=request.app.state.events_batch_max)
    stored = await take_in(committer, events)
    return Json({"events": [to_lago_event(event) for event in stored]})


@router.get("/events")
def list_events(
    service: CallerService,
    page: PageOf,
    log: UsageLogOf,
    narrowed: Annotated[EventFilter, Depends(event_filter)],
) -> Json:
    """List events, newest first."""
    events, total = log.page(service.code, narrowed, page=page.number, per_page=page.size)
    return Json({"events": [to_lago_event(event) for event in events], "meta": page.meta(total)})


@router.get("/events/{transaction_id:path}")
def show_event(transaction_id: str, service: CallerService, log: UsageLogOf) -> Json:
    """Show the first event with a transaction id."""
    event = log.of_transaction(service.code, transaction_id)
    if event is None:
        raise NotFound("event")
    return Json({"event": to_lago_event(event)})

"""What happened to a service's objects, over HTTP: one gapless sequence that an app reads on."""

from fastapi import APIRouter, Request

from catalog.http import CallerService, Json, StateOf, query_values
from catalog.lago_shapes.lifecycle_events import read_after, to_lago_webhook
from catalog.store.lifecycle_events import after, last_sequence

router = APIRouter(prefix="/lifecycle_events", tags=["lifecycle_events"])


@router.get("")
def list_lifecycle_events(request: Request, service: CallerService, state: StateOf) -> Json:
    """List what happened after a sequence (`after`, `limit`, `kind`), oldest first."""
    sequence, limit = read_after(request.query_params)
    kinds = query_values(request, "kind")
    with state.read() as connection:
        newest = last_sequence(connection, service.code)
        found = after(connection, service.code, sequence, limit, kinds)
    # All up to the newest was looked at, also what is of other kinds.
    reached = found[-1].sequence if len(found) == limit else max(newest, sequence)
    meta = {"next_after": reached, "last_sequence": newest}
    shown = [to_lago_webhook(event, service) for event in found]
    return Json({"lifecycle_events": shown, "meta": meta})

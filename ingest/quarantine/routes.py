"""Quarantine over HTTP: what is set aside and why, and its replay, mend and dismissal."""

from collections.abc import Sequence
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from catalog.errors import NotFound, ValidationFailed
from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, at_once, body_under, state_of
from catalog.services import Service
from catalog.store.billable_metrics import metrics_by_code
from ingest.quarantine.quarantine import Selection
from ingest.quarantine.quarantined_event import (
    Metrics,
    QuarantinedEvent,
    fault_codes,
    valid_changes,
)
from ingest.quarantine.repair import Repairs, dismiss, mend, replay
from ingest.quarantine.shapes import (
    quarantined_event_shapes,
    read_listing,
    read_selection,
    read_signature,
    repaired_shape,
)
from ingest.quarantine.store import resolutions_of
from ingest.receiving import Intake
from storage.state import State

REPAIRS_PER_REQUEST_MAX = 20_000
router = APIRouter(prefix="/quarantine", tags=["quarantine"])


def repairs_of(request: Request) -> Repairs:
    """Return the parts of the running app that repair quarantined events."""
    return Repairs(state_of(request), cast(Intake, request.app.state.intake))


def metrics_of(service: CallerService, state: StateOf) -> Metrics:
    """Return the caller's billable metrics by code."""
    with state.read() as connection:
        return metrics_by_code(connection, service.code)


RepairsOf = Annotated[Repairs, Depends(at_once(repairs_of))]
MetricsOf = Annotated[Metrics, Depends(metrics_of)]
Asked = Annotated[JsonObject, Depends(body_under("quarantine"))]


@router.get("")
def list_quarantine(
    request: Request, service: CallerService, page: PageOf, parts: RepairsOf, metrics: MetricsOf
) -> Json:
    """List quarantined events, newest first, with what is wrong and what to do next."""
    selection = read_listing(request.query_params)
    parts.log.flush()
    counts = parts.log.counts(service.code, selection)
    rows = parts.log.page(service.code, selection, limit=page.size, offset=page.offset)
    return Json(
        {
            "quarantined_events": _shapes(parts.state, service, rows, metrics),
            "counts_by_reason": counts,
            "meta": page.meta(sum(counts.values())),
        }
    )


@router.get("/{row_id}")
def show_quarantined_event(
    row_id: str, service: CallerService, parts: RepairsOf, metrics: MetricsOf
) -> Json:
    """Show one quarantined event, open or resolved."""
    return _shown(parts, service, row_id, metrics)


@router.post("/replay")
def replay_quarantine(
    asked: Asked, service: CallerService, parts: RepairsOf, metrics: MetricsOf, at: Now
) -> Json:
    """Count what can be counted now of the rows named by ids, reason, code or subscription."""
    selection = read_selection(asked)
    done = replay(parts, service.code, selection, metrics, at, repairs_max=REPAIRS_PER_REQUEST_MAX)
    return Json({"replay": repaired_shape(done)})


@router.post("/{row_id}/mend")
def mend_quarantined_event(
    row_id: str,
    asked: Asked,
    service: CallerService,
    parts: RepairsOf,
    metrics: MetricsOf,
    at: Now,
) -> Json:
    """Count an event with changes, kept with author and reason; 422 when it still can't count."""
    signed, changes = read_signature(asked), valid_changes(asked.get("changes"))
    selection = Selection(ids=(row_id,))
    done = mend(parts, service.code, selection, changes, metrics, at, signed=signed)
    for reason in done.still_faulty:
        raise ValidationFailed(fault_codes(reason))
    return _shown(parts, service, row_id, metrics)


@router.post("/{row_id}/dismiss")
def dismiss_quarantined_event(
    row_id: str,
    asked: Asked,
    service: CallerService,
    parts: RepairsOf,
    metrics: MetricsOf,
    at: Now,
) -> Json:
    """Note, with author and reason, that an event shall never count; nothing is deleted."""
    dismiss(parts, service.code, Selection(ids=(row_id,)), at, signed=read_signature(asked))
    return _shown(parts, service, row_id, metrics)


def _shown(parts: Repairs, service: Service, row_id: str, metrics: Metrics) -> Json:
    parts.log.flush()
    rows = list(parts.log.found(service.code, [row_id]).values())
    if not rows:
        raise NotFound("quarantined_event")
    return Json({"quarantined_event": _shapes(parts.state, service, rows, metrics)[0]})


def _shapes(
    state: State, service: Service, rows: Sequence[QuarantinedEvent], metrics: Metrics
) -> list[dict[str, object]]:
    with state.read() as connection:
        decisions = resolutions_of(connection, service.code, [row.id for row in rows])
    return quarantined_event_shapes(rows, metrics, decisions)

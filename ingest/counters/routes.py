"""Counter pushes over HTTP: totals of windows, replaced as a whole, and how they stand."""

from collections.abc import Mapping
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from catalog.billable_metrics import BillableMetric
from catalog.errors import BadRequest, ValidationFailed
from catalog.exact_json import JsonObject
from catalog.http import (
    CallerService,
    Json,
    LimitsOf,
    Now,
    PageOf,
    StateOf,
    at_once,
    body_under,
    exact_body,
    state_of,
)
from catalog.store.billable_metrics import metrics_by_code
from ingest.counters.answering import answer_counter, answer_counters
from ingest.counters.shapes import window_shape
from ingest.counters.window_log import WindowLog
from ingest.flush import Flusher
from ingest.receiving import Intake
from storage.lake import Lake

router = APIRouter(prefix="/usage", tags=["counters"])


def intake_of(request: Request) -> Intake:
    """Return the parts of the running app that take in usage."""
    return cast(Intake, request.app.state.intake)


def metrics_of(service: CallerService, state: StateOf) -> Mapping[str, BillableMetric]:
    """Return the caller's billable metrics by code."""
    with state.read() as connection:
        return metrics_by_code(connection, service.code)


def window_log_of(request: Request) -> WindowLog:
    """Return the window log of the running app."""
    parts = request.app.state
    return WindowLog(state_of(request), cast(Lake, parts.lake), cast(Flusher, parts.flusher))


async def batch_body(request: Request, _service: CallerService, limits: LimitsOf) -> JsonObject:
    """Read the JSON object of a batch, numbers exact."""
    body = await exact_body(request, limits)
    if not isinstance(body, dict):
        raise BadRequest("param is missing or the value is empty or invalid: usage")
    return body


IntakeOf = Annotated[Intake, Depends(at_once(intake_of))]
MetricsOf = Annotated[Mapping[str, BillableMetric], Depends(metrics_of)]
WindowLogOf = Annotated[WindowLog, Depends(at_once(window_log_of))]


@router.put("")
async def put_usage(
    service: CallerService,
    pushed: Annotated[JsonObject, Depends(body_under("usage"))],
    metrics: MetricsOf,
    intake: IntakeOf,
    at: Now,
) -> Json:
    """Keep the number of one counter window, over any kept before; 200 when it is on disk."""
    return Json(await answer_counter(intake, service, metrics, pushed, at))


@router.put("/batch")
async def put_usage_batch(
    service: CallerService,
    body: Annotated[JsonObject, Depends(batch_body)],
    metrics: MetricsOf,
    intake: IntakeOf,
    at: Now,
) -> Json:
    """Keep up to a thousand counter windows, all or (`mode` partial) the good ones; a receipt."""
    return Json(await answer_counters(intake, service, metrics, body, at))


@router.get("/windows")
def list_usage_windows(
    request: Request, service: CallerService, page: PageOf, log: WindowLogOf
) -> Json:
    """List the counter windows of a subscription and a metric as they stand, with notices."""
    query = request.query_params
    names = ("external_subscription_id", "code")
    if missing := [name for name in names if not query.get(name)]:
        raise ValidationFailed({name: ["value_is_mandatory"] for name in missing})
    windows = log.windows(service, query["external_subscription_id"], query["code"])
    shown = windows[page.offset : page.offset + page.size]
    return Json({"windows": [window_shape(one) for one in shown], "meta": page.meta(len(windows))})

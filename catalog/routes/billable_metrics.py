"""Billable metrics over HTTP."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.billable_metrics import BillableMetric
from catalog.errors import NotFound
from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, WholeBody, body_under
from catalog.lago_shapes.billable_metrics import (
    from_lago_changed_metric,
    from_lago_new_metric,
    to_lago_metric,
)
from catalog.lago_shapes.expressions import from_lago_trial, to_lago_trial
from catalog.store.billable_metrics import (
    add_metric,
    delete_metric,
    find_metric,
    list_metrics,
    save_metric,
)
from catalog.store.plans import is_metric_priced
from catalog.store.services import lock_service

router = APIRouter(prefix="/billable_metrics", tags=["billable_metrics"])

MetricFields = Annotated[JsonObject, Depends(body_under("billable_metric"))]


@router.post("")
def create_billable_metric(
    service: CallerService, fields: MetricFields, state: StateOf, at: Now
) -> Json:
    """Create a metric."""
    metric = from_lago_new_metric(fields, service.code, str(uuid.uuid4()), at)
    with state.write() as connection:
        return _answer(add_metric(connection, metric))


@router.post("/evaluate_expression")
def evaluate_expression(trial: WholeBody, at: Now) -> Json:
    """Evaluate an expression for one event; nothing is kept."""
    return Json(to_lago_trial(from_lago_trial(trial, at)))


@router.get("")
def list_billable_metrics(service: CallerService, state: StateOf, page: PageOf) -> Json:
    """List kept metrics, newest first."""
    with state.read() as connection:
        metrics, total = list_metrics(connection, service.code, page.size, page.offset)
    shapes = [to_lago_metric(metric) for metric in metrics]
    return Json({"billable_metrics": shapes, "meta": page.meta(total)})


@router.get("/{code}")
def show_billable_metric(code: str, service: CallerService, state: StateOf) -> Json:
    """Show one metric."""
    with state.read() as connection:
        return _answer(find_metric(connection, service.code, code))


@router.put("/{code}")
def update_billable_metric(
    code: str, service: CallerService, fields: MetricFields, state: StateOf, at: Now
) -> Json:
    """Change the members given; a changed rule is a new version from now on."""
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = _found(find_metric(connection, service.code, code))
        is_priced = is_metric_priced(connection, service.code, kept.id)
        changed = from_lago_changed_metric(fields, kept, is_priced=is_priced)
        return _answer(save_metric(connection, kept, changed, at))


@router.delete("/{code}")
def delete_billable_metric(code: str, service: CallerService, state: StateOf, at: Now) -> Json:
    """Soft-delete a metric."""
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = _found(find_metric(connection, service.code, code))
        return _answer(delete_metric(connection, kept, at))


def _found(metric: BillableMetric | None) -> BillableMetric:
    if metric is None:
        raise NotFound("billable_metric")
    return metric


def _answer(metric: BillableMetric | None) -> Json:
    return Json({"billable_metric": to_lago_metric(_found(metric))})

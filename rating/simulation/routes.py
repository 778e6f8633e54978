"""Simulations over HTTP: history priced under a draft plan; nothing of it is kept."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, body_under
from catalog.store.billable_metrics import metrics_by_id
from rating.answers.routes import SourcesOf
from rating.simulation.shapes import order_of, report_shape
from rating.simulation.simulation import HTTP_LIMITS, simulate

router = APIRouter(prefix="/simulations", tags=["simulations"])
SimulationFields = Annotated[JsonObject, Depends(body_under("simulation"))]


@router.post("")
def create_simulation(
    fields: SimulationFields, service: CallerService, sources: SourcesOf, at: Now
) -> Json:
    """Show what every account would have paid under a draft plan, month by month."""
    with sources.state.read() as connection:
        metrics = metrics_by_id(connection, service.code)
    order = order_of(fields, service.code, metrics, at, _new_id)
    report = simulate(
        sources.state, sources.lake, sources.flusher, service, order, limits=HTTP_LIMITS
    )
    return Json({"simulation": report_shape(report)})


def _new_id() -> str:
    return str(uuid.uuid4())

"""Usage and its price over HTTP, in Lago's shape."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query, Request

from aggregation.quantity_memory import QuantityMemory
from catalog.http import CallerService, Json, Now, StateOf
from ingest.flush import Flushing
from rating.current_usage import UsageSources, current_usage
from rating.lago_shapes import to_lago_usage
from storage.lake import Lake

router = APIRouter(tags=["usage"])


def lake_of(request: Request) -> Lake:
    """Return the lake of the running app."""
    return cast(Lake, request.app.state.lake)


def flusher_of(request: Request) -> Flushing:
    """Return the flusher of the running app."""
    return cast(Flushing, request.app.state.flusher)


LakeOf = Annotated[Lake, Depends(lake_of)]


def memory_of(request: Request) -> QuantityMemory:
    """Return the remembered quantities of the running app."""
    return cast(QuantityMemory, request.app.state.quantity_memory)


MemoryOf = Annotated[QuantityMemory, Depends(memory_of)]
FlusherOf = Annotated[Flushing, Depends(flusher_of)]


@router.get("/customers/{external_customer_id}/current_usage")
def show_current_usage(
    external_customer_id: str,
    service: CallerService,
    state: StateOf,
    lake: LakeOf,
    flusher: FlusherOf,
    memory: MemoryOf,
    at: Now,
    external_subscription_id: Annotated[str | None, Query()] = None,
) -> Json:
    """Show the open period of a subscription, charge by charge."""
    sources = UsageSources(state, lake, flusher, memory)
    usage = current_usage(sources, service, external_customer_id, external_subscription_id, at=at)
    return Json({"customer_usage": to_lago_usage(usage)})

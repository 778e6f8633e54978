"""Costs over HTTP: a service tells what its usage cost at its providers."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from catalog.exact_json import JsonValue
from catalog.http import CallerService, Json, LimitsOf, Now, StateOf, at_once
from catalog.request_body import aside
from dashboards.costs.posting import post_costs, read_body
from storage.lake import Lake

router = APIRouter(prefix="/costs", tags=["costs"])


def lake_of(request: Request) -> Lake:
    """Return the lake of the running app."""
    return cast(Lake, request.app.state.lake)


async def rows_of(request: Request, _service: CallerService, limits: LimitsOf) -> list[JsonValue]:
    """Return the rows of the body, numbers exact."""
    body = await request.body()
    return await aside(len(body), lambda: read_body(body, limits.json_depth_max))


@router.post("")
def create_costs(
    rows: Annotated[list[JsonValue], Depends(rows_of)],
    service: CallerService,
    state: StateOf,
    lake: Annotated[Lake, Depends(at_once(lake_of))],
    at: Now,
) -> Json:
    """Keep daily costs of the caller's own service: all rows or none, each revision once."""
    return Json({"costs": post_costs(lake, state, service, rows, at=at)})

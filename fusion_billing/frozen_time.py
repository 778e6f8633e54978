"""The test clock over HTTP; served only where the process was started with one."""

from datetime import datetime
from typing import cast

from fastapi import APIRouter, Request

from catalog.errors import ValidationFailed
from catalog.exact_json import exact_value
from catalog.http import CallerService, Json, LimitsOf
from fusion_billing.clock import TestClock

router = APIRouter(tags=["test clock"])


@router.post("/test_clock/advance")
async def advance(request: Request, _service: CallerService, limits: LimitsOf) -> Json:
    """Move the frozen time forward: {"to": "2026-02-01T00:00:00Z"}."""
    body = exact_value(await request.body(), limits.json_depth_max)
    clock = cast(TestClock, request.app.state.clock)
    try:
        clock.advance(datetime.fromisoformat(str(body["to"] if isinstance(body, dict) else "")))
    except (KeyError, ValueError) as error:
        raise ValidationFailed({"to": ["invalid_date"]}) from error
    return Json({"now": clock()})

"""Alerts of a subscription over HTTP, in Lago's shape."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, WholeBody, at_once, body_under
from rating.alerts.keeping import (
    change_alert,
    create_alert,
    create_alerts,
    forget_alert,
    forget_alerts,
    page_of_alerts,
    shown_alert,
)
from rating.alerts.lago_shapes import from_lago_alert_body

router = APIRouter(prefix="/subscriptions/{external_id}/alerts", tags=["alerts"])


def status_asked(request: Request) -> str:
    """Return the state of the subscription that is meant: active, unless another is named."""
    query = request.query_params
    return query.get("subscription_status") or query.get("status") or "active"


AlertFields = Annotated[JsonObject, Depends(body_under("alert"))]
StatusAsked = Annotated[str, Depends(at_once(status_asked))]


@router.post("")
def create_subscription_alert(
    external_id: str,
    service: CallerService,
    body: WholeBody,
    asked: StatusAsked,
    state: StateOf,
    at: Now,
) -> Json:
    """Create an alert (`alert`), or all of a list of them or none (`alerts`)."""
    one, many = from_lago_alert_body(body)
    if one is not None:
        return Json({"alert": create_alert(state, service, (external_id, asked), one, at)})
    return Json({"alerts": create_alerts(state, service, (external_id, asked), many, at)})


@router.get("")
def list_subscription_alerts(
    external_id: str, service: CallerService, asked: StatusAsked, state: StateOf, page: PageOf
) -> Json:
    """List a subscription's alerts, newest first."""
    shown, total = page_of_alerts(state, service, (external_id, asked), page.size, page.offset)
    return Json({"alerts": shown, "meta": page.meta(total)})


@router.delete("")
def delete_subscription_alerts(
    external_id: str, service: CallerService, asked: StatusAsked, state: StateOf, at: Now
) -> Response:
    """Delete all alerts of a subscription; the answer is empty (Lago)."""
    forget_alerts(state, service, (external_id, asked), at)
    return Response(status_code=200)


@router.get("/{code}")
def show_subscription_alert(
    external_id: str, code: str, service: CallerService, asked: StatusAsked, state: StateOf
) -> Json:
    """Show one alert."""
    return Json({"alert": shown_alert(state, service, (external_id, asked), code)})


@router.put("/{code}")
def update_subscription_alert(
    external_id: str,
    code: str,
    service: CallerService,
    fields: AlertFields,
    asked: StatusAsked,
    state: StateOf,
) -> Json:
    """Change the members given; new thresholds replace the old ones."""
    return Json({"alert": change_alert(state, service, (external_id, asked), code, fields)})


@router.delete("/{code}")
def delete_subscription_alert(
    external_id: str,
    code: str,
    service: CallerService,
    asked: StatusAsked,
    state: StateOf,
    at: Now,
) -> Json:
    """Delete one alert."""
    return Json({"alert": forget_alert(state, service, (external_id, asked), code, at)})

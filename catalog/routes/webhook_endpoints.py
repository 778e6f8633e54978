"""Webhook endpoints, and the key that webhooks will be verified with, over HTTP."""

import base64
import uuid
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response

from catalog.errors import NotFound
from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, at_once, body_under
from catalog.lago_shapes.webhook_endpoints import (
    from_lago_webhook_endpoint,
    to_lago_webhook_endpoint,
)
from catalog.services import Service
from catalog.store.services import lock_service
from catalog.store.webhook_endpoints import (
    add_webhook_endpoint,
    delete_webhook_endpoint,
    find_webhook_endpoint,
    list_webhook_endpoints,
    save_webhook_endpoint,
)
from catalog.store.webhook_key import public_webhook_key
from catalog.webhook_endpoints import SignatureAlgorithm, WebhookEndpoint
from catalog.webhook_url import WebhookRules

router = APIRouter(tags=["webhooks"])

EndpointFields = Annotated[JsonObject, Depends(body_under("webhook_endpoint"))]


def rules_of(request: Request) -> WebhookRules:
    """Return where the running app lets webhooks go."""
    return cast(WebhookRules, request.app.state.webhook_rules)


def public_key_text(request: Request, _service: CallerService, state: StateOf, at: Now) -> str:
    """Return the public key as Lago gives it: the PEM text in base64, in lines (MIME)."""
    pem = public_webhook_key(state, cast(bytes, request.app.state.pepper), at)
    return base64.encodebytes(pem.encode()).decode()


RulesOf = Annotated[WebhookRules, Depends(at_once(rules_of))]
PublicKeyText = Annotated[str, Depends(public_key_text)]


@router.get("/webhooks/public_key")
def show_public_key(key: PublicKeyText) -> Response:
    """Show the key that webhooks will be verified with, as plain text (deprecated in Lago)."""
    return Response(key, media_type="text/plain")


@router.get("/webhooks/json_public_key")
def show_json_public_key(key: PublicKeyText) -> Json:
    """Show the key that webhooks will be verified with."""
    return Json({"webhook": {"public_key": key}})


@router.post("/webhook_endpoints")
def create_webhook_endpoint(
    service: CallerService, fields: EndpointFields, rules: RulesOf, state: StateOf, at: Now
) -> Json:
    """Keep where webhooks are to go; nothing is sent yet."""
    new = WebhookEndpoint(str(uuid.uuid4()), service.code, "", SignatureAlgorithm.JWT, at)
    endpoint = from_lago_webhook_endpoint(fields, new, rules)
    with state.write() as connection:
        return _answer(add_webhook_endpoint(connection, endpoint), service)


@router.get("/webhook_endpoints")
def list_kept_webhook_endpoints(service: CallerService, state: StateOf, page: PageOf) -> Json:
    """List webhook endpoints, newest first."""
    with state.read() as connection:
        found, total = list_webhook_endpoints(connection, service.code, page.size, page.offset)
    shapes = [to_lago_webhook_endpoint(each, service) for each in found]
    return Json({"webhook_endpoints": shapes, "meta": page.meta(total)})


@router.get("/webhook_endpoints/{lago_id}")
def show_webhook_endpoint(lago_id: str, service: CallerService, state: StateOf) -> Json:
    """Show one webhook endpoint."""
    with state.read() as connection:
        return _answer(find_webhook_endpoint(connection, service.code, lago_id), service)


@router.put("/webhook_endpoints/{lago_id}")
def update_webhook_endpoint(
    lago_id: str, service: CallerService, fields: EndpointFields, rules: RulesOf, state: StateOf
) -> Json:
    """Change the members given."""
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = _found(find_webhook_endpoint(connection, service.code, lago_id))
        changed = from_lago_webhook_endpoint(fields, kept, rules)
        return _answer(save_webhook_endpoint(connection, changed), service)


@router.delete("/webhook_endpoints/{lago_id}")
def delete_kept_webhook_endpoint(
    lago_id: str, service: CallerService, state: StateOf, at: Now
) -> Json:
    """Delete a webhook endpoint."""
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = _found(find_webhook_endpoint(connection, service.code, lago_id))
        return _answer(delete_webhook_endpoint(connection, kept, at), service)


def _found(endpoint: WebhookEndpoint | None) -> WebhookEndpoint:
    if endpoint is None:
        raise NotFound("webhook_endpoint")
    return endpoint


def _answer(endpoint: WebhookEndpoint | None, service: Service) -> Json:
    return Json({"webhook_endpoint": to_lago_webhook_endpoint(_found(endpoint), service)})

"""Webhook endpoints in Lago's words."""

from dataclasses import replace

from catalog.exact_json import JsonObject, JsonValue
from catalog.lago_shapes.fields import IDENTIFIER_CHARACTERS_MAX, INVALID, MANDATORY, Fields
from catalog.lago_shapes.times import iso_seconds
from catalog.services import Service
from catalog.webhook_endpoints import EVENT_TYPES, SignatureAlgorithm, WebhookEndpoint
from catalog.webhook_url import URL_INVALID, WebhookRules, url_faults

EVERY_TYPE = "*"


def from_lago_webhook_endpoint(
    given: JsonObject, kept: WebhookEndpoint, rules: WebhookRules
) -> WebhookEndpoint:
    """Return an endpoint with the members given changed; ValidationFailed names every fault.

    A new one is `kept` with an empty URL.
    """
    fields = Fields(given)
    changed = replace(
        kept,
        url=_url(fields, kept.url, rules),
        signature_algo=fields.choice("signature_algo", SignatureAlgorithm, kept.signature_algo)
        or SignatureAlgorithm.JWT,
        name=fields.text("name", kept.name, IDENTIFIER_CHARACTERS_MAX),
        event_types=_event_types(fields, kept.event_types),
    )
    fields.check()
    return changed


def to_lago_webhook_endpoint(endpoint: WebhookEndpoint, service: Service) -> dict[str, object]:
    """Return Lago's webhook_endpoint object."""
    types = endpoint.event_types
    return {
        "lago_id": endpoint.id,
        "lago_organization_id": service.id,
        "webhook_url": endpoint.url,
        "signature_algo": endpoint.signature_algo.value,
        "name": endpoint.name,
        "event_types": None if types is None else list(types),
        "created_at": iso_seconds(endpoint.created_at),
    }


def _url(fields: Fields, kept: str, rules: WebhookRules) -> str:
    given = fields.given.get("webhook_url")
    if "webhook_url" not in fields.given and kept:
        return kept
    if given is None or given == "":
        fields.fault("webhook_url", MANDATORY)
        fields.fault("webhook_url", URL_INVALID)
        return kept
    url = given if isinstance(given, str) else ""
    for code in url_faults(url, rules):
        fields.fault("webhook_url", code)
    return url


def _event_types(fields: Fields, kept: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the types named, each once, in lower case; all (`*` alone, null) are None (Lago)."""
    if "event_types" not in fields.given:
        return kept
    given = fields.given["event_types"]
    if given is None:
        return None
    if not isinstance(given, list):
        fields.fault("event_types", "must_be_array")
        return kept
    words = [_word(each) for each in given]
    named = tuple(dict.fromkeys(word for word in words if word))
    if named == (EVERY_TYPE,):
        return None
    if not EVENT_TYPES.issuperset(named):
        fields.fault("event_types", "invalid_types")
    return named


def _word(given: JsonValue) -> str:
    return given.strip().lower() if isinstance(given, str) else ("" if given is None else INVALID)

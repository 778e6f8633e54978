"""CloudEvents 1.0 read as Lago's raw events: structured, batched and binary mode over HTTP.

Decides how their attributes are named here; what a valid usage event is, `usage_event.py` says.
Pure.
"""

import re
from collections.abc import Callable, Mapping

from catalog.errors import BadRequest, ValidationFailed
from catalog.exact_json import JsonObject, JsonValue, exact_value
from ingest.epoch_seconds import epoch_seconds_text

SPECVERSION = "1.0"
STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
CLOUD_EVENTS_PREFIX = "application/cloudevents"
HEADER_PREFIX = "ce-"
SOURCE_ID_SEPARATOR = "|"
DEPTH_MAX = 32
CLOUD_EVENTS = CLOUD_EVENTS_PREFIX.encode()
SPECIFICATION = f"{HEADER_PREFIX}specversion".encode()
MANDATORY = ("id", "source", "type")
BINARY_ATTRIBUTES = ("id", "source", "specversion", "type", "subject", "time", "datacontenttype")
PERCENT_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
NOT_IN_A_URI = re.compile(r"[\s|]")

_Codes = dict[str, list[str]]


def is_cloud_events(headers: Mapping[bytes, bytes]) -> bool:
    """Say whether a request speaks CloudEvents; the headers' names are in lower case."""
    kind = headers.get(b"content-type", b"").lstrip().lower()
    return kind.startswith(CLOUD_EVENTS) or SPECIFICATION in headers


def is_cloud_events_batch(content_type: str) -> bool:
    """Say whether the body is a JSON array of CloudEvents."""
    return _media_type(content_type) == BATCHED


def events_of_cloud_events(
    body: bytes, content_type: str, headers: Mapping[str, str], depth_max: int = DEPTH_MAX
) -> list[JsonObject]:
    """Return raw events in Lago's field names; ValidationFailed with Lago's codes.

    CloudEvents calls an event unique by source and id together, so the transaction id is
    "<source>|<id>": two sources that count from 1 don't meet. A URI holds no "|", so no two
    pairs give the same text. Faults are keyed by CloudEvents' attribute, in a batch first by the
    event's index; of a faulty batch nothing is returned.
    """
    media_type = _media_type(content_type)
    if media_type == BATCHED:
        return _batch(exact_value(body, depth_max))
    if media_type == STRUCTURED:
        return [_refusing_raw(exact_value(body, depth_max))]
    if media_type.startswith(CLOUD_EVENTS_PREFIX):
        raise BadRequest(f"{media_type} is not read here: send {STRUCTURED} or {BATCHED}")
    return [_refusing_raw(_binary(body, content_type, headers, depth_max))]


def _batch(value: JsonValue) -> list[JsonObject]:
    if not isinstance(value, list):
        raise ValidationFailed({"events": ["invalid_format"]})
    read = [_raw(member) for member in value]
    faults = {str(index): codes for index, (_, codes) in enumerate(read) if codes}
    if faults:
        raise ValidationFailed(faults)
    return [raw for raw, _ in read]


def _refusing_raw(value: JsonValue) -> JsonObject:
    raw, codes = _raw(value)
    if codes:
        raise ValidationFailed(codes)
    return raw


def _raw(value: JsonValue) -> tuple[JsonObject, _Codes]:
    """Return Lago's fields of one CloudEvent, and every fault of it at once."""
    if not isinstance(value, dict):
        return {}, {"event": ["invalid_format"]}
    faults = _attribute_faults(value) | _data_faults(value)
    timestamp = _attribute(value, "time", faults, epoch_seconds_text)
    subject = _attribute(value, "subject", faults, str)
    if faults:
        return {}, faults
    return {
        "transaction_id": f"{value['source']}{SOURCE_ID_SEPARATOR}{value['id']}",
        "code": value["type"],
        "external_subscription_id": subject,
        "timestamp": timestamp,
        "properties": value.get("data"),
    }, {}


def _attribute_faults(event: JsonObject) -> _Codes:
    faults: _Codes = {}
    for name in MANDATORY:
        text = event.get(name)
        if text is None or (isinstance(text, str) and not text.strip()):
            faults[name] = ["value_is_mandatory"]
        elif not isinstance(text, str):
            faults[name] = ["value_is_invalid"]
    source, version = event.get("source"), event.get("specversion")
    if isinstance(source, str) and NOT_IN_A_URI.search(source) and "source" not in faults:
        faults["source"] = ["value_is_invalid"]
    if version != SPECVERSION:
        faults["specversion"] = ["value_is_mandatory" if version is None else "value_is_invalid"]
    return faults


def _data_faults(event: JsonObject) -> _Codes:
    if event.get("data_base64") is not None:
        return {"data_base64": ["value_is_invalid"]}
    data_type = event.get("datacontenttype")
    if data_type is not None and not _is_json(data_type):
        return {"datacontenttype": ["value_is_invalid"]}
    if not isinstance(event.get("data"), dict | None):
        return {"data": ["value_is_invalid"]}
    return {}


def _attribute(
    event: JsonObject, name: str, faults: _Codes, reading: Callable[[str], str]
) -> str | None:
    """Return an optional attribute as `reading` reads its text; null counts as absent."""
    value = event.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        try:
            return reading(value)
        except ValueError:
            pass
    faults[name] = ["invalid_format" if name == "time" else "value_is_invalid"]
    return None


def _binary(
    body: bytes, content_type: str, headers: Mapping[str, str], depth_max: int
) -> JsonObject:
    """Return a binary-mode request as the structured event it stands for."""
    event: JsonObject = {
        name: _percent_decoded(headers[f"{HEADER_PREFIX}{name}"])
        for name in BINARY_ATTRIBUTES
        if f"{HEADER_PREFIX}{name}" in headers
    }
    event["datacontenttype"] = content_type or None
    if body and (not content_type or _is_json(content_type)):
        event["data"] = exact_value(body, depth_max)
    return event


def _percent_decoded(text: str) -> str:
    octets = PERCENT_ENCODED.sub(lambda found: bytes([int(found[1], 16)]), text.encode())
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise BadRequest("a ce- header is not percent-encoded UTF-8") from error


def _is_json(content_type: JsonValue) -> bool:
    if not isinstance(content_type, str):
        return False
    media_type = _media_type(content_type)
    return media_type == "application/json" or media_type.endswith("+json")


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()

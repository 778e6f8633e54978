"""How every refusal looks on the wire, in Lago's envelope. Pure."""

import http
from typing import Any

from fusion_billing.openapi.shapes import COUNT, OBJECT, TEXT, Schema, answered, maybe, of, told

ENVELOPES: dict[str, Schema] = {
    "Refusal": told(
        answered(
            {"status": {"type": "integer"}, "error": TEXT},
            code=TEXT,
            error_details=told(OBJECT, "Codes by field; of a batch, by index and then by field."),
        ),
        "What was refused, by code, and which field is why.",
    ),
    "PageMeta": answered(
        {
            "current_page": told(COUNT, "From 1; 0 of an empty list."),
            "next_page": maybe(COUNT),
            "prev_page": maybe(COUNT),
            "total_pages": COUNT,
            "total_count": COUNT,
        }
    ),
}
MEANINGS = {
    400: "The request can't be read: no JSON, no root key, or text that nobody can keep.",
    401: "No key, or an unknown, expired or revoked one.",
    403: "Not offered, or not to this key.",
    404: "Nothing under this id; another service's ids are nothing, too.",
    405: "What it is about is in a state that refuses.",
    408: "The body took too long to come.",
    409: "The first request under this Idempotency-Key is still running.",
    413: "The body has too many bytes.",
    415: "A content type or encoding that nobody reads here.",
    422: "A field is wrong; `error_details` names every one. Or an Idempotency-Key came with "
    "another request before.",
    503: "A store can't be used now: nothing was kept, repeat it later.",
}
CODES = {
    403: "feature_unavailable",
    404: "resource_not_found",
    405: "no_active_subscription",
    408: "request_too_slow",
    409: "idempotency_key_in_use",
    413: "body_too_large",
    415: "content_encoding_not_supported",
    422: "validation_errors",
    503: "store_unavailable",
}
DETAILS = {422: {"name": ["value_is_mandatory"]}, 413: {"body": ["more than 1048576 bytes"]}}
ERRORS = {
    400: "BadRequest: param is missing or the value is empty or invalid: plan",
    413: "Content Too Large",
    422: "Unprocessable Entity",
}


def refusal_answer(status: int) -> dict[str, Any]:
    """Return the answer of a status, with an example of it."""
    example: dict[str, Any] = {
        "status": status,
        "error": ERRORS.get(status, http.HTTPStatus(status).phrase),
    }
    if status in CODES:
        example["code"] = CODES[status]
    if status in DETAILS:
        example["error_details"] = DETAILS[status]
    shown = {"schema": of("Refusal"), "example": example}
    return {"description": MEANINGS[status], "content": {"application/json": shown}}

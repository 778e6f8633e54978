"""The app's own OpenAPI, completed with what is said of each operation. Pure.

The routes say which operations there are; what is said of one that is not served stays out.
"""

from collections.abc import Mapping
from typing import Any

from fusion_billing.openapi.envelope import ENVELOPES, MEANINGS, refusal_answer
from fusion_billing.openapi.operation import Operation, resolved
from fusion_billing.openapi.shapes import Schema

KEY = "api_key"
KEY_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "The key of a service, shown once by `fusion-billing service create`.",
}
IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeats of one request under one key take effect once: they get the first "
    "answer again, with `Idempotent-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
WRITING = ("post", "put", "patch", "delete")
ALWAYS = (503,)
KEYED = (400, 401, 422)
WITH_BODY = (413,)
WRITTEN = (409,)
REFUSED = 400


def completed(
    document: dict[str, Any],
    operations: Mapping[str, Operation],
    shapes: Mapping[str, Schema],
    examples: Mapping[str, Any],
    prefixes: tuple[str, ...],
) -> dict[str, Any]:
    """Return an OpenAPI document with schemas, answers and examples; `examples` are answers.

    `prefixes` are the mounts that paths are told apart from, the longest match first.
    """
    components = document.setdefault("components", {})
    components["schemas"] = {**shapes, **ENVELOPES}
    components["securitySchemes"] = {KEY: KEY_SCHEME}
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            operation = operations.get(operation_name(method, path, prefixes))
            if operation is not None:
                _complete(found, operation, examples)
    return document


def operation_name(method: str, path: str, prefixes: tuple[str, ...]) -> str:
    """Return what an operation is called here: its method, and its path below a mount."""
    prefix = next((one for one in prefixes if path.startswith(f"{one}/")), "")
    return f"{method.upper()} {path[len(prefix) :]}"


def _complete(found: dict[str, Any], operation: Operation, examples: Mapping[str, Any]) -> None:
    words: str = found.get("description", "")
    found["summary"] = words.partition("\n")[0]
    # FastAPI makes an id of function, path and method; the function alone is a good name.
    found["parameters"] = _parameters(found.get("parameters", []), operation, examples)
    found["security"] = [] if operation.is_open else [{KEY: []}]
    if operation.body is not None:
        found["requestBody"] = _request_body(operation, examples)
    found["responses"] = {
        str(operation.status): _answer(operation, examples),
        **{str(status): _refusal(operation, status, examples) for status in refusals_of(operation)},
    }


def refusals_of(operation: Operation) -> tuple[int, ...]:
    """Return the statuses other than success that an operation may answer."""
    found = {*operation.refusals, *ALWAYS, operation.shown_status}
    if not operation.is_open:
        found.update(KEYED)
    if operation.method in WRITING and not operation.is_open:
        found.update(WRITTEN)
        found.update(WITH_BODY)
    return tuple(sorted(found - {operation.status}))


def _parameters(
    routed: list[dict[str, Any]],
    operation: Operation,
    examples: Mapping[str, Any],
) -> list[dict[str, Any]]:
    example = operation.example
    named = [each["name"] for each in routed]
    parameters = [
        each | {"schema": operation.query.get(each["name"], {"type": "string"})} for each in routed
    ]
    parameters += [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in operation.query.items()
        if name not in named
    ]
    values = {**example.path, **example.query}
    for each in parameters:
        if each["name"] in values:
            each["example"] = resolved(values[each["name"]], examples)
    is_mounted = not operation.is_open and not operation.path.startswith("/test_clock")
    return parameters + ([IDEMPOTENCY_KEY] if operation.method in WRITING and is_mounted else [])


def _request_body(operation: Operation, examples: Mapping[str, Any]) -> dict[str, Any]:
    first, *others = operation.body_types
    shown = {"schema": operation.body, "example": resolved(operation.example.body, examples)}
    content: dict[str, Any] = {first: shown} | {kind: {} for kind in others}
    return {"required": not operation.is_body_optional, "content": content}


def _answer(operation: Operation, examples: Mapping[str, Any]) -> dict[str, Any]:
    if operation.answer is None:
        return {"description": "Done; the answer is empty."}
    shown: dict[str, Any] = {"schema": operation.answer}
    if operation.name in examples and operation.shown_status == operation.status:
        shown["example"] = examples[operation.name]
    told = "Done." if operation.status < REFUSED else MEANINGS[operation.status]
    return {"description": told, "content": {operation.answer_type: shown}}


def _refusal(operation: Operation, status: int, examples: Mapping[str, Any]) -> dict[str, Any]:
    answer = refusal_answer(status)
    if operation.shown_status == status and operation.name in examples:
        answer["content"]["application/json"]["example"] = examples[operation.name]
    return answer

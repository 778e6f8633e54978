"""The wire's error shape: every refusal through HTTP, Lago's envelope key by key."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI

from catalog.errors import (
    BadRequest,
    BillingError,
    BodyTooCrowded,
    BodyTooLarge,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
    TemporarilyUnavailable,
    Unauthorized,
    UnsupportedMedia,
    ValidationFailed,
)
from tests.catalog.conftest import Caller, built_app

MEBIBYTE = 1024 * 1024
ROOT_MISSING = "param is missing or the value is empty or invalid: plan"


@dataclass(frozen=True)
class Case:
    """How a refusal is provoked, and the body it must have."""

    raised: BillingError | None
    body: dict[str, Any]
    request: dict[str, Any] = field(default_factory=dict)


CASES: dict[type[BillingError], Case] = {
    BillingError: Case(
        BillingError(),
        {"status": 500, "error": "Internal Server Error"},
    ),
    BadRequest: Case(
        None,
        {"status": 400, "error": f"BadRequest: {ROOT_MISSING}"},
        {"method": "POST", "url": "/api/v1/plans", "json": {}},
    ),
    Unauthorized: Case(
        None,
        {"status": 401, "error": "Unauthorized"},
        {"method": "GET", "url": "/api/v1/plans", "headers": {"Authorization": "Bearer x"}},
    ),
    Forbidden: Case(
        Forbidden("write_action_not_allowed_for_plan"),
        {
            "status": 403,
            "error": "Forbidden",
            "code": "write_action_not_allowed_for_plan",
        },
    ),
    NotFound: Case(
        None,
        {"status": 404, "error": "Not Found", "code": "plan_not_found"},
        {"method": "GET", "url": "/api/v1/plans/nobody"},
    ),
    MethodNotAllowed: Case(
        MethodNotAllowed("no_active_subscription"),
        {"status": 405, "error": "Method Not Allowed", "code": "no_active_subscription"},
    ),
    RequestTimeout: Case(
        RequestTimeout(30),
        {
            "status": 408,
            "error": "Request Timeout",
            "code": "request_too_slow",
            "error_details": {"body": ["not whole within 30 seconds"]},
        },
    ),
    UnsupportedMedia: Case(
        UnsupportedMedia("content_encoding_not_supported"),
        {
            "status": 415,
            "error": "Unsupported Media Type",
            "code": "content_encoding_not_supported",
        },
    ),
    BodyTooCrowded: Case(
        BodyTooCrowded(100_000),
        {
            "status": 413,
            "error": "Content Too Large",
            "code": "body_too_large",
            "error_details": {"body": ["more than 100000 values: split it"]},
        },
    ),
    BodyTooLarge: Case(
        None,
        {
            "status": 413,
            "error": "Content Too Large",
            "code": "body_too_large",
            "error_details": {"body": [f"more than {MEBIBYTE} bytes"]},
        },
        {"method": "POST", "url": "/api/v1/plans", "content": b" " * (MEBIBYTE + 1)},
    ),
    ValidationFailed: Case(
        None,
        {
            "status": 422,
            "error": "Unprocessable Entity",
            "code": "validation_errors",
            "error_details": {"external_id": ["value_is_mandatory"]},
        },
        {"method": "POST", "url": "/api/v1/customers", "json": {"customer": {"name": "A"}}},
    ),
    TemporarilyUnavailable: Case(
        TemporarilyUnavailable("inbox_is_full"),
        {"status": 503, "error": "Service Unavailable", "code": "inbox_is_full"},
    ),
}


@pytest.fixture
def routed_app() -> FastAPI:
    """Give each test an app of its own, to which it adds routes that fail."""
    return built_app()


def every_class(root: type[BillingError]) -> list[type[BillingError]]:
    return [root, *(found for child in root.__subclasses__() for found in every_class(child))]


def ours() -> list[type[BillingError]]:
    return [kind for kind in every_class(BillingError) if kind.__module__ == "catalog.errors"]


@pytest.mark.parametrize("kind", ours(), ids=lambda kind: kind.__name__)
def test_every_refusal_has_its_case(kind: type[BillingError]) -> None:
    """A new class of refusal needs a case here."""
    assert kind in CASES, f"add a case for {kind.__name__} to CASES in this file"


@pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)
def test_a_refusal_has_lagos_envelope(
    kind: type[BillingError], app: FastAPI, caller: Caller
) -> None:
    """Status and body of a refusal are Lago's, key by key."""
    case = CASES[kind]
    request = {"method": "GET", "url": "/raises", "headers": caller.headers, **case.request}

    @app.get("/raises")
    def raises() -> None:
        assert case.raised is not None
        raise case.raised

    answer = caller.http.request(**request)

    assert answer.json() == case.body
    assert answer.status_code == case.body["status"] == kind.status
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/v1/nothing"), ("GET", "/nothing"), ("PATCH", "/api/v1/plans"),
     ("POST", "/api/v1/plans/team"), ("DELETE", "/api/v1/plans")],
)  # fmt: skip
def test_an_unknown_route_or_method_is_lagos_404(method: str, path: str, caller: Caller) -> None:
    """What nobody routes is resource_not_found, whatever the method."""
    answer = caller.http.request(method, path, headers=caller.headers)

    assert answer.status_code == 404
    assert answer.json() == {"status": 404, "error": "Not Found", "code": "resource_not_found"}


def test_a_failure_tells_a_request_id_and_nothing_else(
    app: FastAPI, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect shows the caller an id that stands in the log beside the trace, and no more."""

    @app.get("/fails")
    def fails() -> None:
        raise RuntimeError("a secret of the house")

    answer = caller.http.get("/fails")
    request_id = answer.json()["error_details"]["request_id"]

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert request_id == answer.headers["x-request-id"]
    assert request_id in caplog.text


def test_a_query_of_the_wrong_type_is_a_422(app: FastAPI, caller: Caller) -> None:
    """What a route's own signature refuses comes in the same envelope."""

    @app.get("/typed")
    def typed(count: int, name: str) -> None:
        del count, name

    answer = caller.http.get("/typed?count=many")

    assert answer.status_code == 422
    assert answer.json()["error_details"] == {
        "count": ["value_is_invalid"],
        "name": ["value_is_mandatory"],
    }


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer nobody", "Bearer a b", "é"]
)
def test_a_missing_or_unknown_key_is_401(header: str | None, caller: Caller) -> None:
    """Without a good key there is no answer but 401."""
    headers = {} if header is None else {"Authorization": header.encode()}

    assert caller.http.get("/api/v1/plans", headers=headers).status_code == 401  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token"])
def test_the_scheme_word_is_not_checked(scheme: str, caller: Caller) -> None:
    """Only the second word of the header is read, as in Lago."""
    headers = {"Authorization": f"{scheme} {caller.key}"}

    assert caller.http.get("/api/v1/plans", headers=headers).status_code == 200


def test_the_key_is_asked_before_the_body_is_read(caller: Caller) -> None:
    """A stranger learns nothing about what a body should hold."""
    assert caller.http.post("/api/v1/plans", content=b"{").status_code == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b'{"plan": null}', b'{"plan": []}', b'{"plan": {}}',
     b'{"plan": "team"}', b'{"other": {"a": 1}}'],
)  # fmt: skip
def test_a_missing_root_is_lagos_400(body: bytes, caller: Caller) -> None:
    """The root key must hold an object that is not empty."""
    answer = caller.http.post("/api/v1/plans", content=body, headers=caller.headers)

    assert answer.json() == {"status": 400, "error": f"BadRequest: {ROOT_MISSING}"}


@pytest.mark.parametrize(
    "value",
    [b"1e400", b"-1e400", b"1e-400", b"0e99999", b"1" * 5000, b"0." + b"1" * 200, b"1" * 61,
     b"NaN", b"Infinity", b'"\xff"', b'"\\ud800"', b'"\\u0000"', b'"', b"[" * 100_000,
     b"[" * 40 + b"]" * 40, b"tru"],
)  # fmt: skip
def test_what_cannot_be_read_exactly_is_a_400(value: bytes, caller: Caller) -> None:
    """Numbers without bounds, broken text and endless nesting never reach a field."""
    body = b'{"plan": {"name": ' + value + b"}}"
    answer = caller.http.post("/api/v1/plans", content=body, headers=caller.headers)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("BadRequest: ")


@pytest.mark.parametrize("path", ["/plans/%00", "/plans?page=%00", "/subscriptions?plan_code=%00"])
def test_a_null_character_in_a_path_or_query_is_a_400(path: str, caller: Caller) -> None:
    """U+0000, which PostgreSQL can't hold, is refused at the door."""
    assert caller.get(path, 400)["status"] == 400


def chunks(size: int) -> Iterator[bytes]:
    yield b'{"plan": {"name": "'
    for _ in range(size // 1000):
        yield b"x" * 1000
    yield b'"}}'


@pytest.mark.parametrize(("size", "status"), [(MEBIBYTE - 2000, 422), (MEBIBYTE + 2000, 413)])
def test_a_body_in_chunks_is_counted_while_it_comes(size: int, status: int, caller: Caller) -> None:
    """The limit holds without a Content-Length."""
    answer = caller.http.post("/api/v1/plans", content=chunks(size), headers=caller.headers)

    assert (answer.status_code, answer.json()["status"]) == (status, status)


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/plans", MEBIBYTE, 400), ("/plans", MEBIBYTE + 1, 413),
     ("/events/batch", MEBIBYTE + 1, 404), ("/events/batch", 10 * MEBIBYTE + 1, 413)],
)  # fmt: skip
def test_the_limit_is_exact_and_larger_for_usage(
    path: str, size: int, status: int, caller: Caller
) -> None:
    """A body of exactly the limit passes, one byte more does not; usage has its own limit."""
    answer = caller.http.post(f"/api/v1{path}", content=b" " * size, headers=caller.headers)

    assert answer.status_code == status


def test_a_refusal_in_one_service_is_the_same_in_another(
    a_caller: Callable[[str], Caller],
) -> None:
    """An unknown id and a foreign id can't be told apart."""
    first, second = a_caller("first"), a_caller("second")
    first.post("/customers", {"customer": {"external_id": "acme"}})

    assert second.get("/customers/acme", 404) == second.get("/customers/nobody", 404)

"""Hostile requests to every operation: a clear refusal in the envelope, and little memory."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest
from httpx2 import Response

from catalog import exact_json
from catalog.http import UPLOAD_PATHS
from catalog.request_body import JSON_VALUES_MAX
from fusion_billing.openapi.document import OPERATIONS
from fusion_billing.openapi.operation import Operation
from tests.fusion_billing.conftest import Roof, fresh_roof
from tests.fusion_billing.openapi.tour import MOUNT, is_unmounted

MEBIBYTE = 1024 * 1024
GROWTH_BYTES_MAX = 100 * MEBIBYTE
LONG = "x" * 10_000
EPOCH_MILLISECONDS = "1768046400000"
BOMB = gzip.compress(b'{"a": "' + b" " * (30 * MEBIBYTE) + b'"}')
QUERY_CHARACTERS_MAX = 50_000
BODIES = {
    "NaN": b'{"%s": {"name": NaN}}',
    "1e400": b'{"%s": {"amount_cents": 1e400, "value": 1e400}}',
    "deep": b'{"%s": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "no UTF-8": b'{"%s": {"name": "\xff\xfe"}}',
    "half of a pair": b'{"%s": {"name": "\\ud800"}}',
    "U+0000": b'{"%s": {"name": "\\u0000"}}',
    "cut": b'{"%s": {"name": "a',
    "a list": b"[1]",
    "nothing": b"",
}
JSON_OPERATIONS = [
    one for one in OPERATIONS.values()
    if one.body is not None and not one.path.endswith(UPLOAD_PATHS) and not is_unmounted(one)
]  # fmt: skip
REFUSALS = {400, 403, 404, 405, 413, 415, 422}
FINDS_NOTHING = {"POST /quarantine/replay"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roof]:
    """Give one app for all of these."""
    with fresh_roof(tmp_path_factory.mktemp("hostile")) as roof:
        yield roof


def ask(roof: Roof, operation: Operation, body: bytes, **headers: str) -> Response:
    """Send a body to an operation; ids in its path are named x."""
    path = MOUNT + "/".join("x" if "{" in part else part for part in operation.path.split("/"))
    given = roof.headers | {"Content-Type": "application/json"} | headers
    return roof.client.request(operation.method.upper(), path, content=body, headers=given)


def assert_refused(answer: Response) -> None:
    told = answer.json()
    assert answer.status_code in REFUSALS, answer.text[:300]
    assert told["status"] == answer.status_code
    assert isinstance(told["error"], str)
    assert len(answer.content) < 10 * 1024


def root_of(operation: Operation) -> bytes:
    """Return the root key of an operation's body, or its first member."""
    body = operation.example.body
    return next(iter(body)).encode() if isinstance(body, dict) and body else b"event"


def resident_bytes() -> int:
    """Return how much memory this process holds."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


@pytest.mark.parametrize("operation", JSON_OPERATIONS, ids=lambda one: one.name)
def test_what_is_not_plain_json_is_refused(operation: Operation, world: Roof) -> None:
    """Every operation that takes JSON refuses what can't be read exactly, and says so."""
    for name, body in BODIES.items():
        if name == "nothing" and operation.is_body_optional:
            continue
        assert_refused(ask(world, operation, body.replace(b"%s", root_of(operation))))


@pytest.mark.parametrize("operation", JSON_OPERATIONS, ids=lambda one: one.name)
def test_bombs_and_giants_are_refused(operation: Operation, world: Roof) -> None:
    """A packed body of a thousand times its size, and one over the limit, are not let in."""
    assert_refused(ask(world, operation, BOMB, **{"Content-Encoding": "gzip"}))

    giant = ask(world, operation, b" " * (10 * MEBIBYTE + 1))
    assert giant.status_code == 413
    assert_refused(giant)


def test_a_hundred_megabytes_are_refused(world: Roof) -> None:
    """A body of 100 MB is 413, whether its length is told or not; benchmarks tell its memory."""
    for path in ("/plans", "/events/batch", "/usage/events"):
        for told in ({}, {"Content-Length": str(100 * MEBIBYTE)}):
            pieces = repeat(b" " * MEBIBYTE, 100)
            answer = world.client.post(MOUNT + path, content=pieces, headers=world.headers | told)
            assert_refused(answer)
            assert answer.status_code == 413


def test_memory_stays_small(world: Roof) -> None:
    """Hostile bodies to every operation, one after another, leave less than 100 MB behind."""
    ask(world, JSON_OPERATIONS[0], b"{")
    before = resident_bytes()
    for operation in JSON_OPERATIONS:
        for body in BODIES.values():
            ask(world, operation, body.replace(b"%s", root_of(operation)))
        ask(world, operation, b"[" * MEBIBYTE)

    assert resident_bytes() - before < GROWTH_BYTES_MAX


def holds_a_loop() -> bool:
    """Say whether this thread runs an event loop, which all other callers wait for."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def test_no_large_body_is_read_while_others_wait(
    world: Roof, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body is read in a thread of its own when it is large; one of too many values never is."""
    read: list[str] = []
    asked: list[str] = []
    check = exact_json._check

    def watched(value: exact_json.JsonValue, depth_max: int) -> None:
        read.append(asked[-1] if holds_a_loop() else "")
        check(value, depth_max)

    monkeypatch.setattr(exact_json, "_check", watched)
    most = b"1," * (JSON_VALUES_MAX - 10)
    for operation in JSON_OPERATIONS:
        asked.append(operation.name)
        body = b'{"%s": {"a": [%s1]}}'
        assert_refused(ask(world, operation, body % (root_of(operation), most)))
        count = len(read)
        assert_refused(ask(world, operation, body % (root_of(operation), most + b"1," * 10)))
        assert len(read) == count

    assert len(read) >= len(JSON_OPERATIONS) / 2
    assert set(read) == {""}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.name)
def test_endless_ids_find_nothing(operation: Operation, world: Roof) -> None:
    """An id of ten thousand characters is unknown, or refused; it breaks nothing."""
    if is_unmounted(operation):
        return
    parts = [LONG if "{" in part else part for part in operation.path.split("/")]
    most = QUERY_CHARACTERS_MAX // max(len(operation.query), 1)
    query = dict.fromkeys(operation.query, LONG[:most])
    answer = world.client.request(
        operation.method.upper(), MOUNT + "/".join(parts), params=query, headers=world.headers
    )

    assert answer.status_code < 500
    if "{" in operation.path and operation.name not in LISTS_OF_UNKNOWN:
        assert_refused(answer)


LISTS_OF_UNKNOWN = {
    f"GET /customers/{{external_customer_id}}/{plural}"
    for plural in ("invoices", "credit_notes", "payments")
} | {"GET /customers/{external_id}/subscriptions"}


@pytest.mark.parametrize("operation", JSON_OPERATIONS, ids=lambda one: one.name)
def test_endless_texts_are_refused(operation: Operation, world: Roof) -> None:
    """Texts of ten thousand characters at every member are refused at their fields, or unknown."""
    body = operation.example.body
    if not isinstance(body, dict):
        return
    endless = {
        root: dict.fromkeys(inner, LONG) if isinstance(inner, dict) else LONG
        for root, inner in body.items()
    }
    answer = ask(world, operation, json.dumps(endless).encode())

    if operation.name in FINDS_NOTHING:
        assert answer.status_code == 200
    else:
        assert_refused(answer)


@pytest.mark.parametrize("root", ["customer", "plan", "billable_metric", "subscription"])
def test_a_name_given_twice_counts_once(root: str, world: Roof) -> None:
    """Of a member given twice one counts: the request is judged as if there were no other."""
    body = b'{"%s": {"external_id": "", "external_id": ""}}' % root.encode()
    answer = world.client.post(f"{MOUNT}/{root}s", content=body, headers=world.headers)

    assert_refused(answer)
    assert answer.status_code == 422


@pytest.mark.parametrize("member", ["subscription_at", "ending_at"])
def test_epoch_milliseconds_are_no_time(member: str, world: Roof) -> None:
    """Milliseconds since the epoch, as text or number, are refused where a time is asked."""
    for value in (EPOCH_MILLISECONDS, int(EPOCH_MILLISECONDS)):
        order = {"external_id": "s", "external_customer_id": "c", "plan_code": "p", member: value}
        answer = world.client.post(
            f"{MOUNT}/subscriptions", json={"subscription": order}, headers=world.headers
        )

        assert answer.status_code == 422
        assert answer.json()["error_details"] == {member: ["invalid_date"]}

"""The table of Lago's operations, held against Lago's document and against what is served."""

from collections import Counter
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from fusion_billing.app import ALIASES, MOUNT, ROUTERS
from fusion_billing.lago_operations import (
    BEYOND_LAGO,
    OPERATIONS,
    Kind,
    LagoOperation,
    path_pattern,
)
from tests.fusion_billing.conftest import Roof, fresh_roof
from tests.fusion_billing.openapi.lago_comparison import PARAMETER
from tests.lago_clients.calls import CALLS
from tests.lago_clients.recorder import operation_of
from tests.lago_clients.shapes import lago_document

OFFERED = [each for each in OPERATIONS.values() if each.kind is not Kind.NOT_OFFERED]
ABSENT = [each for each in OPERATIONS.values() if each.kind is Kind.NOT_OFFERED]
UNKNOWN_ROUTE = {"status": 404, "error": "Not Found", "code": "resource_not_found"}
HEAD = "HEAD"


@pytest.fixture(scope="module")
def roof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roof]:
    """Give a served house that the module's tests only ask."""
    with fresh_roof(tmp_path_factory.mktemp("roof")) as roof:
        yield roof


def asked(client: TestClient, operation: LagoOperation, mount: str, **options: object) -> object:
    """Ask an operation of something that is not there; return status and body."""
    path = mount + PARAMETER.sub("nothing", operation.path)
    answer = client.request(operation.method, path, **options)  # type: ignore[arg-type]
    return answer.status_code, answer.json()


def test_every_operation_of_lago_stands_in_the_table() -> None:
    """No operation of Lago's document is missing, none is invented, and all have their kind."""
    counted = Counter(each.kind for each in OPERATIONS.values())

    assert set(OPERATIONS) == set(lago_document()["operations"])
    assert counted == {Kind.NATIVE: 55, Kind.VIA_ODOO: 43, Kind.NOT_OFFERED: 104}
    assert set(CALLS) == {each.name for each in OFFERED}


@pytest.mark.parametrize("mount", [MOUNT, *ALIASES])
def test_what_is_offered_is_served(roof: Roof, mount: str) -> None:
    """Below each mount every operation is there: without a key it is 401, not an unknown route."""
    answers = {each.name: asked(roof.client, each, mount) for each in OFFERED}
    no_key = (401, {"status": 401, "error": "Unauthorized"})

    assert {name: told for name, told in answers.items() if told != no_key} == {}


@pytest.mark.parametrize("mount", [MOUNT, *ALIASES])
def test_what_is_not_offered_is_lagos_unknown_route(roof: Roof, mount: str) -> None:
    """An operation that is not ours is Lago's 404 of an unknown route, in Lago's envelope."""
    answers = {each.name: asked(roof.client, each, mount, headers=roof.headers) for each in ABSENT}

    assert {name: told for name, told in answers.items() if told != (404, UNKNOWN_ROUTE)} == {}


def test_nothing_served_is_unknown() -> None:
    """What is served is Lago's and offered, or stands in the list of what we have beyond Lago."""
    served = {
        f"{method} {route.path}"  # type: ignore[attr-defined]
        for router in ROUTERS
        for route in router.routes
        for method in route.methods - {HEAD}  # type: ignore[attr-defined]
    }
    known = {path_pattern(name) for name in (*BEYOND_LAGO, *(each.name for each in OFFERED))}

    assert {name for name in served if path_pattern(name) not in known} == set()
    assert {path_pattern(name) for name in served} == known


def test_what_is_not_offered_says_why() -> None:
    """Each says why it is not ours, and how it is done instead."""
    assert [each.name for each in ABSENT if not (each.answer and each.odoo_way)] == []


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/events/1", "GET /events/{transaction_id}"),
        ("POST", "/events/batch", "POST /events/batch"),
        ("POST", "/credit_notes/estimate", "POST /credit_notes/estimate"),
        ("GET", "/plans/a/charges/b/", "GET /plans/{code}/charges/{charge_code}"),
        ("PATCH", "/plans/a", ""),
        ("GET", "/usage", ""),
    ],
)
def test_a_request_is_known_by_its_path(method: str, path: str, name: str) -> None:
    """A word of a path stands for itself before it stands for a parameter."""
    assert operation_of(method, path) == name

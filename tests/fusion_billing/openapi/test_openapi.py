"""The OpenAPI document says all, says it truly, and its examples run."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from fastapi.openapi.utils import get_openapi
from jsonschema import Draft202012Validator, FormatChecker

from fusion_billing.app import MOUNT
from fusion_billing.openapi.completing import operation_name
from fusion_billing.openapi.document import OPERATIONS, SHAPES, recorded_answers
from fusion_billing.openapi.envelope import ENVELOPES
from fusion_billing.openapi.operation import JSON, Operation, resolved
from tests.fusion_billing.conftest import fresh_roof
from tests.fusion_billing.openapi.tour import Tour

# Their members differ from one charge model, and so from one line, to the next.
OF_EACH_MODEL = {"amount_details", "properties", "steps"}


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """Give what every example was answered."""
    folder: Path = tmp_path_factory.mktemp("tour")
    with fresh_roof(folder) as roof:
        tour = Tour(roof)
        tour.go()
        yield tour


@pytest.fixture(scope="module")
def document(tour: Tour) -> dict[str, Any]:
    """Give the document as a client reads it."""
    found: dict[str, Any] = tour.roof.client.get("/openapi.json").json()
    return found


def closed(schema: Any) -> Any:  # noqa: ANN401 - a schema is any JSON
    """Return a schema that takes no member it does not name, for finding forgotten ones."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(member) for name, member in schema.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def faults(schema: Any, value: object) -> list[str]:  # noqa: ANN401 - a schema is any JSON
    """Return what is wrong with a value, by its place."""
    whole = closed(deepcopy(schema)) | {"components": {"schemas": closed({**SHAPES, **ENVELOPES})}}
    found = Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value)
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


def schema_of(operation: Operation) -> Any:  # noqa: ANN401 - a schema is any JSON
    is_done = operation.shown_status == operation.status
    return operation.answer if is_done else {"$ref": "#/components/schemas/Refusal"}


def served(tour: Tour) -> set[str]:
    """Return the operations that the app's own routes have."""
    plain = get_openapi(title="-", version="-", routes=tour.roof.app.routes)
    return {
        operation_name(method, path, (MOUNT,))
        for path, methods in plain["paths"].items()
        for method in methods
    }


def test_every_operation_is_described(tour: Tour) -> None:
    """A route without words in fusion_billing/openapi/nouns is a fault, and so are words alone."""
    assert served(tour) == set(OPERATIONS)


def test_the_document_is_whole(document: dict[str, Any]) -> None:
    """Every operation has a summary, answers with schemas, and examples of what it takes."""
    bare = [
        f"{method} {path}"
        for path, methods in document["paths"].items()
        for method, found in methods.items()
        if not found.get("summary") or _lacks_schemas(found) or _lacks_examples(found)
    ]

    assert bare == []


def _lacks_schemas(found: dict[str, Any]) -> bool:
    contents = [answer.get("content", {}) for answer in found["responses"].values()]
    return any("schema" not in shown for content in contents for shown in content.values())


def _lacks_examples(found: dict[str, Any]) -> bool:
    named = [each for each in found["parameters"] if each["in"] == "path"]
    body = found.get("requestBody", {}).get("content", {})
    first = next(iter(body.values()), {"example": None, "schema": None})
    return any("example" not in each for each in named) or not {"example", "schema"} <= {*first}


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    """No two operations go by one name, or generated clients would lose one."""
    ids = [found["operationId"] for each in document["paths"].values() for found in each.values()]

    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """What a schema refers to is in the document."""
    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert set(_references(document)) <= names


def _references(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from _references(member)
    elif isinstance(value, list):
        for member in value:
            yield from _references(member)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.name)
def test_an_example_is_answered_as_documented(operation: Operation, tour: Tour) -> None:
    """Each example request gets its documented status, and an answer that fits its schema."""
    answer = tour.given[operation.name]

    assert answer.status_code == operation.shown_status, answer.text
    if operation.answer is not None:
        assert faults(schema_of(operation), tour.bodies[operation.name]) == []


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.name)
def test_an_example_fits_its_own_schema(operation: Operation) -> None:
    """What is shown as a request or an answer is valid, and holds no member nobody describes."""
    answers = recorded_answers()
    body = resolved(operation.example.body, answers)
    queries = {
        name: faults(operation.query[name], value)
        for name, value in operation.example.query.items()
    }

    assert operation.body is None or body is None or faults(operation.body, body) == []
    assert not any(queries.values()), queries
    if operation.answer is not None:
        assert faults(schema_of(operation), answers[operation.name]) == []


def test_the_recorded_answers_are_of_today(tour: Tour) -> None:
    """Answers shown have the members that answers have; record them anew when not."""
    for name, shown in recorded_answers().items():
        is_json = tour.given[name].headers.get("content-type", "").startswith(JSON)
        assert not is_json or members(shown) == members(tour.bodies[name]), name


def members(value: Any, depth: int = 3) -> Any:  # noqa: ANN401 - any JSON
    """Return which members a value has, some levels deep."""
    if isinstance(value, dict) and depth:
        return {
            name: None if name in OF_EACH_MODEL else members(member, depth - 1)
            for name, member in value.items()
        }
    if isinstance(value, list) and value:
        return [together([members(item, depth - 1) for item in value])] if depth else None
    return None


def together(found: list[Any]) -> Any:  # noqa: ANN401 - any JSON
    """Return the members that any item of a list has, for equal times have no order."""
    if not all(isinstance(one, dict) for one in found):
        return next((one for one in found if one is not None), None)
    names = sorted({name for one in found for name in one})
    return {name: together([one[name] for one in found if name in one]) for name in names}


def test_the_document_is_json(document: dict[str, Any]) -> None:
    """The document names the version of OpenAPI it is written in, and says how to give a key."""
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["api_key"]["scheme"] == "bearer"
    assert json.dumps(document)

"""How an answer differs from the shape that Lago's own document gives it, member by member."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

from tests.shared_files import shared_file

Shape: TypeAlias = Mapping[str, Any]
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list,
    "object": dict, "null": type(None),
}  # fmt: skip
# Whatever the app has sent: Lago's document shows an example's members.
ANY_OBJECT = frozenset(
    {"EventCreated.event.properties", "EventObject.properties", "EventsCreated.events.properties"}
)


@cache
def lago_document() -> dict[str, Any]:
    """Return the shapes and operations of Lago's document."""
    found: dict[str, Any] = json.loads(shared_file("reference/lago_shapes.json").read_text())
    return found


def differences(value: object, shape: Shape) -> set[str]:
    """Return each difference, led by its kind.

    `- Shape.member` lacks though required, `+` is unknown to Lago's document, `0` is null where
    it may not be, `t` is of another type, `c` is none of the choices.
    """
    return set(_walk("", value, shape))


def _walk(place: str, value: object, shape: Shape) -> Iterator[str]:
    place, shape = _named(place, shape)
    if value is None:
        if not _may_be_null(shape):
            yield f"0 {place}"
        return
    variants = shape.get("oneOf") or shape.get("anyOf")
    if variants:
        yield from min((list(_walk(place, value, one)) for one in variants), key=len)
        return
    wanted = _types(shape)
    if wanted and not any(_is_of(value, one) for one in wanted):
        yield f"t {place}: {type(value).__name__}"
        return
    if "enum" in shape and value not in shape["enum"]:
        yield f"c {place}: {value}"
    if isinstance(value, list):
        for one in value:
            yield from _walk(place, one, shape.get("items", {}))
    elif isinstance(value, dict):
        yield from _members(place, value, shape)


def _members(place: str, value: Mapping[str, object], shape: Shape) -> Iterator[str]:
    required, fields = _described(shape)
    yield from (f"- {place}.{name}" for name in required if name not in value)
    if not fields or place in ANY_OBJECT:
        return
    for name, member in value.items():
        inner = f"{place}.{name}" if place else name
        if name in fields:
            yield from _walk(inner, member, fields[name])
        else:
            yield f"+ {inner}"


def _described(shape: Shape) -> tuple[set[str], dict[str, Shape]]:
    """Return the names that must be there and the members known, those of all parts together."""
    required, fields = set(shape.get("required", ())), dict(shape.get("fields", {}))
    for part in shape.get("allOf", ()):
        _, resolved = _named("", part)
        more_required, more_fields = _described(resolved)
        required, fields = required | more_required, {**more_fields, **fields}
    return required, fields


def _named(place: str, shape: Shape) -> tuple[str, Shape]:
    name = shape.get("object")
    if not name:
        return place, shape
    return str(name), lago_document()["shapes"].get(name, {})


def _types(shape: Shape) -> list[str]:
    found = shape.get("type", [])
    return [found] if isinstance(found, str) else list(found)


def _is_of(value: object, name: str) -> bool:
    if isinstance(value, bool) and name in {"integer", "number"}:
        return False
    return isinstance(value, TYPES[name])


def _may_be_null(shape: Shape) -> bool:
    variants = (*shape.get("oneOf", ()), *shape.get("anyOf", ()))
    types = _types(shape)
    return not types or "null" in types or any(_may_be_null(one) for one in variants)

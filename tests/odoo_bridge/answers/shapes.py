"""Lago's OpenAPI shapes, held against our answers: members that must be there, types, choices.

Null is let through wherever Lago's own server answers it against its document.
"""

import json
from functools import cache
from typing import Any, TypeAlias

from tests.shared_files import shared_file

Shape: TypeAlias = dict[str, Any]
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


@cache
def known_shapes() -> Shape:
    """Return the shapes of Lago's document by name."""
    found: Shape = json.loads(shared_file("reference/lago_shapes.json").read_text())["shapes"]
    return found


def fault_of_shape(value: object, name: str) -> str | None:
    """Return the first way in which an answer is not of a shape, or None."""
    return _fault(value, {"object": name}, name)


def _fault(value: object, shape: Shape, where: str) -> str | None:
    if value is None:
        return None
    named = shape.get("object")
    if named:
        shape = known_shapes()[named]
    for part in shape.get("allOf", ()):
        fault = _fault(value, part, where)
        if fault:
            return fault
    types = shape.get("type", [])
    wanted = [types] if isinstance(types, str) else types
    known = tuple(TYPES[one] for one in wanted if one in TYPES)
    if known and not any(isinstance(value, one) for one in known):
        return f"{where} is {value!r}, not {types}"
    if "enum" in shape and value not in shape["enum"]:
        return f"{where} is {value!r}, not one of {shape['enum']}"
    return _fault_of_members(value, shape, where)


def _fault_of_members(value: object, shape: Shape, where: str) -> str | None:
    if isinstance(value, list):
        faults = (_fault(one, shape.get("items", {}), f"{where}[]") for one in value)
        return next((fault for fault in faults if fault), None)
    fields = shape.get("fields", {})
    if not isinstance(value, dict):
        return None
    missing = [name for name in shape.get("required", ()) if name not in value]
    if missing:
        return f"{where} lacks {missing}"
    members = (
        _fault(value[name], one, f"{where}.{name}") for name, one in fields.items() if name in value
    )
    return next((fault for fault in members if fault), None)

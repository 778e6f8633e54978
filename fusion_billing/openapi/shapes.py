"""The words that schemas are written in: kinds of values, objects, lists and pages. Pure."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]

TEXT: Schema = {"type": "string"}
ID: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {"type": "string", "format": "date"}
FLAG: Schema = {"type": "boolean"}
INTEGER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
CENTS: Schema = {"type": "integer", "description": "In the currency's smallest unit."}
DECIMAL: Schema = {
    "type": "string",
    "pattern": r"^-?[0-9]+(\.[0-9]+)?$",
    "description": "An exact decimal, as text.",
}
GIVEN_DECIMAL: Schema = {
    "anyOf": [DECIMAL, {"type": "number"}],
    "description": "An exact decimal: text, or a JSON number that is read digit by digit.",
}
CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217."}
OBJECT: Schema = {"type": "object"}
ANYTHING: Schema = {}
NOTHING: Schema = {"type": "null"}
IDENTIFIER: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
CODES: Schema = {"type": "array", "items": TEXT}
GIVEN_TIME: Schema = {
    "type": "string",
    "description": "ISO 8601; without a zone it is UTC.",
}
EVENT_TIME: Schema = {
    "type": ["string", "number", "null"],
    "description": "Seconds since the epoch, as a number or as text, or ISO 8601; none: now.",
}


def maybe(schema: Schema) -> Schema:
    """Return a schema that null fits, too."""
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema:
        return schema | {"type": [kind, "null"]}
    return {"anyOf": [schema, NOTHING]}


def word(*words: str) -> Schema:
    """Return the schema of one of some words."""
    return {"type": "string", "enum": list(words)}


def listed(items: Schema, **limits: int) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items, **limits}


def by_key(values: Schema) -> Schema:
    """Return the schema of an object with any keys."""
    return {"type": "object", "additionalProperties": values}


def told(schema: Schema, description: str) -> Schema:
    """Return a schema with its description."""
    return schema | {"description": description}


def answered(members: Mapping[str, Schema], **optional: Schema) -> Schema:
    """Return the schema of an object in an answer: it has all members, and maybe optional ones."""
    return {
        "type": "object",
        "required": list(members),
        "properties": {**members, **optional},
    }


def given(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object in a request; members nobody knows are ignored (Lago)."""
    found: Schema = {"type": "object", "properties": {**required, **(optional or {})}}
    return found | ({"required": list(required)} if required else {})


def of(name: str) -> Schema:
    """Return a reference to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def under(root: str, schema: Schema) -> Schema:
    """Return the schema of an object with one member, as Lago wraps everything."""
    return {"type": "object", "required": [root], "properties": {root: schema}}


def page(plural: str, items: Schema, **more: Schema) -> Schema:
    """Return the schema of one page of a list."""
    return answered({plural: listed(items), **more, "meta": of("PageMeta")})


PAGES: dict[str, Schema] = {
    "page": told(COUNT, "Number of the page, from 1."),
    "per_page": told(COUNT, "Rows of a page; 100 when not given."),
}

"""The OpenAPI document as a page shows it: groups, operations, and the members of shapes. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DEPTH_MAX = 4
LINKED = "#/components/schemas/"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a shape, indented by its depth."""

    name: str
    depth: int
    kind: str
    shape: str | None
    is_required: bool
    words: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a body is made of, and what one looks like."""

    media_type: str
    kind: str
    shape: str | None
    members: tuple[Member, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One status an operation may answer."""

    status: str
    words: str
    content: Content | None

    @property
    def is_done(self) -> bool:
        """Say whether this is a success."""
        return self.status.startswith("2")


@dataclass(frozen=True, slots=True)
class ShownOperation:
    """An operation as the page shows it."""

    anchor: str
    method: str
    path: str
    summary: str
    words: str
    is_open: bool
    parameters: tuple[Mapping[str, Any], ...]
    body: Content | None
    answers: tuple[Answer, ...]
    command: str


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one noun."""

    anchor: str
    title: str
    operations: tuple[ShownOperation, ...]


def groups_of(document: Mapping[str, Any]) -> tuple[Group, ...]:
    """Return the operations of a document by their first tag, in the document's order."""
    found: dict[str, list[ShownOperation]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                tag = (operation.get("tags") or ["other"])[0]
                found.setdefault(tag, []).append(_shown(method, path, operation))
    return tuple(
        Group(_anchor("group", tag), tag.replace("_", " ").capitalize(), tuple(operations))
        for tag, operations in found.items()
    )


def shapes_of(document: Mapping[str, Any]) -> tuple[tuple[str, str, tuple[Member, ...]], ...]:
    """Return each named shape with its words and members."""
    shapes = document["components"]["schemas"]
    return tuple(
        (name, shape.get("description", ""), tuple(members_of(shape)))
        for name, shape in sorted(shapes.items())
    )


def members_of(schema: Mapping[str, Any], depth: int = 0) -> Iterator[Member]:
    """Yield the members of a shape, those inside them after them."""
    inner = _inside(schema)
    required = set(inner.get("required", ()))
    for name, member in inner.get("properties", {}).items():
        kind, shape = kind_of(member)
        words = member.get("description", "")
        yield Member(name, depth, kind, shape, name in required, words)
        if shape is None and depth < DEPTH_MAX:
            yield from members_of(member, depth + 1)


def kind_of(schema: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return what a value is, in words, and the named shape it has."""
    if "$ref" in schema:
        name: str = schema["$ref"].removeprefix(LINKED)
        return name, name
    if "items" in schema:
        kind, shape = kind_of(schema["items"])
        return f"list of {kind}" + _or_null(schema), shape
    for joined in ("anyOf", "oneOf"):
        if joined in schema:
            kinds = [kind_of(each) for each in schema[joined]]
            return " or ".join(dict.fromkeys(kind for kind, _ in kinds)), kinds[0][1]
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"])), None
    return schema.get("format") or _type_words(schema), None


def _type_words(schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type", "anything")
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def _or_null(schema: Mapping[str, Any]) -> str:
    return " or null" if "null" in schema.get("type", "") else ""


def _inside(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object a schema is about: through lists, and through what may be null."""
    if "items" in schema:
        return _inside(schema["items"])
    for joined in ("anyOf", "oneOf"):
        if joined in schema:
            return _inside(schema[joined][0])
    return schema


def _shown(method: str, path: str, operation: Mapping[str, Any]) -> ShownOperation:
    summary, _, words = operation.get("description", "").partition("\n")
    contents = operation.get("requestBody", {}).get("content", {})
    body = next((_content(kind, shown) for kind, shown in contents.items()), None)
    return ShownOperation(
        anchor=_anchor(method, path),
        method=method.upper(),
        path=path,
        summary=operation.get("summary") or summary,
        words=words.strip(),
        is_open=not operation.get("security", True),
        parameters=tuple(
            {**each, "kind": kind_of(each["schema"])[0]} for each in operation["parameters"]
        ),
        body=body,
        answers=tuple(_answer(status, answer) for status, answer in operation["responses"].items()),
        command=_command(method, path, operation, body),
    )


def _answer(status: str, answer: Mapping[str, Any]) -> Answer:
    contents = answer.get("content", {})
    content = next((_content(kind, shown) for kind, shown in contents.items()), None)
    return Answer(status, answer["description"], content)


def _content(media_type: str, shown: Mapping[str, Any]) -> Content:
    schema, example = shown.get("schema", {}), shown.get("example")
    kind, shape = kind_of(schema)
    text = example if isinstance(example, str) else json.dumps(example, indent=2)
    return Content(
        media_type, kind, shape, tuple(members_of(schema)), "" if example is None else text
    )


def _command(method: str, path: str, operation: Mapping[str, Any], body: Content | None) -> str:
    """Return the example as a line for a shell."""
    query = []
    for each in operation["parameters"]:
        if "example" in each and each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", str(each["example"]))
        elif "example" in each:
            query.append(f"{each['name']}={each['example']}")
    address = path + ("?" + "&".join(query) if query else "")
    lines = [f'curl -X {method.upper()} "$FUSION{address}"']
    if operation.get("security", True):
        lines.append('-H "Authorization: Bearer $KEY"')
    if body is not None and body.example:
        lines.append(f'-H "Content-Type: {body.media_type}"')
        quoted = body.example.replace("'", "'\\''")
        lines.append(f"-d '{quoted}'")
    return " \\\n  ".join(lines)


def _anchor(*words: str) -> str:
    text = "".join(letter if letter.isalnum() else "-" for letter in "-".join(words))
    return "-".join(part for part in text.split("-") if part)

"""Where our answers differ from Lago's own OpenAPI, member by member."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]
PARAMETER = re.compile(r"\{[^}]*\}")
DONE = "200"


def shared_operations(
    lago: Mapping[str, Schema], ours: Mapping[str, Any]
) -> Iterator[tuple[str, Schema, Any]]:
    """Yield each operation that both have: its name, Lago's answers, and ours."""
    known = {PARAMETER.sub("{}", name): operation for name, operation in ours.items()}
    for name, operation in lago.items():
        found = known.get(PARAMETER.sub("{}", name))
        if found is not None:
            yield name, operation["answers"], found


@dataclass(frozen=True)
class Comparison:
    """Both sides' schemas by name."""

    lago: Mapping[str, Schema]
    ours: Mapping[str, Schema]

    def differences(self, theirs: Schema, mine: Schema) -> set[str]:
        """Return each difference as `- Shape.member` (we lack it), `+` (they do) or `?`.

        `?` marks an object of which we name no members, where Lago does.
        """
        return set(self._walk("", theirs, mine, frozenset()))

    def _walk(
        self, place: str, theirs: Schema, mine: Schema, seen: frozenset[str]
    ) -> Iterator[str]:
        name = _shape_name(theirs)
        if name in seen:
            return
        place, seen = (name, seen | {name}) if name else (place, seen)
        wanted, given = self._lago_members(theirs), self._our_members(mine)
        if not wanted:
            return
        if given is None:
            yield f"? {place}"
            return
        yield from (f"- {place}.{each}" for each in wanted.keys() - given.keys())
        yield from (f"+ {place}.{each}" for each in given.keys() - wanted.keys())
        for each in wanted.keys() & given.keys():
            inner = each if not place else f"{place}.{each}"
            yield from self._walk(inner, wanted[each], given[each], seen)

    def _lago_members(self, schema: Schema) -> dict[str, Schema]:
        if "object" in schema:
            return self._lago_members(self.lago[schema["object"]])
        if "items" in schema:
            return self._lago_members(schema["items"])
        parts = [self._lago_members(part) for part in schema.get("allOf", ())]
        found = {name: member for part in parts for name, member in part.items()}
        return {**found, **schema.get("fields", {})}

    def _our_members(self, schema: Schema) -> Mapping[str, Schema] | None:
        if "$ref" in schema:
            return self._our_members(self.ours[schema["$ref"].rpartition("/")[2]])
        if "items" in schema:
            return self._our_members(schema["items"])
        for either in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            found = self._our_members(either)
            if found is not None:
                return found
        return schema.get("properties")


def _shape_name(schema: Schema) -> str:
    inner = schema.get("items") or schema
    name: str = inner.get("object", "")
    return name

"""What is said of one operation: its body, its answer, its refusals and an example that runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fusion_billing.openapi.shapes import Schema

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Taken:
    """A value that stands in the answer of another operation's example."""

    operation: str
    path: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A request that may be sent as it stands, after those of earlier turns."""

    body: Any = None
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one operation takes and answers; `turn` is when its example may run."""

    name: str
    answer: Schema | None
    example: Example = field(default_factory=Example)
    turn: int = 50
    body: Schema | None = None
    body_types: tuple[str, ...] = (JSON,)
    is_body_optional: bool = False
    query: Mapping[str, Schema] = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    status: int = 200
    example_status: int | None = None
    answer_type: str = JSON
    is_open: bool = False

    @property
    def shown_status(self) -> int:
        """Return the status that the example is answered with."""
        return self.example_status or self.status

    @property
    def method(self) -> str:
        """Return the method, in small letters."""
        return self.name.partition(" ")[0].lower()

    @property
    def path(self) -> str:
        """Return the path below a mount."""
        return self.name.partition(" ")[2]


def resolved(value: Any, answers: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """Return an example's value with what it takes from other answers put in."""
    if isinstance(value, Taken):
        found = answers[value.operation]
        for step in value.path:
            found = found[step]
        return found
    if isinstance(value, dict):
        return {name: resolved(member, answers) for name, member in value.items()}
    if isinstance(value, list):
        return [resolved(member, answers) for member in value]
    return value

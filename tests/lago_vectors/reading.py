"""The file of vectors: cases with Lago's own numbers, read exactly."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

Vector: TypeAlias = dict[str, Any]
Computed: TypeAlias = dict[str, Any]

SCHEMA_VERSION = 1


class UnreadableVectors(Exception):
    """A file holds no vectors of the known schema."""


def vectors_of(path: Path) -> list[Vector]:
    """Return the vectors of a file; a number with a point is read through its text."""
    file = json.loads(path.read_text(), parse_float=Decimal)
    if not isinstance(file, dict) or file.get("schema_version") != SCHEMA_VERSION:
        raise UnreadableVectors(f"{path.name} is no file of vectors of schema {SCHEMA_VERSION}")
    vectors: list[Vector] = file["vectors"]
    return vectors


def instant(text: str) -> datetime:
    """Return an instant written as ISO 8601, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def instant_text(at: datetime) -> str:
    """Return an instant as the vectors write it: whole seconds, with a Z."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"

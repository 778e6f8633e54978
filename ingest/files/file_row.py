"""One row of a usage file: the raw event it stands for, or why it stands for none.

Decides the columns of CSV and Parquet and how cells become properties; reads no file. Pure.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from catalog.errors import BadRequest
from catalog.exact_json import JsonObject, JsonValue, exact_value

ROW_BYTES_MAX = 131_072
COLUMNS_MAX = 256
COLUMN_NAME_MAX = 255
DEPTH_MAX = 32
FIELDS = (
    *("transaction_id", "code", "external_subscription_id", "timestamp"),
    *("precise_total_amount_cents", "properties"),
)
PROPERTY_PREFIX = "properties."

Codes: TypeAlias = Mapping[str, list[str]]
TOO_LONG: Codes = {"row": ["row_is_too_long"]}
NOT_JSON: Codes = {"row": ["row_is_not_json"]}
NOT_AN_OBJECT: Codes = {"row": ["invalid_format"]}


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row by its number, from 1: its raw event, or the codes of its faults; `size` in bytes."""

    number: int
    raw: JsonObject | None
    codes: Codes | None = None
    size: int = 0


class UnreadableFile(Exception):
    """The file as a whole, or its rest, can't be read: a code, and what to do about it."""

    def __init__(self, code: str, cure: str) -> None:
        super().__init__(f"{code}: {cure}")
        self.code = code


def check_columns(names: Sequence[str]) -> None:
    """Refuse a header with a column that would be lost or is there twice, or without `code`."""
    if len(names) > COLUMNS_MAX:
        raise UnreadableFile("too_many_columns", f"a file has at most {COLUMNS_MAX} columns")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UnreadableFile("column_is_given_twice", f"{twice[0][:80]!r} stands there twice")
    for name in names:
        is_property = name.startswith(PROPERTY_PREFIX) and name != PROPERTY_PREFIX
        if name not in FIELDS and not (is_property and len(name) <= COLUMN_NAME_MAX):
            raise UnreadableFile(
                "column_is_unknown",
                f"{name[:80]!r}: columns are {', '.join(FIELDS)} and {PROPERTY_PREFIX}<name>",
            )
    if "code" not in names:
        raise UnreadableFile("column_is_missing", "a file needs the column 'code'")


def row_of_line(number: int, line: bytes) -> FileRow:
    """Return the row of one line of NDJSON, numbers exact."""
    try:
        value = exact_value(line, DEPTH_MAX)
    except BadRequest:
        return FileRow(number, None, NOT_JSON)
    if not isinstance(value, dict):
        return FileRow(number, None, NOT_AN_OBJECT)
    return FileRow(number, value, size=len(line))


def row_of_cells(number: int, cells: Iterable[tuple[str, JsonValue]]) -> FileRow:
    """Return the row of named cells; None and empty text are no value at all.

    The column `properties` holds JSON; each column `properties.<name>` adds one property as the
    cell's own type: a text stays a text, digit for digit.
    """
    raw: JsonObject = {}
    added: JsonObject = {}
    size = 0
    for name, cell in cells:
        if cell is None or cell == "":
            continue
        if isinstance(cell, str):
            size += len(cell)
            if "\0" in cell:
                return FileRow(number, None, {name: ["value_is_invalid"]})
        if name.startswith(PROPERTY_PREFIX):
            added[name[len(PROPERTY_PREFIX) :]] = cell
        else:
            raw[name] = cell
    if "properties" in raw or added:
        properties = _properties(raw.get("properties"))
        if properties is None:
            return FileRow(number, None, {"properties": ["value_is_invalid"]})
        if not properties.keys().isdisjoint(added):
            return FileRow(number, None, {"properties": ["property_is_given_twice"]})
        raw["properties"] = properties | added
    return FileRow(number, raw, size=size)


def _properties(cell: JsonValue) -> JsonObject | None:
    """Return the object that a cell holds, as itself or as JSON text; None when it holds none."""
    if cell is None:
        return {}
    if isinstance(cell, str):
        try:
            cell = exact_value(cell.encode(), DEPTH_MAX)
        except BadRequest:
            return None
    return cell if isinstance(cell, dict) else None

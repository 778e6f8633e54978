"""Charges out of JSON, every number exact: what the readers of providers' JSON share. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import polars as pl

from catalog.errors import BadRequest
from catalog.exact_json import JsonObject, JsonValue, exact_number, exact_value
from catalog.money import is_currency
from dashboards.costs.charges import CHARGE_SCHEMA, Charges, kept_cost
from dashboards.costs.faults import WHOLE_FILE, RowFault

FILE_BYTES_MAX = 256 * 1024 * 1024
DEPTH_MAX = 32
TEXT_LENGTH_MAX = 1024
COST_MAX = Decimal(10) ** 15
FORMULA_STARTS = ("=", "+", "@", "\t", "\r")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
Row = dict[str, object]


class ColumnFault(ValueError):
    """One member of a row that can't be taken."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column} {reason}")
        self.column = column


@dataclass(slots=True)
class Reader:
    """One JSON object, read member by member; a dot leads into an object."""

    body: JsonObject
    row_number: int = field(default=0)

    def value(self, path: str) -> JsonValue:
        """Return a member, None where there is none."""
        found: JsonValue = self.body
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def text(self, path: str) -> str | None:
        """Return a text or a whole number as text; None where it is null or empty."""
        found = self.value(path)
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        if found is None or found == "":
            return None
        if not isinstance(found, str) or len(found) > TEXT_LENGTH_MAX:
            raise ColumnFault(path, f"is no text of at most {TEXT_LENGTH_MAX} characters")
        return found

    def name(self, path: str) -> str | None:
        """Return a text that decides whose a cost is, so that it must be no formula."""
        found = self.text(path)
        if found is not None and found.startswith(FORMULA_STARTS):
            raise ColumnFault(path, f"begins like a spreadsheet formula: {found[:40]}")
        return found

    def needed(self, path: str) -> str:
        """Return a name that must be there."""
        found = self.name(path)
        if found is None:
            raise ColumnFault(path, "is missing")
        return found

    def number(self, path: str) -> Decimal | None:
        """Return a number with all its digits, written as one or as text; None for null."""
        found = self.value(path)
        try:
            if isinstance(found, str):
                found = exact_number(found.strip()) if found.strip() else None
            if found is None:
                return None
            if isinstance(found, bool) or not isinstance(found, int | Decimal):
                raise ColumnFault(path, "is no number")
            number = Decimal(found)
        except (ArithmeticError, ValueError) as error:
            raise ColumnFault(path, "is no number") from error
        if not number.is_finite() or abs(number) >= COST_MAX:
            raise ColumnFault(path, "is no number below 10^15")
        return number

    def cost(self, path: str) -> Decimal:
        """Return an amount that must be there."""
        found = self.number(path)
        if found is None:
            raise ColumnFault(path, "is missing")
        return found

    def currency(self, path: str) -> str:
        """Return an ISO 4217 code in capitals."""
        found = self.needed(path).upper()
        if not is_currency(found):
            raise ColumnFault(path, f"is no currency: {found[:10]}")
        return found

    def instant(self, path: str) -> datetime:
        """Return a time written in ISO 8601 or as seconds since 1970."""
        found = self.value(path)
        try:
            if isinstance(found, int) and not isinstance(found, bool):
                moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=found)
            else:
                moment = datetime.fromisoformat(str(found).removesuffix(" UTC"))
        except (ValueError, OverflowError) as error:
            raise ColumnFault(path, "is no time") from error
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        _refuse_strange_year(moment.date(), path)
        return moment

    def day(self, path: str) -> date:
        """Return a date like 2026-10-05."""
        try:
            found = date.fromisoformat(self.needed(path))
        except ValueError as error:
            raise ColumnFault(path, "is no date like 2026-10-05") from error
        _refuse_strange_year(found, path)
        return found


def charges_of(items: Iterable[JsonValue], charge: Callable[[Reader], Row | None]) -> Charges:
    """Return the charge of each item, None for an item that is none; all faults are told."""
    rows: list[Row] = []
    faults: list[RowFault] = []
    for row_number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            faults.append(RowFault(row_number, "is no JSON object"))
            continue
        try:
            row = charge(Reader(item, row_number))
        except ColumnFault as fault:
            faults.append(RowFault(row_number, str(fault), fault.column))
            continue
        if row is not None:
            rows.append({**row, "row_number": row_number})
    return Charges(pl.DataFrame(rows, schema=CHARGE_SCHEMA), tuple(faults))


def refused(reason: str) -> Charges:
    """Return the answer to a file that can't be read at all."""
    return Charges(pl.DataFrame(schema=CHARGE_SCHEMA), (RowFault(WHOLE_FILE, reason),))


def documents(content: bytes) -> list[JsonValue]:
    """Return the JSON documents of a file: one, a list of them, or one a line.

    ValueError when it is none.
    """
    if len(content) > FILE_BYTES_MAX:
        raise ValueError(f"more than {FILE_BYTES_MAX} bytes: split the file")
    try:
        try:
            found = exact_value(content, DEPTH_MAX)
        except BadRequest:
            lines = [line for line in content.splitlines() if line.strip()]
            if len(lines) < 2:  # noqa: PLR2004 - one line is no list of lines
                raise
            return _lines(lines)
    except BadRequest as error:
        raise ValueError(error.error) from error
    return found if isinstance(found, list) else [found]


def amounts(cost: Decimal) -> Row:
    """Return the columns of a cost that is billed as it is."""
    kept, as_sent = kept_cost(cost)
    return {"effective_cost": kept, "billed_cost": kept, "cost_as_sent": as_sent}


def whole_days(first: date, days: int = 1) -> Row:
    """Return the columns of a charge for whole UTC days."""
    start = datetime.combine(first, time(), tzinfo=UTC)
    return {"charge_period_start": start, "charge_period_end": start + timedelta(days=days)}


def _lines(lines: list[bytes]) -> list[JsonValue]:
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(exact_value(line, DEPTH_MAX))
        except BadRequest as error:
            raise ValueError(f"line {number}: {error.error}") from error
    return found


def _refuse_strange_year(day: date, path: str) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ColumnFault(path, "is not in the years 2000 to 2099")


def members(document: JsonValue, name: str) -> Iterator[JsonValue]:
    """Give the items of a list that a document has under a name; ValueError without it."""
    found = document.get(name) if isinstance(document, dict) else None
    if not isinstance(found, list):
        reason = f"there is no list {name!r}: is it the answer of this provider?"
        raise ValueError(reason)  # noqa: TRY004 - wrong content, no wrong call
    yield from found

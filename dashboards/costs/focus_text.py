"""The text of a FOCUS file: CSV bytes as a frame of text columns, and the rows that are broken.

Decides what is a row and what is null; knows no meaning of any column.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import polars as pl

from dashboards.costs.faults import WHOLE_FILE, RowFault

FILE_BYTES_MAX = 256 * 1024 * 1024
ROWS_AT_ONCE = 50_000
ROWS_MAX = 1_000_000


class _Lines(Protocol):
    """A reader of CSV rows that knows which line it is at."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True, slots=True)
class FocusText:
    """The wanted columns a file has, as text (null where empty or NULL), and its faults."""

    rows: pl.DataFrame
    faults: tuple[RowFault, ...]


def focus_text(content: bytes, wanted: Sequence[str]) -> FocusText:
    """Read the wanted columns; a row with another number of fields than the header is a fault."""
    if len(content) > FILE_BYTES_MAX:
        return _refused(f"more than {FILE_BYTES_MAX} bytes: split the file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _refused(f"not UTF-8 text at byte {error.start}: save the file as UTF-8", line)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        return _refused(f"the header is broken CSV: {error}")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        return _refused(f"the header names a column twice: {', '.join(repeated)}")
    return _read(reader, header, [name for name in header if name in wanted])


def _refused(reason: str, line_number: int = 0) -> FocusText:
    return FocusText(pl.DataFrame(), (RowFault(WHOLE_FILE, reason, line_number=line_number),))


def _read(reader: _Lines, header: list[str], names: list[str]) -> FocusText:
    faults: list[RowFault] = []
    rows = _sound_rows(reader, header, names, faults)
    schema: dict[str, pl.DataType] = {
        **dict.fromkeys(("row_number", "line_number"), pl.Int64()),
        **dict.fromkeys(names, pl.String()),
    }
    frames = [pl.DataFrame(schema=schema)]
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        frames.append(pl.DataFrame(batch, schema=schema, orient="row"))
    nulled = pl.concat(frames).with_columns(_null_where_empty(name) for name in names)
    return FocusText(nulled, tuple(faults))


def _sound_rows(
    reader: _Lines, header: list[str], names: list[str], faults: list[RowFault]
) -> Iterator[tuple[int | str, ...]]:
    places = [header.index(name) for name in names]
    row_number = 0
    try:
        for row_number, fields in enumerate(filter(None, reader), start=1):
            if row_number > ROWS_MAX:
                reason = f"more than {ROWS_MAX} rows: split the file"
                faults.append(RowFault(row_number, reason, line_number=reader.line_num))
                return
            if len(fields) == len(header):
                yield (row_number, reader.line_num, *(fields[place] for place in places))
            else:
                reason = f"{len(fields)} fields where the header has {len(header)}"
                faults.append(RowFault(row_number, reason, line_number=reader.line_num))
    except csv.Error as error:
        # What follows broken quoting can't be told apart into rows any more.
        reason = f"broken CSV, nothing read from here: {error}"
        faults.append(RowFault(row_number + 1, reason, line_number=reader.line_num))


def _null_where_empty(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return pl.when(~text.is_in(["", "NULL"])).then(text).alias(name)

"""The text of a FOCUS file: CSV bytes as frames of text columns, and the rows that are broken.

Decides what is a row and what is null; knows no meaning of any column.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Protocol

import polars as pl

from dashboards.costs.faults import WHOLE_FILE, RowFault

FILE_BYTES_MAX = 1024 * 1024 * 1024
ROWS_AT_ONCE = 20_000
BYTES_AT_ONCE = 1 << 20


class _Lines(Protocol):
    """A reader of CSV rows that knows which line it is at."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True, slots=True)
class FocusText:
    """Some rows of the wanted columns, as text (null where empty or NULL), and their faults."""

    rows: pl.DataFrame
    faults: tuple[RowFault, ...]


def focus_texts(file: BinaryIO, wanted: Sequence[str]) -> Iterator[FocusText]:
    """Give the wanted columns of a file, 20,000 rows at a time and once at least.

    It must be possible to seek in the file, which stays open. A row with another number of fields
    than the header is a fault; a file that can't be read at all is one fault without columns.
    """
    if file.seek(0, io.SEEK_END) > FILE_BYTES_MAX:
        yield _refused(f"more than {FILE_BYTES_MAX} bytes: split the file")
        return
    broken = _first_broken_byte(file)
    if broken is not None:
        at, line = broken
        yield _refused(f"not UTF-8 text at byte {at}: save the file as UTF-8", line)
        return
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        yield from _texts(csv.reader(text, strict=True), wanted)
    finally:
        text.detach()


def _texts(reader: _Lines, wanted: Sequence[str]) -> Iterator[FocusText]:
    try:
        header = next(iter(reader), [])
    except csv.Error as error:
        yield _refused(f"the header is broken CSV: {error}")
        return
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        yield _refused(f"the header names a column twice: {', '.join(repeated)}")
        return
    yield from _read(reader, header, [name for name in header if name in wanted])


def _refused(reason: str, line_number: int = 0) -> FocusText:
    return FocusText(pl.DataFrame(), (RowFault(WHOLE_FILE, reason, line_number=line_number),))


def _first_broken_byte(file: BinaryIO) -> tuple[int, int] | None:
    """Return the byte at which a file stops being UTF-8, and its line; None where it is all."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    start, line = file.seek(0), 1
    while True:
        waiting = decoder.getstate()[0]
        piece = file.read(BYTES_AT_ONCE)
        try:
            decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            # The bytes before the fault are waiting ones, which hold no end of a line, or these.
            place = error.start - len(waiting)
            return start + place, line + piece.count(b"\n", 0, max(place, 0))
        if not piece:
            return None
        start, line = start + len(piece), line + piece.count(b"\n")


def _read(reader: _Lines, header: list[str], names: list[str]) -> Iterator[FocusText]:
    faults: list[RowFault] = []
    rows = _sound_rows(reader, header, names, faults)
    schema: dict[str, pl.DataType] = {
        **dict.fromkeys(("row_number", "line_number"), pl.Int64()),
        **dict.fromkeys(names, pl.String()),
    }
    is_first = True
    while (batch := list(islice(rows, ROWS_AT_ONCE))) or faults or is_first:
        frame = pl.DataFrame(batch, schema=schema, orient="row")
        told, is_first = tuple(faults), False
        faults.clear()
        yield FocusText(frame.with_columns(_null_where_empty(name) for name in names), told)


def _sound_rows(
    reader: _Lines, header: list[str], names: list[str], faults: list[RowFault]
) -> Iterator[tuple[int | str, ...]]:
    places = [header.index(name) for name in names]
    row_number = 0
    try:
        for row_number, fields in enumerate(filter(None, reader), start=1):
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

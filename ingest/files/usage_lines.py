"""Usage files of lines: NDJSON and CSV as rows, one bounded line at a time.

Decides where a line and a CSV record end; a broken one costs its own row and no other.
"""

import csv
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from ingest.files.file_row import (
    ROW_BYTES_MAX,
    TOO_LONG,
    FileRow,
    UnreadableFile,
    check_columns,
    row_of_cells,
    row_of_line,
)

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
END = ""


class Lines(Protocol):
    """What lines are read from, each at most so many bytes at a time."""

    def readline(self, size: int, /) -> bytes:
        """Return the next line with its end, or its first `size` bytes."""


def ndjson_rows(file: Lines, after: int = 0) -> Iterator[FileRow]:
    """Yield a row for each line beyond line `after`, by the line's number; blank ones are none."""
    for number, line in islice(enumerate(_lines(file), 1), after, None):
        if line is None:
            yield FileRow(number, None, TOO_LONG)
        elif line.strip():
            yield row_of_line(number, line)


def csv_rows(file: Lines, after: int = 0) -> Iterator[FileRow]:
    """Yield a row for each record beyond number `after`; the header is 0, blank lines are none."""
    records = _Records(_lines(file))
    header = next(records, None)
    if header is None:
        raise UnreadableFile("header_is_not_readable", "the first line names the columns")
    check_columns(header)
    for number, cells in islice(enumerate(records, 1), after, None):
        if cells is None or len(cells) != len(header):
            codes = ["row_is_not_csv" if cells is None else "row_has_other_columns"]
            yield FileRow(number, None, {"row": codes})
        else:
            yield row_of_cells(number, zip(header, cells, strict=True))


class _Records:
    """CSV records of lines: each a list of cells, or None for a line that begins none.

    A quote that is never closed would swallow what follows. So a record over several lines that
    can't be right is given up after its first line, and the others are read again.
    """

    def __init__(self, lines: Iterator[bytes | None]) -> None:
        self._texts = (_text(line) for line in lines)
        self._again: deque[str | None] = deque()
        self._taken: list[str | None] = []
        self._width: int | None = None

    def __iter__(self) -> "_Records":
        return self

    def __next__(self) -> list[str] | None:
        cells: list[str] | None = []
        while cells == []:
            cells = self._record()
        if self._width is None:
            self._width = len(cells or ())
        return cells

    def _record(self) -> list[str] | None:
        self._taken = []
        try:
            cells = next(csv.reader(self._feed(), strict=True))
        except csv.Error:
            cells = None
        if len(self._taken) > 1 and (cells is None or len(cells) != self._width):
            self._again.extendleft(reversed(self._taken[1:]))
            return None
        return cells

    def _feed(self) -> Iterator[str]:
        """Yield the lines of one record; a line that is no text, or one too many, ends it."""
        characters = 0
        while characters <= ROW_BYTES_MAX:
            text = self._again.popleft() if self._again else next(self._texts, END)
            if text == END:
                return
            self._taken.append(text)
            if text is None:
                raise csv.Error
            characters += len(text)
            yield text


def _text(line: bytes | None) -> str | None:
    try:
        return None if line is None else line.decode()
    except UnicodeDecodeError:
        return None


def _lines(file: Lines) -> Iterator[bytes | None]:
    """Yield lines with their ends, None for one that is too long; a byte order mark is cut."""
    line = file.readline(ROW_BYTES_MAX + 1).removeprefix(BYTE_ORDER_MARK)
    while line:
        if len(line) <= ROW_BYTES_MAX:
            yield line
        else:
            while line and not line.endswith(b"\n"):
                line = file.readline(ROW_BYTES_MAX)
            yield None
        line = file.readline(ROW_BYTES_MAX + 1)

"""Usage files in Parquet: a few rows at a time, decimals exact, floats refused.

Decides which column types can be kept digit for digit; slices keep memory small.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import polars as pl

from catalog.exact_json import JsonValue
from catalog.money import MONEY_CONTEXT
from ingest.epoch_seconds import MICROSECONDS, seconds_text
from ingest.files.file_row import (
    ROW_BYTES_MAX,
    TOO_LONG,
    FileRow,
    UnreadableFile,
    check_columns,
    row_of_cells,
)

SLICE_ROWS = 2_000
ROWS_IN_PYTHON = 64
LENGTH = "\0length"
TICKS_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
DAMAGE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


def parquet_rows(path: Path, after: int) -> Iterator[FileRow]:
    """Yield the rows beyond row number `after`; UnreadableFile when its columns can't be kept."""
    source, schema = _source(path)
    kind = schema.get("timestamp")
    ticks = TICKS_PER_SECOND[kind.time_unit] if isinstance(kind, pl.Datetime) else None
    done = after
    while not (rows := _slice(source, done)).is_empty():
        yield from _rows(rows, done, ticks)
        done += rows.height


def _rows(rows: pl.DataFrame, done: int, ticks: int | None) -> Iterator[FileRow]:
    names = rows.columns[:-1]
    for number, (*cells, length) in enumerate(rows.iter_rows(buffer_size=ROWS_IN_PYTHON), done + 1):
        if length > ROW_BYTES_MAX:
            yield FileRow(number, None, TOO_LONG)
        else:
            named = zip(names, cells, strict=True)
            yield row_of_cells(number, ((name, _value(name, cell, ticks)) for name, cell in named))


def _value(name: str, cell: JsonValue, ticks: int | None) -> JsonValue:
    """Return a cell as JSON has it: zeros that only fill a decimal's scale are no digits."""
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else cell.normalize(MONEY_CONTEXT)
    if ticks is not None and name == "timestamp" and isinstance(cell, int):
        return seconds_text(cell * MICROSECONDS // ticks)
    return cell


def _source(path: Path) -> tuple[pl.LazyFrame, pl.Schema]:
    """Return the file with a last column: the bytes of text in each row."""
    try:
        source = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        schema = source.collect_schema()
    except DAMAGE as error:
        raise _damaged() from error
    check_columns(schema.names())
    readings = [_reading(name, kind) for name, kind in schema.items()]
    texts = [name for name, kind in schema.items() if _is_text(kind)]
    lengths = [pl.col(name).cast(pl.String).str.len_bytes().fill_null(0) for name in texts]
    length = pl.sum_horizontal(pl.lit(0, pl.UInt64), *lengths)
    # Text that is too long is measured, and never becomes a Python object.
    bounded = [
        pl.when(length <= ROW_BYTES_MAX).then(reading).alias(name) if name in texts else reading
        for name, reading in zip(schema.names(), readings, strict=True)
    ]
    return source.select(*bounded, length.alias(LENGTH)), schema


def _is_text(kind: pl.DataType) -> bool:
    return isinstance(kind, pl.String | pl.Categorical | pl.Enum)


def _reading(name: str, kind: pl.DataType) -> pl.Expr:
    """Return the column as text, integers, decimals or booleans; other types are refused."""
    column = pl.col(name)
    if _is_text(kind):
        return column.cast(pl.String)
    if isinstance(kind, pl.Datetime) and name == "timestamp":
        if kind.time_zone is None:
            raise UnreadableFile(
                "column_has_no_timezone", "'timestamp' is a local time: write instants in UTC"
            )
        return column.to_physical()
    if kind.is_float():
        raise UnreadableFile(
            "column_is_float",
            f"{name!r} holds floats, which lose digits: write it as decimal, integer or text",
        )
    if kind.is_integer() or kind.is_decimal() or isinstance(kind, pl.Boolean | pl.Null):
        return column
    raise UnreadableFile(
        "column_has_another_type",
        f"{name!r} is {kind}: write text, integers, decimals or booleans, properties as JSON text",
    )


def _slice(source: pl.LazyFrame, done: int) -> pl.DataFrame:
    try:
        return source.slice(done, SLICE_ROWS).collect()
    except DAMAGE as error:
        raise _damaged() from error


def _damaged() -> UnreadableFile:
    return UnreadableFile("file_is_damaged", "it is no whole Parquet file: write and send it again")

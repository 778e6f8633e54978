"""Makers and readers of usage files for the tests."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ingest.files.file_row import FileRow, UnreadableFile
from ingest.files.usage_file import row_batches, usage_file

HEADER = "transaction_id,code,external_subscription_id,timestamp,properties.tokens"


def rows_of(path: Path, after: int = 0, **limits: int) -> list[FileRow]:
    """Return all rows of a file beyond a row."""
    batches = row_batches(usage_file(path), after, **limits)
    return [row for batch in batches for row in batch.rows]


def raws_of(folder: Path, name: str, content: str | bytes) -> list[dict[str, Any] | None]:
    """Return the raw events of a file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [row.raw for row in rows_of(path)]


def codes_of(folder: Path, name: str, content: str | bytes) -> dict[int, object]:
    """Return the codes of a file's bad rows by their number."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return {row.number: row.codes for row in rows_of(path) if row.codes}


def problem_of(path: Path, **limits: int) -> str:
    """Return the code that a whole file is refused with."""
    with pytest.raises(UnreadableFile) as refused:
        rows_of(path, **limits)
    return refused.value.code


def parquet(folder: Path, **columns: object) -> Path:
    """Write a Parquet file of these columns; `__` stands for a dot in their names."""
    path = folder / "usage.parquet"
    named = {name.replace("__", "."): values for name, values in columns.items()}
    pl.DataFrame({"code": ["tokens"]} | named).write_parquet(path)
    return path

"""A usage file as batches of raw events: NDJSON, CSV or Parquet, the first two also gzipped.

Decides the format, the size of a batch and how far a file may inflate; keeps nothing.
"""

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from catalog.errors import ValidationFailed
from ingest.files.file_row import FileRow, UnreadableFile
from ingest.files.usage_lines import csv_rows, ndjson_rows
from ingest.files.usage_parquet import parquet_rows

BATCH_ROWS = 2_000
BATCH_BYTES = 8 * 1024**2
INFLATED_BYTES_MAX = 20 * 1024**3
GZIP_MAGIC = b"\x1f\x8b"
GZIP_SUFFIX = ".gz"


class FileFormat(Enum):
    """How the rows of a usage file are written."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


SUFFIXES = {
    ".ndjson": FileFormat.NDJSON,
    ".jsonl": FileFormat.NDJSON,
    ".csv": FileFormat.CSV,
    ".parquet": FileFormat.PARQUET,
}
MEDIA_TYPES = {
    "application/x-ndjson": FileFormat.NDJSON,
    "application/ndjson": FileFormat.NDJSON,
    "application/jsonl": FileFormat.NDJSON,
    "text/csv": FileFormat.CSV,
    "application/vnd.apache.parquet": FileFormat.PARQUET,
}


@dataclass(frozen=True, slots=True)
class UsageFile:
    """A file of usage on this machine, its name for people, and the SHA-256 of its bytes."""

    path: Path
    name: str
    format: FileFormat
    sha256: str
    fingerprint: tuple[int, ...]

    def is_unchanged(self) -> bool:
        """Say whether the file is still the one whose bytes were read for the digest."""
        return _fingerprint(self.path.stat()) == self.fingerprint


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Some rows in order; with them the file is read up to row `rows_done`, byte `bytes_done`."""

    rows: tuple[FileRow, ...]
    rows_done: int
    bytes_done: int


def file_format(given: str, *, file_name: str = "", media_type: str = "") -> FileFormat:
    """Return the format that was given, else what media type or name say; else refuse."""
    if given:
        try:
            return FileFormat(given.lower())
        except ValueError as error:
            raise ValidationFailed({"format": ["value_is_invalid"]}) from error
    suffix = Path(file_name.lower().removesuffix(GZIP_SUFFIX)).suffix
    found = MEDIA_TYPES.get(media_type.partition(";")[0].strip().lower()) or SUFFIXES.get(suffix)
    if found is None:
        raise ValidationFailed({"format": ["value_is_mandatory"]})
    return found


def usage_file(path: Path, given_format: str = "", name: str = "") -> UsageFile:
    """Return the file at `path`, read once for its digest."""
    found_format = file_format(given_format, file_name=name or path.name)
    with path.open("rb") as file:
        fingerprint = _fingerprint(os.fstat(file.fileno()))
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return UsageFile(path, name or path.name, found_format, sha256, fingerprint)


def _fingerprint(found: os.stat_result) -> tuple[int, ...]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def row_batches(
    file: UsageFile, after: int = 0, inflated_bytes_max: int = INFLATED_BYTES_MAX
) -> Iterator[RowBatch]:
    """Yield the rows beyond row number `after`; UnreadableFile where the file can't be read on.

    Rows before the damage have been yielded by then.
    """
    with file.path.open("rb") as bare:
        size = os.fstat(bare.fileno()).st_size
        rows = _rows(file, bare, after, inflated_bytes_max)
        damage = None
        while damage is None:
            batch, damage = _batch(rows)
            if batch:
                at = size if file.format is FileFormat.PARQUET else bare.tell()
                yield RowBatch(tuple(batch), batch[-1].number, at)
            elif damage is None:
                return
        raise damage


def _batch(rows: Iterator[FileRow]) -> tuple[list[FileRow], UnreadableFile | None]:
    """Take the rows of one batch, and the damage that ended it early."""
    taken: list[FileRow] = []
    size = 0
    try:
        for row in rows:
            taken.append(row)
            size += row.size
            if len(taken) == BATCH_ROWS or size >= BATCH_BYTES:
                break
    except UnreadableFile as damage:
        return taken, damage
    return taken, None


def _rows(
    file: UsageFile, bare: io.BufferedReader, after: int, inflated_bytes_max: int
) -> Iterator[FileRow]:
    is_gzipped = bare.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC)
    if file.format is FileFormat.PARQUET:
        if is_gzipped:
            raise UnreadableFile("file_is_gzipped", "Parquet is compressed in itself: gunzip it")
        return parquet_rows(file.path, after)
    lines = _Inflated(bare, inflated_bytes_max) if is_gzipped else bare
    return (csv_rows if file.format is FileFormat.CSV else ndjson_rows)(lines, after)


class _Inflated:
    """The lines of a gzip stream, up to a limit; UnreadableFile beyond it or where damaged."""

    def __init__(self, bare: BinaryIO, bytes_max: int) -> None:
        self._stream = gzip.GzipFile(fileobj=bare)
        self._bytes_left = bytes_max

    def readline(self, size: int, /) -> bytes:
        try:
            line = self._stream.readline(size)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableFile(
                "file_is_damaged", "it is no whole gzip file: pack and send it again"
            ) from error
        self._bytes_left -= len(line)
        if self._bytes_left < 0:
            raise UnreadableFile(
                "file_inflates_too_much", "its content is larger than the limit: split it"
            )
        return line

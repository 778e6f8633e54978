"""Imports of usage files as rows: one for each service and file content, with how far it came."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

import msgspec
import sqlalchemy as sa

from catalog.store.services import lock_service
from catalog.store.versioned_rows import page_of_rows
from ingest.files.file_row import Codes
from ingest.files.usage_file import FileFormat
from storage.tables import usage_import

SHA256_PREFIX = 16


class Status(Enum):
    """Where an import stands.

    A finished one has read every row. A refused one can't be read on from `rows_done`. An
    interrupted one waits until the same file is given again.
    """

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RowError:
    """A refused row: its number in the file, and its codes by field."""

    row: int
    error_details: Codes


@dataclass(frozen=True, slots=True)
class UsageImport:
    """What became of a file: rows kept now, known before, and refused; the first errors."""

    id: str
    service_code: str
    sha256: str
    file_name: str
    format: FileFormat
    started_at: datetime
    status: Status = Status.RUNNING
    rows_done: int = 0
    kept_count: int = 0
    known_count: int = 0
    refused_count: int = 0
    errors: tuple[RowError, ...] = ()
    problem: str | None = None
    finished_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Say whether giving the file again would change nothing."""
        return self.status in (Status.FINISHED, Status.REFUSED)

    def row_id(self, row: int) -> str:
        """Return the transaction id of a row that names none: the same for every reading."""
        return f"{self.sha256[:SHA256_PREFIX]}:{row}"


def begun_import(connection: sa.Connection, begun: UsageImport) -> UsageImport:
    """Return the import of this service and content: the one there is, else `begun`, added.

    A file of which no row was taken in begins anew when it is given in another format.
    """
    lock_service(connection, begun.service_code)
    known = find_by_content(connection, begun.service_code, begun.sha256)
    if known is None:
        connection.execute(sa.insert(usage_import).values(_values(begun)))
        return begun
    is_fruitless = not known.kept_count and not known.known_count
    if known.is_over and is_fruitless and known.format is not begun.format:
        anew = replace(begun, id=known.id)
        connection.execute(_update(known).values(_values(anew)))
        return anew
    return known


def save(connection: sa.Connection, before: UsageImport, after: UsageImport) -> bool:
    """Write how far an import came; false when another process has moved it meanwhile."""
    moved = connection.execute(
        _update(before).where(usage_import.c.rows_done == before.rows_done).values(_values(after))
    )
    return moved.rowcount == 1


def find_import(connection: sa.Connection, service_code: str, id_: str) -> UsageImport | None:
    """Return a service's import, or None."""
    return _one(connection, usage_import.c.service_code == service_code, usage_import.c.id == id_)


def find_by_content(
    connection: sa.Connection, service_code: str, sha256: str
) -> UsageImport | None:
    """Return a service's import of a content, or None."""
    return _one(
        connection,
        usage_import.c.service_code == service_code,
        usage_import.c.sha256 == sha256,
    )


def list_imports(
    connection: sa.Connection, service_code: str, limit: int, offset: int
) -> tuple[list[UsageImport], int]:
    """Return a page of a service's imports, newest first, and the number of all."""
    found = (
        sa.select(*usage_import.c)
        .where(usage_import.c.service_code == service_code)
        .order_by(usage_import.c.started_at.desc(), usage_import.c.id)
    )
    rows, total = page_of_rows(connection, found, limit, offset)
    return [_import(row) for row in rows], total


def open_imports(connection: sa.Connection) -> list[UsageImport]:
    """Return the imports of every service that are not over, oldest first: for the start."""
    rows = connection.execute(
        sa.select(usage_import)
        .where(usage_import.c.status.in_([Status.RUNNING.value, Status.INTERRUPTED.value]))
        .order_by(usage_import.c.started_at, usage_import.c.id)
    )
    return [_import(row) for row in rows.mappings()]


def _one(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> UsageImport | None:
    row = connection.execute(sa.select(usage_import).where(*conditions)).mappings().one_or_none()
    return None if row is None else _import(row)


def _update(changed: UsageImport) -> sa.Update:
    return sa.update(usage_import).where(usage_import.c.id == changed.id)


def _values(written: UsageImport) -> dict[str, object]:
    values = {name: getattr(written, name) for name in usage_import.c.keys()}  # noqa: SIM118
    return values | {
        "format": written.format.value,
        "status": written.status.value,
        "errors": msgspec.json.encode(written.errors).decode(),
    }


def _import(row: sa.RowMapping) -> UsageImport:
    return UsageImport(
        **{
            **row,
            "format": FileFormat(row["format"]),
            "status": Status(row["status"]),
            "errors": msgspec.json.decode(row["errors"], type=tuple[RowError, ...]),
        }
    )

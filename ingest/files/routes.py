"""Usage files over HTTP: the body is a file, the answer an import that goes on behind it."""

import asyncio
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from catalog.errors import NotFound, ValidationFailed
from catalog.http import CallerService, Json, PageOf, StateOf, at_once
from catalog.lago_shapes.times import iso_seconds
from ingest.files.queue import ImportQueue
from ingest.files.store import UsageImport, find_import, list_imports
from ingest.files.upload import kept_upload
from ingest.files.usage_file import file_format

FILE_NAME_MAX = 255
ACCEPTED = 202
router = APIRouter(prefix="/usage", tags=["usage"])


def import_queue_of(request: Request) -> ImportQueue:
    """Return the import queue of the running app."""
    return cast(ImportQueue, request.app.state.import_queue)


ImportQueueOf = Annotated[ImportQueue, Depends(at_once(import_queue_of))]


@router.post("/import")
async def import_file(request: Request, service: CallerService, imports: ImportQueueOf) -> Json:
    """Take a file of usage; 202 when it is on disk, with the import to look at."""
    name = request.query_params.get("file_name", "")
    if len(name) > FILE_NAME_MAX:
        raise ValidationFailed({"file_name": ["value_is_too_long"]})
    found_format = file_format(
        request.query_params.get("format", ""),
        file_name=name,
        media_type=request.headers.get("content-type", ""),
    )
    imports.check_room(service.code)
    upload = await kept_upload(
        request.stream(),
        imports.folder,
        bytes_max=imports.bytes_max,
        announced=_announced(request),
    )
    begun = await asyncio.to_thread(imports.add, upload, service.code, found_format, name)
    return Json({"usage_import": to_usage_import_object(begun)}, ACCEPTED)


@router.get("/imports")
def list_usage_imports(service: CallerService, state: StateOf, page: PageOf) -> Json:
    """List the service's imports, newest first."""
    with state.read() as connection:
        found, total = list_imports(connection, service.code, page.size, page.offset)
    objects = [to_usage_import_object(one) for one in found]
    return Json({"usage_imports": objects, "meta": page.meta(total)})


@router.get("/imports/{import_id}")
def show_usage_import(import_id: str, service: CallerService, state: StateOf) -> Json:
    """Show how far an import is, and what became of its rows."""
    with state.read() as connection:
        found = find_import(connection, service.code, import_id)
    if found is None:
        raise NotFound("usage_import")
    return Json({"usage_import": to_usage_import_object(found)})


def to_usage_import_object(found: UsageImport) -> dict[str, object]:
    """Return an import as JSON shows it; `errors` are the first, `refused_count` counts all."""
    return {
        "id": found.id,
        "status": found.status.value,
        "file_name": found.file_name,
        "format": found.format.value,
        "sha256": found.sha256,
        "rows_done": found.rows_done,
        "kept_count": found.kept_count,
        "known_count": found.known_count,
        "refused_count": found.refused_count,
        "errors": [
            {"row": error.row, "error_details": error.error_details} for error in found.errors
        ],
        "problem": found.problem,
        "started_at": iso_seconds(found.started_at),
        "finished_at": iso_seconds(found.finished_at),
    }


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0

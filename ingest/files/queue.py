"""The imports of a running service: uploaded files, imported one after another by one thread.

A file stays in the folder under its import's id until the import is over, so that the next start
of the process goes on with it.
"""

import os
import queue
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

from catalog.errors import TemporarilyUnavailable
from ingest.files.store import (
    Status,
    UsageImport,
    begun_import,
    find_import,
    open_imports,
    save,
)
from ingest.files.usage_file import FileFormat, usage_file
from ingest.files.usage_import import Importing, ImportTakenError, Keep, go_on
from storage.fault_points import reached
from storage.state import State

IMPORT_BYTES_MAX = 1024**3
IMPORTS_WAITING_MAX = 10
RETRY_SECONDS = 5
FAILED = "import_failed: the log says why; give the file again to go on"
_log = structlog.get_logger(__name__)


class ImportQueue:
    """The thread that imports uploaded files; `folder` is its own."""

    def __init__(
        self,
        state: State,
        folder: Path,
        keep: Keep,
        clock: Callable[[], datetime],
        bytes_max: int = IMPORT_BYTES_MAX,
        *,
        is_alone: bool = True,
    ) -> None:
        """Start the thread; it first goes on with what the last process left.

        `is_alone` says that no other process imports: what runs without a file here was lost.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.bytes_max = bytes_max
        self._state = state
        self._stopping = threading.Event()
        self._parts = Importing(state, keep, clock, lambda _done, _at: not self._stopping.is_set())
        self._waiting: dict[str, str] = {}
        self._adding = threading.Lock()
        self._ids: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        for left in resume_imports(state, folder, is_alone=is_alone):
            self._enqueue(left)
        self._thread = threading.Thread(target=self._run, name="imports", daemon=True)
        self._thread.start()

    def check_room(self, service_code: str) -> None:
        """Refuse when a service has too many files waiting."""
        if list(self._waiting.values()).count(service_code) >= IMPORTS_WAITING_MAX:
            raise TemporarilyUnavailable("too_many_waiting_imports")

    def add(
        self, upload: Path, service_code: str, file_format: FileFormat, file_name: str
    ) -> UsageImport:
        """Take an uploaded file over and return its import: the known one for known content."""
        file = usage_file(upload, file_format.value, file_name)
        begun = UsageImport(
            id=str(uuid.uuid4()),
            service_code=service_code,
            sha256=file.sha256,
            file_name=file_name,
            format=file_format,
            started_at=self._parts.clock(),
        )
        with self._adding:
            try:
                return self._placed(upload, begun)
            finally:
                upload.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop after the batch at hand; the next start goes on from there."""
        self._stopping.set()
        self._ids.put(None)
        self._thread.join()

    def _placed(self, upload: Path, begun: UsageImport) -> UsageImport:
        with self._state.write() as connection:
            found = begun_import(connection, begun)
        if not found.is_over and found.id not in self._waiting:
            reached("usage_import.before_place")
            upload.rename(self.folder / found.id)
            _sync(self.folder)
            reached("usage_import.after_place")
            self._enqueue(found)
        return found

    def _enqueue(self, found: UsageImport) -> None:
        self._waiting[found.id] = found.service_code
        self._ids.put((found.service_code, found.id))

    def _run(self) -> None:
        while (waiting := self._ids.get()) is not None and not self._stopping.is_set():
            try:
                self._import(*waiting)
            except ImportTakenError:
                _log.warning("import_taken", import_id=waiting[1])
            except Exception:  # noqa: BLE001 - one file must not end the thread for all others
                _log.exception("import_failed", import_id=waiting[1])
                self._interrupt(*waiting)
            finally:
                self._waiting.pop(waiting[1], None)

    def _import(self, service_code: str, id_: str) -> None:
        path = self.folder / id_
        found = self._found(service_code, id_)
        file = usage_file(path, found.format.value, found.file_name)
        if file.sha256 != found.sha256:
            raise RuntimeError(f"the kept file of import {id_} is damaged: send it again")
        while not found.is_over:
            if self._stopping.is_set():
                return
            try:
                found = go_on(self._parts, self._found(service_code, id_), file)
            except TemporarilyUnavailable:
                self._stopping.wait(RETRY_SECONDS)
        reached("usage_import.before_delete")
        path.unlink()

    def _interrupt(self, service_code: str, id_: str) -> None:
        found = self._found(service_code, id_)
        with self._state.write() as connection:
            save(connection, found, replace(found, status=Status.INTERRUPTED, problem=FAILED))

    def _found(self, service_code: str, id_: str) -> UsageImport:
        with self._state.read() as connection:
            found = find_import(connection, service_code, id_)
        if found is None:
            raise RuntimeError(f"import {id_} is not in the state any more")
        return found


def resume_imports(state: State, folder: Path, *, is_alone: bool = True) -> list[UsageImport]:
    """Return the imports to go on with, as their files are in `folder`; for the start only.

    Those without a file wait as interrupted until it is given again, unless another process may
    be at them; files without an open
    import, such as broken uploads, are deleted.
    """
    with state.write() as connection:
        found = open_imports(connection)
        for lost in found if is_alone else ():
            if not (folder / lost.id).exists() and lost.status is Status.RUNNING:
                save(connection, lost, replace(lost, status=Status.INTERRUPTED))
    left = [kept for kept in found if (folder / kept.id).exists()]
    named = {kept.id for kept in left}
    for path in folder.iterdir():
        if path.name not in named:
            path.unlink()
    return left


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

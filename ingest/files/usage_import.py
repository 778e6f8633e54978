"""The import of one usage file, exactly once: each row is pushed under an id of its own.

Progress is saved after the rows are durable, so a crash repeats pushes that are known by then.
Decides what a row's outcome counts as; how rows are kept is an argument.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import TypeAlias

from catalog.exact_json import JsonObject
from ingest.files.file_row import FileRow, UnreadableFile
from ingest.files.store import RowError, Status, UsageImport, begun_import, save
from ingest.files.usage_file import RowBatch, UsageFile, row_batches
from ingest.keeping import Outcome, RowOutcome
from storage.fault_points import reached
from storage.state import State

ERRORS_KEPT_MAX = 100

Keep: TypeAlias = Callable[[str, list[JsonObject], datetime], Sequence[RowOutcome]]
Watch: TypeAlias = Callable[[UsageImport, int], bool]


class ImportTakenError(ValueError):
    """Another process imports the same file; it goes on there."""


class FileChangedError(ValueError):
    """The file was written to while it was imported; the rows kept so far stay kept."""


@dataclass(frozen=True, slots=True)
class Importing:
    """What an import needs: the state, the way to keep rows, the time, and who watches.

    `watch` is told the import and the bytes read after each batch; it says whether to go on.
    """

    state: State
    keep: Keep
    clock: Callable[[], datetime]
    watch: Watch = lambda _done, _bytes_done: True


def import_usage(parts: Importing, service_code: str, file: UsageFile, new_id: str) -> UsageImport:
    """Import a file, or go on where its import stood; one that is over is returned as it is."""
    begun = UsageImport(
        id=new_id,
        service_code=service_code,
        sha256=file.sha256,
        file_name=file.name,
        format=file.format,
        started_at=parts.clock(),
    )
    with parts.state.write() as connection:
        found = begun_import(connection, begun)
    return found if found.is_over else go_on(parts, found, replace(file, format=found.format))


def go_on(parts: Importing, found: UsageImport, file: UsageFile) -> UsageImport:
    """Import the rows beyond `rows_done`, until the end or until the watch says stop."""
    done = _saved(parts.state, found, replace(found, status=Status.RUNNING, problem=None))
    try:
        for batch in row_batches(file, done.rows_done):
            if not file.is_unchanged():
                raise FileChangedError(
                    f"{file.name} was changed while it was imported: import it again when it is "
                    "written; rows that name a transaction id are not counted twice"
                )
            done = _saved(parts.state, done, _kept(parts, done, batch))
            reached("usage_import.after_progress")
            if not parts.watch(done, batch.bytes_done):
                return done
    except UnreadableFile as problem:
        return _over(parts, done, Status.REFUSED, str(problem))
    return _over(parts, done, Status.FINISHED, None)


def _kept(parts: Importing, done: UsageImport, batch: RowBatch) -> UsageImport:
    good = [_named(done, row) for row in batch.rows if row.raw is not None]
    raws = [row.raw for row in good if row.raw is not None]
    reached("usage_import.before_keep")
    outcomes = parts.keep(done.service_code, raws, parts.clock()) if raws else ()
    reached("usage_import.after_keep")
    told = list(zip((row.number for row in good), outcomes, strict=True))
    told += [
        (row.number, RowOutcome(Outcome.REFUSED, row.codes))
        for row in batch.rows
        if row.codes is not None
    ]
    results = Counter(outcome.outcome for _, outcome in told)
    errors = [
        RowError(row, outcome.codes or {})
        for row, outcome in sorted(told, key=itemgetter(0))
        if outcome.outcome is Outcome.REFUSED
    ]
    return replace(
        done,
        rows_done=batch.rows_done,
        kept_count=done.kept_count + results[Outcome.KEPT],
        known_count=done.known_count + results[Outcome.KNOWN],
        refused_count=done.refused_count + results[Outcome.REFUSED],
        errors=(*done.errors, *errors)[:ERRORS_KEPT_MAX],
    )


def _named(done: UsageImport, row: FileRow) -> FileRow:
    """Return the row with a transaction id: its own, or one of file and row number."""
    raw = row.raw or {}
    given = raw.get("transaction_id")
    if given is None or (isinstance(given, str) and not given.strip()):
        return replace(row, raw=raw | {"transaction_id": done.row_id(row.number)})
    return row


def _over(parts: Importing, done: UsageImport, status: Status, problem: str | None) -> UsageImport:
    over = replace(done, status=status, problem=problem, finished_at=parts.clock())
    reached("usage_import.before_finish")
    return _saved(parts.state, done, over)


def _saved(state: State, before: UsageImport, after: UsageImport) -> UsageImport:
    with state.write() as connection:
        if not save(connection, before, after):
            raise ImportTakenError(f"{before.file_name} is being imported by another process")
    return after

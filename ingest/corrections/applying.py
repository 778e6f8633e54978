"""A correction carried out: its rows are kept by the committer, each once, whatever happens.

The correction is kept in the state before its first row. After a crash the same order finds it,
makes the same rows from the same watermark, and pushes them again: those kept are known.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import chain, islice

from catalog.errors import MethodNotAllowed
from catalog.services import Service
from ingest.corrections.correction import Correction, Order, Status
from ingest.corrections.correction_store import begun_correction, finish, save
from ingest.corrections.new_events import Source, no_events
from ingest.corrections.preparing import (
    Corrections,
    Prepared,
    batches,
    checked_batches,
    prepared,
)
from ingest.inbox_body import revisions_body
from ingest.push import Door, push_of
from ingest.usage_event import UsageRevision
from storage.fault_points import reached

# Rows of one push are counted together: a correction that fits is never seen half done.
ROWS_PER_PUSH_MAX = 10_000
PUSHES_PER_FLUSH = 5
Watch = Callable[[Correction], None]


def correct(
    parts: Corrections,
    service: Service,
    order: Order,
    source: Source = no_events,
    *,
    new_id: str,
    at: datetime,
    rows_max: int | None = None,
    watch: Watch = lambda _correction: None,
) -> Correction:
    """Carry out an order, or go on with it where it was left; return it when all is durable.

    Nothing is kept when any row of it is refused. `watch` is told of each step.
    """
    ready = prepared(parts, service, order, source, new_id=new_id, at=at)
    if not ready.is_begun:
        ready = _begun(parts, ready, rows_max)
    return _applied(parts, ready, watch, at)


def _begun(parts: Corrections, ready: Prepared, rows_max: int | None) -> Prepared:
    rows = sum(len(batch.revisions) for batch, _ in checked_batches(ready, rows_max))
    reached("correction.checked")
    counted = replace(ready.correction, rows_total=rows)
    with parts.state.write() as connection:
        begun_correction(connection, counted, ready.corrections_count)
    reached("correction.begun")
    return replace(ready, correction=counted, is_begun=True)


def _applied(parts: Corrections, ready: Prepared, watch: Watch, at: datetime) -> Correction:
    moved = replace(ready.correction, rows_done=0, status=Status.APPLYING)
    rows = chain.from_iterable(batch.revisions for batch in batches(ready))
    for number, part in enumerate(_parts(rows), 1):
        with parts.state.write() as connection:
            save(connection, moved)
        _keep(parts, ready, part, at)
        reached("correction.rows_kept")
        moved = replace(moved, rows_done=moved.rows_done + len(part))
        watch(moved)
        if number % PUSHES_PER_FLUSH == 0:
            parts.intake.flusher.flush()
    reached("correction.all_kept")
    with parts.state.write() as connection:
        done = finish(connection, moved)
    reached("correction.finished")
    return done


def _keep(
    parts: Corrections, ready: Prepared, revisions: list[UsageRevision], at: datetime
) -> None:
    push = push_of(
        ready.service.code,
        revisions,
        revisions_body(revisions),
        Door.REVISIONS,
        int(at.timestamp()),
    )
    if _is_known_to_index(parts, ready) and not parts.intake.committer.submit(push).conflicts:
        return
    # Slow and exact: a hash may only suspect, and an index that is younger knows nothing.
    if parts.intake.take_in_now(push).conflicts:
        raise MethodNotAllowed("correction_has_changed", {"correction": [ready.correction.id]})


def _is_known_to_index(parts: Corrections, ready: Prepared) -> bool:
    """Say whether every row kept by an earlier attempt is in the key index, whatever its time."""
    return ready.correction.created_at >= parts.intake.index_since


def _parts(rows: Iterable[UsageRevision]) -> Iterator[list[UsageRevision]]:
    left = iter(rows)
    while part := list(islice(left, ROWS_PER_PUSH_MAX)):
        yield part

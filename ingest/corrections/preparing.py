"""A prepared correction: the rows it will write, batch by batch, the same however often asked.

Decides what each kind writes for the facts selected at the pinned watermark; keeps nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from catalog.errors import MethodNotAllowed, NotFound, ValidationFailed
from catalog.services import Service
from catalog.store.billable_metrics import metrics_by_code
from ingest.corrections.changes import Metrics, amended, changes_of, changes_of_text
from ingest.corrections.correction import Correction, Kind, Order, Status
from ingest.corrections.correction_store import count_corrections, find_correction, resumable
from ingest.corrections.facts import (
    History,
    effective_facts,
    facts_before,
    history,
    unselected_facts,
)
from ingest.corrections.new_events import (
    REPEATED,
    Rows,
    SeenOnce,
    Source,
    gathered,
    new_events,
    refused_rows,
)
from ingest.corrections.revisions import repeated, replacing
from ingest.corrections.selection import EVENT_FACT, selection_of_text
from ingest.corrections.superseding import revisions_of
from ingest.inbox_body import Section, revisions_body
from ingest.push import Door
from ingest.receiving import Intake
from ingest.usage_event import Faulty, UsageEvent, UsageRevision
from ingest.usage_frame import usage_frames
from ingest.watermark import Watermark
from storage.lake_tables import QUARANTINE, REVISION, USAGE
from storage.state import State

# Prepared rows stand beyond everything that was taken in.
PREPARED_INBOX_ID = 1 << 62
FAULTS_SHOWN_MAX = 100
TOUCHED = ("subscription_id", "metric_code", "occurred_at")
NOTHING_TOUCHED = {name: REVISION.polars_schema[name] for name in TOUCHED}
Batches = Iterator["Batch"]


@dataclass(frozen=True, slots=True)
class Corrections:
    """The parts that correct usage; call them outside an event loop."""

    state: State
    intake: Intake


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows to write, and what they supersede as far as it may lie elsewhere: TOUCHED."""

    revisions: list[UsageRevision]
    before: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Prepared:
    """A correction that is ready to be looked at or carried out."""

    correction: Correction
    service: Service
    metrics: Metrics
    watermark: Watermark
    known: History
    source: Source
    corrections_count: int
    is_begun: bool

    @property
    def order(self) -> Order:
        """Return what was ordered."""
        return self.correction.order


def prepared(
    parts: Corrections, service: Service, order: Order, source: Source, *, new_id: str, at: datetime
) -> Prepared:
    """Return an order's correction, pinned to what is taken in now; or the one it goes on with.

    NotFound for a revert of an unknown correction, MethodNotAllowed when it is reverted already
    or another one is unfinished.
    """
    with parts.state.read() as connection:
        if order.kind is Kind.REVERT:
            reverted = find_correction(connection, service.code, order.reverts_id or "")
            if reverted is None:
                raise NotFound("correction")
            if reverted.status is Status.REVERTED:
                raise MethodNotAllowed("correction_already_reverted")
        found = resumable(connection, order)
        corrections_count = count_corrections(connection, service.code)
        metrics = metrics_by_code(connection, service.code)
    if found is None:
        watermark = parts.intake.flusher.flush()
        correction = Correction(new_id, order, at, str(watermark))
    else:
        watermark, correction = _watermark_of(found.watermark), found
    lake = parts.intake.lake
    known = history(lake.scan(USAGE), revisions_of(lake), watermark.includes(), service.code)
    return Prepared(
        correction=correction,
        service=service,
        metrics=metrics,
        watermark=watermark,
        known=known,
        source=source,
        corrections_count=corrections_count,
        is_begun=found is not None,
    )


def batches(ready: Prepared) -> Batches:
    """Yield all rows of a correction; refuses what is not there and what can't be changed so."""
    match ready.order.kind:
        case Kind.VOID:
            yield from _voids(ready)
        case Kind.AMEND:
            yield from _amendments(ready)
        case Kind.REPLACE:
            yield from _voids(ready)
            yield from _replacements(ready)
        case Kind.REVERT:
            yield from _restorations(ready)


def checked_batches(
    ready: Prepared, rows_max: int | None = None
) -> Iterator[tuple[Batch, pl.DataFrame]]:
    """Yield each batch with the lake's rows it becomes; ValidationFailed when one can't be counted.

    Also when there are more rows than `rows_max`.
    """
    rows = 0
    for number, batch in enumerate(batches(ready)):
        rows += len(batch.revisions)
        if rows_max is not None and rows > rows_max:
            raise ValidationFailed(
                {
                    "selection": ["too_many_rows"],
                    "cure": f"more than {rows_max} rows: use `fusion-billing correct`",
                }
            )
        yield batch, _lake_rows(ready, batch, number)


def _voids(ready: Prepared) -> Batches:
    for facts in _selected(ready):
        rows = facts.iter_rows(named=True)
        voids = [repeated(row, ready.correction.id, is_void=True) for row in rows]
        yield Batch(voids, facts.select(TOUCHED))


def _amendments(ready: Prepared) -> Batches:
    selection = selection_of_text(ready.order.selection)
    changes = changes_of(changes_of_text(ready.order.changes), selection)
    for facts in _selected(ready):
        rows = facts.iter_rows(named=True)
        kept = [repeated(row, ready.correction.id, is_void=False) for row in rows]
        try:
            yield Batch(
                [amended(fact, changes, ready.metrics) for fact in kept], facts.select(TOUCHED)
            )
        except Faulty as faulty:
            raise ValidationFailed({"changes": faulty.codes}) from faulty


def _replacements(ready: Prepared) -> Batches:
    seen = SeenOnce(ready.service.code)
    for rows in gathered(ready.source()):
        events = new_events(rows)
        seen.add(rows, events)
        if not ready.is_begun:
            _refuse_unselected(ready, rows, events)
        added = [replacing(event, ready.correction.id) for event in events]
        yield Batch(added, pl.DataFrame(schema=NOTHING_TOUCHED))
    if not seen.count:
        raise ValidationFailed({"events": ["value_is_mandatory"]})
    seen.check()


def _refuse_unselected(ready: Prepared, rows: Rows, events: Sequence[UsageEvent]) -> None:
    """Refuse new events with the id of usage that is not selected: it would vanish unseen."""
    keys = pl.DataFrame(
        {
            "subscription_id": [event.external_subscription_id for event in events],
            "fact_id": [EVENT_FACT + event.transaction_id for event in events],
            "number": [row.number for row in rows],
        }
    )
    selection = selection_of_text(ready.order.selection)
    taken = unselected_facts(ready.known, keys, selection, ready.service.code)
    if taken.height:
        numbers = keys.join(taken, on=["subscription_id", "fact_id"], how="semi")["number"]
        raise refused_rows({str(number): REPEATED for number in numbers.sort()})


def _restorations(ready: Prepared) -> Batches:
    now = [
        "subscription_id",
        pl.col("metric_code_now").alias("metric_code"),
        pl.col("occurred_at_now").alias("occurred_at"),
    ]
    for facts in facts_before(ready.known, ready.order.reverts_id or ""):
        later = facts["in_the_way"].drop_nulls().unique().sort().to_list()
        if later:
            raise MethodNotAllowed("corrected_again_since", {"correction": later})
        rows = facts.iter_rows(named=True)
        restored = [
            repeated(row, ready.correction.id, is_void=row["is_void"], restores=row["restores"])
            for row in rows
        ]
        yield Batch(restored, facts.select(now))


def _selected(ready: Prepared) -> Iterator[pl.DataFrame]:
    """Yield the facts selected; a fact that is not there is 404, an empty filter 422."""
    selection = selection_of_text(ready.order.selection)
    found = 0
    for facts in effective_facts(ready.known, selection, ready.service.code):
        found += facts.height
        if facts.height:
            yield facts
    if found:
        return
    if selection.fact_id is not None:
        is_event = selection.fact_id.startswith(EVENT_FACT)
        raise NotFound("event" if is_event else "counter_window")
    if ready.order.kind is not Kind.REPLACE:
        raise ValidationFailed({"selection": ["nothing_selected"]})


def _lake_rows(ready: Prepared, batch: Batch, number: int) -> pl.DataFrame:
    section = Section(
        ready.service.code,
        int(ready.correction.created_at.timestamp()),
        Door.REVISIONS,
        [],
        revisions_body(batch.revisions),
    )
    metrics = {(ready.service.code, code): metric for code, metric in ready.metrics.items()}
    frames = usage_frames([(PREPARED_INBOX_ID + number, [section])], metrics, shard=0)
    faulty = frames[QUARANTINE].head(FAULTS_SHOWN_MAX)
    if faulty.height:
        facts = {row.transaction_id: row.fact_id for row in batch.revisions}
        reasons = faulty.select("transaction_id", "reason").iter_rows()
        raise ValidationFailed({"rows": {facts[row_id]: [reason] for row_id, reason in reasons}})
    return frames[REVISION]


def _watermark_of(text: str) -> Watermark:
    pairs = [pair.split(":") for pair in text.split(",")]
    return Watermark(tuple((int(shard), int(mark)) for shard, mark in pairs))

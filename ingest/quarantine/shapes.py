"""Quarantined events as JSON, and the JSON that asks for their repair."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from catalog.errors import ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from catalog.lago_shapes.times import iso_seconds
from ingest.lago_instant import lago_milliseconds, lago_seconds
from ingest.quarantine.quarantine import Selection
from ingest.quarantine.quarantined_event import Metrics, QuarantinedEvent, Standing, faults_now
from ingest.quarantine.repair import Repaired, Signature
from ingest.quarantine.store import Resolution
from ingest.quarantine.words import next_step, problem
from ingest.usage_event import occurred_us

IDS_MAX = 1_000
TEXT_LENGTH_MAX = 255
NARROWING = ("reason", "code", "external_subscription_id")
IS_RESOLVED: dict[str, bool | None] = {"open": False, "resolved": True, "all": None}


def read_listing(query: Mapping[str, str]) -> Selection:
    """Return what a list is narrowed to; ValidationFailed for a status nobody knows."""
    status = query.get("status") or "open"
    if status not in IS_RESOLVED:
        raise ValidationFailed({"status": ["value_is_invalid"]})
    selection = _selection({name: query.get(name) or None for name in NARROWING})
    return replace(selection, is_resolved=IS_RESOLVED[status])


def read_selection(asked: JsonObject) -> Selection:
    """Return the open rows a body names; ValidationFailed when it names none, or misspells."""
    unknown = [name for name in asked if name not in ("ids", *NARROWING)]
    if unknown:
        raise ValidationFailed({name: ["field_is_unknown"] for name in unknown})
    if "ids" not in asked:
        return _selection(asked)
    ids = asked["ids"]
    if not isinstance(ids, list) or not ids or not all(isinstance(id_, str) for id_ in ids):
        raise ValidationFailed({"ids": ["value_is_invalid"]})
    if len(ids) > IDS_MAX:
        raise ValidationFailed({"ids": ["too_many_ids"]})
    return replace(_selection(asked), ids=tuple(map(str, ids)))


def read_signature(asked: JsonObject) -> Signature:
    """Return who decides and why; ValidationFailed when one of them is missing."""
    faults: dict[str, list[str]] = {}
    author, reason = _words(asked, "author", faults), _words(asked, "reason", faults)
    if faults:
        raise ValidationFailed(faults)
    return Signature(author, reason)


def quarantined_event_shapes(
    rows: Sequence[QuarantinedEvent], metrics: Metrics, decisions: Mapping[str, Resolution]
) -> list[dict[str, object]]:
    """Return rows with what is wrong, what to do next by today's metrics, and what was decided."""
    faults = faults_now([row.event for row in rows], metrics)
    return [
        _shape(row, metrics, fault, decisions.get(row.id))
        for row, fault in zip(rows, faults, strict=True)
    ]


def repaired_shape(done: Repaired) -> dict[str, object]:
    """Return what became of a replay; `is_complete` false asks to repeat it."""
    return {
        "replayed_count": done.repaired,
        "still_faulty_count": sum(done.still_faulty.values()),
        "still_faulty": dict(done.still_faulty),
        "is_complete": done.is_complete,
    }


def _shape(
    row: QuarantinedEvent, metrics: Metrics, fault_now: str | None, decision: Resolution | None
) -> dict[str, object]:
    metric = metrics.get(row.event.code)
    return {
        "id": row.id,
        "status": "open" if row.standing is Standing.OPEN else "resolved",
        "reason": row.reason,
        "problem": problem(row, metric),
        "next_step": next_step(row, metric, fault_now),
        "transaction_id": row.event.transaction_id,
        "external_subscription_id": row.event.external_subscription_id,
        "code": row.event.code,
        "timestamp": lago_milliseconds(occurred_us(row.event, row.received_s)),
        "precise_total_amount_cents": row.event.precise_total_amount_cents,
        "properties": row.event.properties,
        "details": None if row.details is None else msgspec.Raw(row.details.encode()),
        "received_at": lago_seconds(row.received_s),
        "resolution": None if decision is None else _decision_shape(decision),
    }


def _decision_shape(decision: Resolution) -> dict[str, object]:
    changes = decision.changes
    return {
        "kind": decision.kind.value,
        "author": decision.author,
        "reason": decision.reason,
        "changes": None if changes is None else msgspec.Raw(changes.encode()),
        "decided_at": iso_seconds(decision.decided_at),
        "finished_at": iso_seconds(decision.finished_at),
    }


def _selection(asked: Mapping[str, JsonValue]) -> Selection:
    faults: dict[str, list[str]] = {}
    given: dict[str, str] = {}
    for name in NARROWING:
        value = asked.get(name)
        if isinstance(value, str) and value:
            given[name] = value
        elif value is not None:
            faults[name] = ["value_is_invalid"]
    if faults:
        raise ValidationFailed(faults)
    return Selection(
        reason=given.get("reason"),
        code=given.get("code"),
        external_subscription_id=given.get("external_subscription_id"),
    )


def _words(asked: JsonObject, name: str, faults: dict[str, list[str]]) -> str:
    value = asked.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        faults[name] = ["value_is_mandatory"]
    elif not isinstance(value, str):
        faults[name] = ["value_is_invalid"]
    elif len(value) > TEXT_LENGTH_MAX:
        faults[name] = ["value_is_too_long"]
    else:
        return value
    return ""

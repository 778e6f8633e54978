"""The JSON of counter pushes, their receipts and their windows. Pure.

A receipt tells nothing of other pushes, so that a retry's is the same, byte by byte.
"""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from catalog.billable_metrics import BillableMetric
from catalog.errors import ValidationFailed
from catalog.exact_json import JsonValue
from catalog.lago_shapes.times import iso_milliseconds
from catalog.money import decimal_text
from ingest.counters.counter import counter_revision
from ingest.counters.windows import CounterWindow
from ingest.lago_instant import lago_seconds
from ingest.usage_event import Faulty, UsageRevision

PUSHES_MAX = 1_000
ALL_OR_NOTHING = "all_or_nothing"
PARTIAL = "partial"
Codes = dict[str, list[str]]
Revisions = dict[int, UsageRevision]
Faults = dict[int, Codes]


def is_partial(mode: JsonValue) -> bool:
    """Say whether the good pushes of a batch are kept when others are refused."""
    if mode not in (None, ALL_OR_NOTHING, PARTIAL):
        raise ValidationFailed({"mode": ["value_is_invalid"]})
    return mode == PARTIAL


def readable_pushes(
    raws: JsonValue, metrics: Mapping[str, BillableMetric], zone: ZoneInfo
) -> tuple[Revisions, Faults]:
    """Return the valid pushes of a batch, and the faults of the others, by index."""
    if not isinstance(raws, list) or not raws:
        raise ValidationFailed({"usage": ["no_pushes"]})
    if len(raws) > PUSHES_MAX:
        raise ValidationFailed({"usage": ["too_many_pushes"]})
    revisions: Revisions = {}
    faults: Faults = {}
    for index, raw in enumerate(raws):
        try:
            revisions[index] = counter_revision(raw, metrics, zone)
        except Faulty as faulty:
            faults[index] = faulty.codes
    return revisions, faults


def receipt_row(revision: UsageRevision, received_s: int) -> dict[str, object]:
    """Return what was kept of one push, and when it first came."""
    return {
        "transaction_id": revision.transaction_id,
        "status": "kept",
        "fact_id": revision.fact_id,
        "received_at": lago_seconds(received_s),
        "error_details": None,
    }


def receipt(
    raws: Sequence[JsonValue], kept: Mapping[int, dict[str, object]], refused: Faults
) -> dict[str, object]:
    """Return the receipt of a batch: what became of each push, in order."""
    rows = [
        {"index": index}
        | (kept[index] if index not in refused else _refused_row(raw, refused[index]))
        for index, raw in enumerate(raws)
    ]
    return {
        "kept_count": len(rows) - len(refused),
        "refused_count": len(refused),
        "usage": rows,
    }


def window_shape(window: CounterWindow) -> dict[str, object]:
    """Return a window as it stands now, with the notices of what is odd about it."""
    return {
        "fact_id": window.fact_id,
        "window_start": iso_milliseconds(window.start),
        "window_end": iso_milliseconds(window.end),
        "dimensions": dict(window.dimensions),
        "value": decimal_text(window.value) if window.value is not None else None,
        "usage": decimal_text(window.usage) if window.usage is not None else None,
        "is_void": window.is_void,
        "revisions_count": window.revisions_count,
        "transaction_id": window.transaction_id,
        "received_at": iso_milliseconds(window.received_at),
        "notices": [str(notice) for notice in window.notices],
    }


def _refused_row(raw: JsonValue, codes: Codes) -> dict[str, object]:
    transaction_id = raw.get("transaction_id") if isinstance(raw, dict) else None
    return {
        "transaction_id": transaction_id if isinstance(transaction_id, str) else None,
        "status": "refused",
        "fact_id": None,
        "received_at": None,
        "error_details": codes,
    }

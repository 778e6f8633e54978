"""What a push over HTTP is answered: read, keep, shape. Shared by the fast way and the routes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import cast

import msgspec

from catalog.errors import BadRequest, Details, ValidationFailed
from catalog.exact_json import exact_value
from catalog.request_body import aside
from catalog.services import DuplicateAnswer, Service
from ingest.cloud_events import events_of_cloud_events, is_cloud_events_batch
from ingest.event_columns import EventColumns, columns_of
from ingest.event_json import ordinary_batch, ordinary_event
from ingest.inbox_body import events_body
from ingest.keys.key_index import Verdict
from ingest.lago_instant import lago_seconds
from ingest.lago_shapes import (
    CONFLICT_CODES,
    conflict_details,
    read_batch,
    read_event,
    readable_events,
    to_lago_events,
)
from ingest.push import Door, Push, Receipt, push_of_columns
from ingest.receiving import Intake

MODES = ("all_or_nothing", "partial")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class PushLimits:
    """How much one push may hold."""

    lago_events_max: int = 100
    receipt_events_max: int = 1_000
    json_depth_max: int = 32


async def answer_event(
    intake: Intake, limits: PushLimits, service: Service, body: bytes, at: datetime
) -> bytes:
    """Keep one event and return Lago's answer; its refusals are Lago's too."""
    reading = partial(read_push, limits, service, body, at, is_batch=False)
    push, if_new = await aside(len(body), reading)
    receipt = await intake.take_in(push)
    if receipt.are_new:
        return if_new
    if receipt.conflicts:
        raise ValidationFailed(CONFLICT_CODES)
    return lago_answer(push, receipt.received_s, is_batch=False)


async def answer_batch(
    intake: Intake, limits: PushLimits, service: Service, body: bytes, at: datetime
) -> bytes:
    """Keep a batch, all of it or nothing, and return Lago's answer."""
    reading = partial(read_push, limits, service, body, at, is_batch=True)
    push, if_new = await aside(len(body), reading)
    receipt = await intake.take_in(push)
    if receipt.are_new:
        return if_new
    if receipt.conflicts:
        raise ValidationFailed(conflict_details(receipt.conflicts))
    return lago_answer(push, receipt.received_s, is_batch=True)


def read_push(
    limits: PushLimits, service: Service, body: bytes, at: datetime, *, is_batch: bool
) -> tuple[Push, bytes]:
    """Return the push of a body in Lago's form, and its answer should all of it be new.

    The answer is made before the commit, so that none fails after it; refusals are Lago's.
    """
    if is_batch:
        columns, is_normal = read_batch(body, limits.json_depth_max, limits.lago_events_max)
        door = Door.EVENTS
    else:
        columns, is_normal = read_event(body, limits.json_depth_max)
        door = Door.EVENT
    push = _push(service, columns, body if is_normal else None, door, at)
    return push, lago_answer(push, push.received_if_new, is_batch=is_batch)


def ordinary_push(
    limits: PushLimits, service: Service, body: bytes, at: datetime, *, is_batch: bool
) -> tuple[Push, bytes] | None:
    """Return the same of an ordinary body, in a known small time; None for any other."""
    columns = ordinary_batch(body) if is_batch else ordinary_event(body)
    if columns is None or len(columns) > limits.lago_events_max:
        return None
    door = Door.EVENTS if is_batch else Door.EVENT
    push = _push(service, columns, body, door, at)
    return push, lago_answer(push, push.received_if_new, is_batch=is_batch)


async def answer_cloud_events(
    intake: Intake,
    limits: PushLimits,
    service: Service,
    body: bytes,
    headers: Mapping[bytes, bytes],
    at: datetime,
) -> bytes:
    """Keep one CloudEvent or a batch of them, and answer as for Lago's events."""
    texts = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
    kind = texts.get("content-type", "")
    reading = partial(events_of_cloud_events, body, kind, texts, limits.json_depth_max)
    raws = await aside(len(body), reading)
    is_batch = is_cloud_events_batch(kind)
    events, faults = readable_events(raws, events_max=limits.receipt_events_max)
    if faults:
        raise ValidationFailed(_by_index(faults) if is_batch else faults[0])
    push = _push(service, columns_of(list(events.values())), None, Door.EVENTS, at)
    receipt = await intake.take_in(push)
    if receipt.conflicts:
        raise ValidationFailed(conflict_details(receipt.conflicts) if is_batch else CONFLICT_CODES)
    return lago_answer(push, receipt.received_s, is_batch=is_batch)


async def answer_receipt(
    intake: Intake, limits: PushLimits, service: Service, body: bytes, at: datetime
) -> tuple[bytes, int]:
    """Keep a large batch as its `mode` says; return its receipt and the number of repeats.

    The receipt of a retry is the same, byte by byte: it says what is kept, not when it came.
    """
    whole = await aside(len(body), partial(exact_value, body, limits.json_depth_max))
    if not isinstance(whole, dict):
        raise BadRequest("param is missing or the value is empty or invalid: events")
    mode = whole.get("mode", MODES[0])
    if mode not in MODES:
        raise ValidationFailed({"mode": ["value_is_invalid"]})
    raws = whole.get("events")
    events, faults = readable_events(raws, events_max=limits.receipt_events_max)
    is_partial = mode == "partial"
    if faults and not is_partial:
        raise ValidationFailed(_by_index(faults))
    kept = columns_of(list(events.values()))
    receipt = Receipt((), ())
    if events:
        push = _push(service, kept, None, Door.EVENTS, at, is_partial=is_partial)
        receipt = await intake.take_in(push)
    conflicts = [list(events)[place] for place in receipt.conflicts]
    if conflicts and not is_partial:
        raise ValidationFailed(conflict_details(conflicts))
    refused = faults | dict.fromkeys(conflicts, CONFLICT_CODES)
    repeats = sum(verdict is Verdict.KNOWN for verdict in receipt.verdicts)
    first = dict(zip(events, receipt.received_s, strict=True))
    named = {index: _named_id(raw) for index, raw in enumerate(cast(list[object], raws))}
    return _encode({"receipt": _receipt_shape(named, refused, first)}), repeats


def _push(
    service: Service,
    columns: EventColumns,
    body: bytes | None,
    door: Door,
    at: datetime,
    *,
    is_partial: bool = False,
) -> Push:
    if body is None:
        body, door = events_body(columns.events), Door.EVENTS
    return push_of_columns(
        service.code,
        columns,
        body,
        door,
        int(at.timestamp()),
        is_partial=is_partial,
        refuses_known=service.duplicates == DuplicateAnswer.REJECT,
    )


def lago_answer(push: Push, received_s: Sequence[int], *, is_batch: bool) -> bytes:
    """Return Lago's answer to a push whose events first came in these seconds."""
    events = to_lago_events(push.columns, push.keys, received_s)
    return b'{"events":%b}' % events if is_batch else b'{"event":%b}' % events[1:-1]


def _by_index(faults: dict[int, dict[str, list[str]]]) -> Details:
    return {str(index): codes for index, codes in faults.items()}


def _named_id(raw: object) -> str | None:
    """Return the transaction id a pushed event names, if it is one a caller can look for."""
    named = raw.get("transaction_id") if isinstance(raw, dict) else None
    return named if isinstance(named, str) else None


def _receipt_shape(
    named: dict[int, str | None],
    refused: dict[int, dict[str, list[str]]],
    first: dict[int, int],
) -> dict[str, object]:
    rows = [
        {
            "index": index,
            "transaction_id": transaction_id,
            "status": "refused" if index in refused else "kept",
            "received_at": None if index in refused else lago_seconds(first[index]),
            "error_details": refused.get(index),
        }
        for index, transaction_id in named.items()
    ]
    return {
        "kept_count": len(rows) - len(refused),
        "refused_count": len(refused),
        "events": rows,
    }

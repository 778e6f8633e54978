"""The JSON of corrections: how an order is read, and how a correction is shown. Pure."""

from dataclasses import replace

from catalog.errors import ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from catalog.lago_shapes.times import iso_milliseconds
from ingest.corrections.changes import changes_of, changes_of_text, changes_text
from ingest.corrections.correction import (
    AUTHOR_LENGTH_MAX,
    REASON_LENGTH_MAX,
    Correction,
    Kind,
    Order,
)
from ingest.corrections.new_events import Source, events_given, no_events
from ingest.corrections.selection import selection_of, selection_text

FIELDS = frozenset({"kind", "selection", "changes", "events", "author", "reason", "preview"})
SIGNED = {"author": AUTHOR_LENGTH_MAX, "reason": REASON_LENGTH_MAX}
ORDERED = (Kind.VOID, Kind.AMEND, Kind.REPLACE)
NOT_OF_THIS_KIND = ["not_of_this_kind"]


def order_of(raw: JsonObject, service_code: str) -> Order:
    """Read the order of a correction; ValidationFailed with what is wrong with it."""
    faults = {name: ["value_is_invalid"] for name in raw.keys() - FIELDS}
    kind = raw.get("kind")
    if kind not in ORDERED:
        faults["kind"] = ["value_is_mandatory" if kind is None else "value_is_invalid"]
    if raw.get("events") is not None and kind != Kind.REPLACE:
        faults["events"] = NOT_OF_THIS_KIND
    if raw.get("changes") is not None and kind != Kind.AMEND:
        faults["changes"] = NOT_OF_THIS_KIND
    author, reason = signature(raw, faults)
    if faults:
        raise ValidationFailed(faults)
    selection = selection_of(raw.get("selection"))
    order = Order(service_code, Kind(str(kind)), author, reason, selection_text(selection))
    changes: JsonObject = {}
    if order.kind is Kind.AMEND:
        given = raw.get("changes")
        changes_of(given, selection)
        changes = given if isinstance(given, dict) else {}
    if order.kind is Kind.REPLACE:
        events_given(raw.get("events"))
        changes = {"events": raw.get("events")}
    return _with_changes(order, changes)


def replace_order(raw: JsonObject, service_code: str, file: JsonObject) -> Order:
    """Read the order of a replacement whose events are in a file, named by its digest."""
    order = order_of(raw | {"kind": Kind.REPLACE.value, "events": []}, service_code)
    return _with_changes(order, {"file": file})


def revert_order(raw: JsonObject, service_code: str, reverts_id: str) -> Order:
    """Read the order to take a correction back."""
    faults = {name: ["value_is_invalid"] for name in raw.keys() - {*SIGNED, "preview"}}
    author, reason = signature(raw, faults)
    if faults:
        raise ValidationFailed(faults)
    return Order(service_code, Kind.REVERT, author, reason, reverts_id=reverts_id)


def wants_preview(raw: JsonObject) -> bool:
    """Say whether only the difference is asked for."""
    wanted = raw.get("preview")
    if wanted is not None and not isinstance(wanted, bool):
        raise ValidationFailed({"preview": ["value_is_invalid"]})
    return wanted is True


def source_of(order: Order) -> Source:
    """Return the source of the events that an order itself names."""
    if order.kind is not Kind.REPLACE:
        return no_events
    return events_given(changes_of_text(order.changes).get("events"))


def signature(raw: JsonObject, faults: dict[str, list[str]]) -> tuple[str, str]:
    """Return author and reason, which every correction has."""
    author, reason = (_signed(raw.get(name), name, faults) for name in SIGNED)
    return author, reason


def correction_shape(correction: Correction, *, with_events: bool = False) -> dict[str, object]:
    """Return a correction as JSON shows it; of new events their number, unless they are wanted."""
    order = correction.order
    changes: dict[str, object] = dict(changes_of_text(order.changes))
    events = changes.get("events")
    if isinstance(events, list) and not with_events:
        changes["events_count"] = len(events)
        del changes["events"]
    return {
        "id": correction.id,
        "kind": order.kind.value,
        "selection": changes_of_text(order.selection),
        "changes": changes,
        "author": order.author,
        "reason": order.reason,
        "status": correction.status.value,
        "rows_total": correction.rows_total,
        "rows_done": correction.rows_done,
        "reverts_id": order.reverts_id,
        "watermark": correction.watermark,
        "created_at": iso_milliseconds(correction.created_at),
    }


def _with_changes(order: Order, changes: JsonObject) -> Order:
    return replace(order, changes=changes_text(changes))


def _signed(value: JsonValue, name: str, faults: dict[str, list[str]]) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        faults[name] = ["value_is_mandatory"]
    elif not isinstance(value, str):
        faults[name] = ["value_is_invalid"]
    elif len(value) > SIGNED[name]:
        faults[name] = ["value_is_too_long"]
    else:
        return value
    return ""

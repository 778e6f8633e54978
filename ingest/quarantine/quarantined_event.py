"""A quarantined event: what it is, what is wrong with it now, and what a mend makes of it.

Decides whether an event could be counted by the metrics in force; reads and stores nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from catalog.billable_metrics import BillableMetric
from catalog.errors import ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from ingest.metric_value import metric_values
from ingest.stored_usage import REFUSED
from ingest.usage_event import Faulty, UsageEvent, event_from_lago, occurred_us
from ingest.usage_frame import NO_SUBSCRIPTION

CHANGEABLE = ("code", "external_subscription_id", "timestamp", "properties")
FIELD_OF_REASON = {
    "billable_metric_not_found": "code",
    NO_SUBSCRIPTION: "external_subscription_id",
    REFUSED: "transaction_id",
}
_exact = msgspec.json.Encoder(decimal_format="number", order="sorted")
_plain = msgspec.json.Decoder(float_hook=Decimal)

Metrics = Mapping[str, BillableMetric]


class Standing(StrEnum):
    """Why a row needs attention, or no longer does.

    `counted`: usage or a correction holds its key. `superseded`: its event was set aside again
    by a newer row, which speaks for it. `settled`: it was mended or dismissed.
    """

    OPEN = "open"
    COUNTED = "counted"
    SUPERSEDED = "superseded"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a row lies: shard, inbox row, place in it. Its text is the row's id."""

    shard: int
    inbox_id: int
    sequence: int

    def __str__(self) -> str:
        """Return the row's id: "0-17-3"."""
        return f"{self.shard}-{self.inbox_id}-{self.sequence}"


@dataclass(frozen=True, slots=True)
class QuarantinedEvent:
    """One quarantined row; the event names its time, also where the app had named none.

    `details` is JSON: of a refused push both digests, of a revision which fact it would replace.
    """

    position: Position
    event: UsageEvent
    reason: str
    details: str | None
    occurred_at: datetime
    received_s: int
    standing: Standing

    @property
    def id(self) -> str:
        """Return the row's id."""
        return str(self.position)

    @property
    def is_refused(self) -> bool:
        """Say whether its push was answered 422, so that it is the app's to send again."""
        return self.reason == REFUSED

    @property
    def is_repairable(self) -> bool:
        """Say whether it can be counted as the plain event it is: no refused push, no revision."""
        return self.details is None and not self.is_refused


def faults_now(events: Sequence[UsageEvent], metrics: Metrics) -> list[str | None]:
    """Return for each event why the metrics in force can't count it; None when they can."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, event in enumerate(events):
        places[event.code].append(place)
    faults: list[str | None] = [None] * len(events)
    for code, own in places.items():
        properties = [bytes(events[place].properties) for place in own]
        times = [occurred_us(events[place], 0) for place in own]
        values = metric_values(metrics.get(code), properties, code=code, occurred_us=times)
        reasons = values["reason"].to_list()
        for place, reason in zip(own, reasons, strict=True):
            faults[place] = reason if events[place].external_subscription_id else NO_SUBSCRIPTION
    return faults


def fault_codes(reason: str) -> dict[str, list[str]]:
    """Return a reason as Lago's codes by field."""
    return {FIELD_OF_REASON.get(reason, "properties"): [reason]}


def valid_changes(raw: JsonValue) -> JsonObject:
    """Return the changes of a mend as they were given; ValidationFailed with every wrong field."""
    if not isinstance(raw, dict) or not raw:
        raise ValidationFailed({"changes": ["value_is_mandatory"]})
    faults: dict[str, list[str]] = {
        name: ["field_cannot_be_changed"] for name in raw if name not in CHANGEABLE
    }
    faults |= {
        name: ["value_is_invalid"]
        for name in CHANGEABLE
        if name in raw and (raw[name] is None or (name == "properties" and raw[name] == {}))
    }
    probe = {"transaction_id": "any", "code": "any"} | raw
    try:
        event_from_lago(probe)
    except Faulty as faulty:
        faults = faulty.codes | faults
    if faults:
        raise ValidationFailed({"changes": faults})
    return raw


def changes_text(changes: JsonObject) -> str:
    """Return changes as JSON text, numbers exact."""
    return _exact.encode(changes).decode()


def changed_event(event: UsageEvent, changes: JsonObject) -> UsageEvent:
    """Return the event a mend makes; properties are merged by name, null removes one."""
    raw: dict[str, object] = {
        "transaction_id": event.transaction_id,
        "code": event.code,
        "external_subscription_id": event.external_subscription_id,
        "timestamp": event.timestamp,
        "precise_total_amount_cents": event.precise_total_amount_cents,
        **{name: value for name, value in changes.items() if name != "properties"},
    }
    changed = event_from_lago(raw)
    merged = changes.get("properties")
    properties = event.properties
    if isinstance(merged, dict):
        whole = _plain.decode(properties) | merged
        removed = {name for name, value in merged.items() if value is None}
        kept = {name: value for name, value in whole.items() if name not in removed}
        properties = msgspec.Raw(_exact.encode(kept))
    return msgspec.structs.replace(changed, properties=properties)


def changes_of_text(text: str) -> JsonObject:
    """Return what `changes_text` wrote."""
    changes: JsonObject = _plain.decode(text)
    return changes

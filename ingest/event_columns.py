"""Events by field: keys, digests and ids are worked out for all events of a push at once.

Decides by which bytes an event is known, and which number stands for what it says. Pure.
"""

from collections.abc import Sequence
from operator import add
from typing import TypeAlias, TypeGuard

import msgspec
import numpy as np
from xxhash import xxh3_64_intdigest, xxh3_128_digest

from ingest.usage_event import UsageEvent, UsageRevision, event_id, replaced

Services: TypeAlias = str | Sequence[str]
# JSON never holds it unescaped; texts that do hold it are put together one by one.
SEPARATOR = "\x1e"
SEPARATOR_BYTE = b"\x1e"
AT_ONCE_MIN = 16
ID_LENGTH = 36
ID_DIGITS = np.array(
    [*range(8), 0, *range(8, 12), 0, *range(12, 16), 0, *range(16, 20), 0, *range(20, 32)]
)
ID_MARKS = [(place, ord("-")) for place in (8, 13, 18, 23)] + [(14, ord("8")), (19, ord("8"))]


class EventColumns(msgspec.Struct, frozen=True, gc=False, eq=False):
    """Events, and by field what they say; properties are text."""

    events: Sequence[UsageEvent]
    transaction_ids: Sequence[str]
    codes: Sequence[str]
    subscriptions: Sequence[str | None]
    timestamps: Sequence[int | str | None]
    properties: Sequence[str]
    amounts: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.events)


def columns_of(events: Sequence[UsageEvent]) -> EventColumns:
    """Return events by field."""
    return EventColumns(
        events,
        [event.transaction_id for event in events],
        [event.code for event in events],
        [event.external_subscription_id for event in events],
        [event.timestamp for event in events],
        _texts([event.properties for event in events]),
        [event.precise_total_amount_cents for event in events],
    )


def are_whole(times: Sequence[int | str | None]) -> TypeGuard[Sequence[int]]:
    """Say whether all times are whole seconds."""
    return set(map(type, times)) == {int}


def event_keys(services: Services, columns: EventColumns) -> list[bytes]:
    """Return for each event the bytes that are the same for every push of it, and for no other.

    `services` is the code of its service, or one for each event.
    """
    return list(map(str.encode, _named(services, columns)))


def content_digests(services: Services, columns: EventColumns) -> list[int]:
    """Return for each event 64 bits over its key and all it says, as it is written."""
    return _digests(_named(services, columns), columns)


def keys_and_digests(services: Services, columns: EventColumns) -> tuple[list[bytes], list[int]]:
    """Return both, for less than each alone."""
    named = _named(services, columns)
    return list(map(str.encode, named)), _digests(named, columns)


def _digests(named: Sequence[str], columns: EventColumns) -> list[int]:
    said = columns.properties
    if UsageRevision in set(map(type, columns.events)):
        said = list(map(add, map(replaced, columns.events), said))
    amounts, digest = columns.amounts, xxh3_64_intdigest
    if amounts.count(None) == len(amounts):
        return [
            digest(f"{name}\0{code}\0{time}\0None\0{text}".encode())
            for name, code, time, text in zip(
                named, columns.codes, columns.timestamps, said, strict=True
            )
        ]
    return [
        digest(f"{name}\0{code}\0{time}\0{amount}\0{text}".encode())
        for name, code, time, amount, text in zip(
            named, columns.codes, columns.timestamps, amounts, said, strict=True
        )
    ]


def event_ids(keys: Sequence[bytes]) -> list[str]:
    """Return the id of each key, as `event_id` does."""
    if len(keys) < AT_ONCE_MIN:
        return list(map(event_id, keys))
    digits = b"".join(map(xxh3_128_digest, keys)).hex().encode()
    ids = np.frombuffer(digits, np.uint8).reshape(len(keys), -1).take(ID_DIGITS, axis=1)
    for place, character in ID_MARKS:
        ids[:, place] = character
    text = ids.tobytes().decode()
    return [text[start : start + ID_LENGTH] for start in range(0, len(text), ID_LENGTH)]


def _texts(properties: Sequence[msgspec.Raw]) -> list[str]:
    if len(properties) < AT_ONCE_MIN:
        return [str(each, "utf-8") for each in properties]
    texts = SEPARATOR_BYTE.join(properties).decode().split(SEPARATOR)
    if len(texts) == len(properties):
        return texts
    return [str(each, "utf-8") for each in properties]


def _named(services: Services, columns: EventColumns) -> list[str]:
    pairs = zip(columns.subscriptions, columns.transaction_ids, strict=True)
    if isinstance(services, str):
        return [f"{services}\0{subscription or ''}\0{name}" for subscription, name in pairs]
    return [
        f"{service}\0{subscription or ''}\0{name}"
        for service, (subscription, name) in zip(services, pairs, strict=True)
    ]

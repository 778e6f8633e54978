"""New events that a replacement takes in: from its request, or from a file, read more than once.

Each is valid, names its subscription and its time, and stands there once.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TypeAlias

import numpy as np
from xxhash import xxh3_64_intdigest

from catalog.errors import ValidationFailed
from catalog.exact_json import JsonValue
from ingest.event_columns import columns_of, event_keys
from ingest.files.file_row import Codes, FileRow
from ingest.files.usage_file import UsageFile, row_batches
from ingest.usage_event import Faulty, UsageEvent, event_from_lago

FAULTS_SHOWN_MAX = 100
EVENTS_PER_BATCH = 50_000
MANDATORY = ["value_is_mandatory"]
REPEATED = {"transaction_id": ["value_already_exist"]}
Rows: TypeAlias = Sequence[FileRow]
Source: TypeAlias = Callable[[], Iterator[Rows]]


def no_events() -> Iterator[Rows]:
    """Return the source of a correction that takes in nothing."""
    return iter(())


def events_given(raws: JsonValue) -> Source:
    """Return the source of events that a request names."""
    if not isinstance(raws, list):
        raise ValidationFailed({"events": ["value_is_invalid"]})
    rows = [
        FileRow(number, raw if isinstance(raw, dict) else None, {"row": ["invalid_format"]})
        for number, raw in enumerate(raws)
    ]
    return lambda: iter((rows,))


def events_of_file(file: UsageFile) -> Source:
    """Return the source of the events in a file."""
    return lambda: (batch.rows for batch in row_batches(file))


def gathered(batches: Iterator[Rows]) -> Iterator[Rows]:
    """Yield the same rows in larger batches: each asks the lake what it has of their ids."""
    rows = chain.from_iterable(batches)
    while part := list(islice(rows, EVENTS_PER_BATCH)):
        yield part


def new_events(rows: Rows) -> list[UsageEvent]:
    """Return the events of rows; ValidationFailed with every fault at its row."""
    events: list[UsageEvent] = []
    faults: dict[str, Codes] = {}
    for row in rows:
        try:
            events.append(_event(row))
        except Faulty as faulty:
            faults[str(row.number)] = faulty.codes
    if faults:
        raise refused_rows(faults)
    return events


def refused_rows(faults: Mapping[str, Codes]) -> ValidationFailed:
    """Return the refusal of rows, of which the first hundred are told."""
    return ValidationFailed({"events": dict(list(faults.items())[:FAULTS_SHOWN_MAX])})


class SeenOnce:
    """Remembers keys by 64 bits each, to tell in the end which rows repeat an earlier one."""

    def __init__(self, service_code: str) -> None:
        """Start empty."""
        self._service_code = service_code
        self._hashes = array("Q")
        self._numbers = array("Q")

    @property
    def count(self) -> int:
        """Return how many there are."""
        return len(self._hashes)

    def add(self, rows: Rows, events: Sequence[UsageEvent]) -> None:
        """Remember the rows of some events."""
        keys = event_keys(self._service_code, columns_of(events))
        self._hashes.extend(map(xxh3_64_intdigest, keys))
        self._numbers.extend(row.number for row in rows)

    def check(self) -> None:
        """Refuse a source that names an event twice; ValidationFailed at the later row."""
        hashes = np.array(self._hashes, np.uint64)
        order = np.argsort(hashes, kind="stable")
        again = order[1:][hashes[order][1:] == hashes[order][:-1]]
        if again.size:
            numbers = sorted(self._numbers[place] for place in again.tolist())
            raise refused_rows({str(number): REPEATED for number in numbers})


def _event(row: FileRow) -> UsageEvent:
    if row.raw is None:
        raise Faulty({name: list(codes) for name, codes in (row.codes or {}).items()})
    event = event_from_lago(row.raw)
    faults = {}
    if event.external_subscription_id is None:
        faults["external_subscription_id"] = MANDATORY
    if event.timestamp is None:
        faults["timestamp"] = MANDATORY
    if faults:
        raise Faulty(faults)
    return event

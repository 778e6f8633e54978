"""Events of a Lago's open periods, kept once each under their own transaction ids and times.

Lago tells times to the millisecond, so an event that an app pushed here too, with more digits,
is the same event.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from catalog.exact_json import JsonObject, JsonValue
from catalog.lago_shapes.fields import Fields
from catalog.lago_shapes.times import iso_milliseconds
from fusion_billing.house import House
from fusion_billing.lago_import.differences import differences
from fusion_billing.lago_import.lists import ListChangedError, pages
from fusion_billing.lago_import.report import Entry, Kind, Outcome
from fusion_billing.lago_import.source import LagoSource
from ingest.keeping import Outcome as Kept
from ingest.keeping import RowOutcome, keep_rows
from ingest.lago_shapes import CONFLICT_CODES, readable_events
from ingest.usage_log import EventFilter
from storage.fault_points import reached

EVENTS_PER_PAGE = 500
KEPT_PER_PAGE = 10_000
KEPT_PAGES_MAX = 100_000
DETAILS_MAX = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
EVENT_MEMBERS = (
    "transaction_id", "external_subscription_id", "code", "properties",
    "precise_total_amount_cents",
)  # fmt: skip
COMPARED = ("code", "timestamp", "properties", "precise_total_amount_cents")
OVERWRITTEN = (
    "Lago has overwritten what the metric's expression reads with its result: push these events "
    "again from your own records"
)


@dataclass(frozen=True, slots=True)
class UsageOrder:
    """Which events of one subscription id are wanted: all since an instant, some of all time.

    `overwritten` are metrics whose events Lago gives back changed.
    """

    external_id: str
    since: datetime
    recurring: Sequence[str]
    overwritten: frozenset[str]


@dataclass(frozen=True, slots=True)
class UsageBringing:
    """What bringing events needs: the house, whose they are, the source, and who watches.

    `used` are the subscriptions that had events here before: the lake is asked of these only.
    """

    house: House
    service_code: str
    source: LagoSource
    is_dry_run: bool
    used: frozenset[str]
    watch: Callable[[int], None] = lambda _count: None

    def entries(self, order: UsageOrder) -> list[Entry]:
        """Bring one subscription's events; return an entry for each outcome there was."""
        counts: Counter[Outcome] = Counter()
        details: dict[Outcome, list[str]] = {Outcome.DIFFERS: [], Outcome.FAILED: []}
        had_any = order.external_id in self.used
        kept = _KeptEvents(self.house, self.service_code, order.external_id, had_any=had_any)
        try:
            for rows in _wanted(self.source, order):
                for row, (outcome, told) in zip(
                    rows, self._brought(rows, order, kept), strict=True
                ):
                    counts[outcome] += 1
                    if told and len(details[outcome]) < DETAILS_MAX:
                        details[outcome].append(f"{row.get('transaction_id')}: {told}")
                self.watch(sum(counts.values()))
        except ListChangedError as problem:
            counts[Outcome.FAILED] += 1
            details[Outcome.FAILED].append(str(problem))
        return [
            Entry(Kind.EVENT, order.external_id, outcome, details.get(outcome, ()), count)
            for outcome, count in sorted(counts.items())
        ]

    def _brought(
        self, rows: Sequence[JsonObject], order: UsageOrder, kept: "_KeptEvents"
    ) -> list[tuple[Outcome, str]]:
        """Return what became of each event, and why it did not come over.

        Those that are here are not pushed again: a refused push would be set aside as a fault.
        """
        here = kept.around(rows)
        found: dict[int, tuple[Outcome, str]] = {}
        fresh: dict[int, JsonObject] = {}
        for number, row in enumerate(rows):
            known = here.get(_transaction_id(row))
            if known is not None:
                found[number] = _compared(row, known)
            elif str(row.get("code")) in order.overwritten:
                found[number] = (Outcome.FAILED, OVERWRITTEN)
            else:
                fresh[number] = to_event(row)
        outcomes = self._kept(list(fresh.values()), kept)
        for number, outcome in zip(fresh, outcomes, strict=True):
            found[number] = _outcome(outcome, rows[number], kept)
        return [found[number] for number in range(len(rows))]

    def _kept(self, events: Sequence[JsonObject], kept: "_KeptEvents") -> Sequence[RowOutcome]:
        if self.is_dry_run or not events:
            return _would_keep(events, kept)
        reached("lago_import.before_events")
        outcomes = keep_rows(self.house.intake, self.service_code, events, self.house.clock())
        reached("lago_import.after_events")
        return outcomes


def to_event(lago: JsonObject) -> JsonObject:
    """Return an event of Lago as an app would push it: its time as seconds since the epoch."""
    event = {name: lago[name] for name in EVENT_MEMBERS if name in lago}
    at = Fields(lago).instant("timestamp")
    event["timestamp"] = lago.get("timestamp") if at is None else epoch_seconds(at)
    return event


def epoch_seconds(at: datetime) -> int | str:
    """Return an instant in seconds, as text where it is no whole number of them."""
    microseconds = (at - EPOCH) // timedelta(microseconds=1)
    seconds, rest = divmod(microseconds, 1_000_000)
    return seconds if not rest else format((Decimal(microseconds).scaleb(-6)).normalize(), "f")


class _KeptEvents:
    """The events of one subscription that are here, in Lago's shape, by transaction id."""

    def __init__(self, house: House, service_code: str, external_id: str, *, had_any: bool) -> None:
        self.had_any = had_any
        self._house = house
        self._service_code = service_code
        self._external_id = external_id
        self._all: dict[str, JsonObject] | None = None

    def find(self, transaction_id: str) -> JsonObject | None:
        """Return an event of any time, or None; the first question reads them all."""
        if self._all is None:
            self._all = self._between(None, None)
        return self._all.get(transaction_id)

    def around(self, rows: Sequence[JsonObject]) -> dict[str, JsonObject]:
        """Return the events between the first and the last of some that were here before."""
        if not self.had_any:
            return {}
        times = [at for row in rows if (at := Fields(row).instant("timestamp")) is not None]
        return self._between(min(times), max(times) + MILLISECOND) if times else {}

    def _between(self, start: datetime | None, end: datetime | None) -> dict[str, JsonObject]:
        narrowed = EventFilter(None, self._external_id, start, end)
        found: dict[str, JsonObject] = {}
        for page in range(1, KEPT_PAGES_MAX):
            raw, total = self._house.usage_log.page(
                self._service_code, narrowed, page=page, per_page=KEPT_PER_PAGE
            )
            found.update({_transaction_id(one): one for one in _exact.decode(raw)})
            if total <= page * KEPT_PER_PAGE:
                break
        return found


def _wanted(source: LagoSource, order: UsageOrder) -> Iterator[list[JsonObject]]:
    """Yield the events wanted, each once: those since an instant, then what counts for ever."""
    seen: set[str] = set()
    of_one = {"external_subscription_id": order.external_id}
    since = str(iso_milliseconds(order.since))
    queries: list[Mapping[str, str]] = [of_one | {"timestamp_from": since}]
    queries += [of_one | {"code": code, "timestamp_to": since} for code in order.recurring]
    for query in queries:
        for rows in pages(source, "events", query, _transaction_id, EVENTS_PER_PAGE):
            fresh = [row for row in rows if _transaction_id(row) not in seen]
            seen.update(map(_transaction_id, fresh))
            if fresh:
                yield fresh


def _transaction_id(row: JsonObject) -> str:
    return str(row.get("transaction_id"))


def _outcome(row: RowOutcome, lago: JsonObject, kept: _KeptEvents) -> tuple[Outcome, str]:
    if row.outcome is Kept.KEPT:
        return Outcome.CREATED, ""
    if row.outcome is Kept.KNOWN:
        return Outcome.SAME, ""
    codes = row.codes or {}
    here = kept.find(_transaction_id(lago)) if "transaction_id" in codes else None
    if here is not None:
        return _compared(lago, here)
    return Outcome.FAILED, "; ".join(f"{name}: {', '.join(told)}" for name, told in codes.items())


def _would_keep(events: Sequence[JsonObject], kept: _KeptEvents) -> list[RowOutcome]:
    """Return what would become of events: the faulty refused, those here with another time too."""
    if not events:
        return []
    _, faults = readable_events(list(events), events_max=len(events))
    return [
        RowOutcome(Kept.REFUSED, faults[number])
        if number in faults
        else RowOutcome(Kept.KEPT)
        if not kept.had_any or kept.find(_transaction_id(event)) is None
        else RowOutcome(Kept.REFUSED, CONFLICT_CODES)
        for number, event in enumerate(events)
    ]


def _compared(lago: JsonObject, here: JsonObject) -> tuple[Outcome, str]:
    found = differences(_shape(lago), _shape(here))
    return (Outcome.DIFFERS, "; ".join(found)) if found else (Outcome.SAME, "")


def _shape(event: JsonObject) -> dict[str, JsonValue]:
    at = Fields(event).instant("timestamp")
    return {name: event.get(name) for name in COMPARED} | {
        "timestamp": iso_milliseconds(at),
        "properties": event.get("properties") or {},
    }


_exact = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal)

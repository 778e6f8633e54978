"""Pushes as lake rows: pure, from inbox rows and the metrics in force to polars frames."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import numpy as np
import polars as pl

from catalog.billable_metrics import BillableMetric
from ingest.event_columns import EventColumns, are_whole, columns_of, content_digests
from ingest.inbox_body import Section, events_of_section, refused_of_section
from ingest.metric_value import VALUE_COLUMNS, metric_values, window_values
from ingest.push import Door
from ingest.usage_event import (
    MICROSECONDS,
    UsageEvent,
    UsageRevision,
    occurred_us,
)
from storage.lake_tables import INSTANT, QUARANTINE, REVISION, USAGE, LakeTable

MetricsInForce: TypeAlias = Mapping[tuple[str, str], BillableMetric]
Owner: TypeAlias = tuple[str, str]
GATHERED_TYPES: dict[str, pl.DataType] = {
    "subscription_id": pl.String(),
    "occurred_us": pl.Int64(),
    "received_s": pl.Int64(),
    "content_digest": pl.Int64(),
    "precise_total_amount_cents": pl.String(),
    "window_start": INSTANT,
    "window_end": INSTANT,
    "correction_id": pl.String(),
}
WINDOW = "w:"
NO_SUBSCRIPTION = "subscription_is_missing"


@dataclass(slots=True)
class _Gathered:
    """Events of one table and where they come from, then their columns without values."""

    events: list[UsageEvent] = field(default_factory=list)
    columns: defaultdict[str, list[object]] = field(default_factory=lambda: defaultdict(list))
    texts: Sequence[str] = ()

    @property
    def count(self) -> int:
        return len(self.events)

    def extend(self, **values: Sequence[object]) -> None:
        for name, column in values.items():
            self.columns[name].extend(column)


def usage_frames(
    rows: Iterable[tuple[int, Sequence[Section]]],
    metrics: MetricsInForce,
    shard: int,
    owner: Owner | None = None,
) -> dict[LakeTable, pl.DataFrame]:
    """Return the frames of USAGE, REVISION and QUARANTINE that inbox rows become.

    `rows` are (inbox id, sections); `metrics` maps (service code, metric code) to its version.
    With an `owner` (service code, subscription's external id) only its rows are given.
    """
    gathered = {USAGE: _Gathered(), REVISION: _Gathered(), QUARANTINE: _Gathered()}
    for inbox_id, sections in rows:
        sequence = 0
        for section in sections:
            events = events_of_section(section)
            kept = _kept(section, events, owner)
            _gather(gathered[_table(section.door)], section, events, kept, (inbox_id, sequence))
            sequence += len(events)
    for each in gathered.values():
        _tell(each)
    usage, faulty = _valued(gathered[USAGE], USAGE, metrics, shard)
    revision, faulty_revision = _valued(gathered[REVISION], REVISION, metrics, shard)
    refused = _typed(_base(gathered[QUARANTINE], shard), QUARANTINE)
    return {
        USAGE: usage,
        REVISION: revision,
        QUARANTINE: pl.concat([faulty, faulty_revision, refused]),
    }


def _table(door: Door) -> LakeTable:
    if door is Door.REVISIONS:
        return REVISION
    return QUARANTINE if door is Door.REFUSED else USAGE


def _kept(
    section: Section, events: Sequence[UsageEvent], owner: Owner | None
) -> Sequence[int] | None:
    """Return the indexes of a section's events that are wanted, None for all."""
    if owner is None and not section.skipped:
        return None
    skipped = set(section.skipped)
    return [
        index
        for index, event in enumerate(events)
        if index not in skipped
        and owner in (None, (section.service_code, event.external_subscription_id))
    ]


def _gather(
    gathered: _Gathered,
    section: Section,
    events: Sequence[UsageEvent],
    kept: Sequence[int] | None,
    position: tuple[int, int],
) -> None:
    inbox_id, first = position
    if kept is None:
        kept = range(len(events))
    else:
        events = [events[index] for index in kept]
    count = len(events)
    if not count:
        return
    gathered.events.extend(events)
    gathered.extend(
        service=[section.service_code] * count,
        received_s=[section.received_s] * count,
        inbox_id=[inbox_id] * count,
        sequence=[first + index for index in kept],
    )
    if section.door is Door.REVISIONS:
        _gather_revisions(gathered, [each for each in events if isinstance(each, UsageRevision)])
    if section.door is Door.REFUSED:
        refused = refused_of_section(section)
        gathered.extend(
            reason=[refused.reason] * count, details=[refused.details[index] for index in kept]
        )


def _tell(gathered: _Gathered) -> None:
    """Fill in what the events say, all of them at once."""
    told = columns_of(gathered.events)
    services = cast(list[str], gathered.columns["service"])
    gathered.texts = told.properties
    gathered.extend(
        metric_code=told.codes,
        subscription_id=told.subscriptions,
        occurred_us=_occurred(told, cast(list[int], gathered.columns["received_s"])),
        transaction_id=told.transaction_ids,
        properties=[text.encode() for text in told.properties],
        precise_total_amount_cents=told.amounts,
        content_digest=_signed(content_digests(services, told)),
        is_own_time=[time is not None for time in told.timestamps],
    )


def _gather_revisions(gathered: _Gathered, revisions: Sequence[UsageRevision]) -> None:
    gathered.extend(
        fact_id=[each.fact_id for each in revisions],
        window_start=[each.window_start_us for each in revisions],
        window_end=[each.window_end_us for each in revisions],
        is_void=[each.is_void for each in revisions],
        correction_id=[each.correction_id for each in revisions],
    )


def _occurred(told: EventColumns, received_s: Sequence[int]) -> list[int]:
    if are_whole(told.timestamps):
        return [time * MICROSECONDS for time in told.timestamps]
    return list(map(occurred_us, told.events, received_s))


def _signed(digests: Sequence[int]) -> list[int]:
    """Return 64 bits each as the lake's signed integers."""
    signed: list[int] = np.array(digests, np.uint64).view(np.int64).tolist()
    return signed


def _base(gathered: _Gathered, shard: int) -> pl.DataFrame:
    """Return the columns that need no metric; an empty frame for no rows."""
    if not gathered.count:
        return pl.DataFrame()
    columns = {**gathered.columns, "properties": gathered.texts}
    types = {name: kind for name, kind in GATHERED_TYPES.items() if name in columns}
    occurred_at = pl.col("occurred_us").cast(INSTANT)
    return pl.DataFrame(columns, schema_overrides=types).with_columns(
        occurred_at=occurred_at,
        month=occurred_at.dt.truncate("1mo").dt.date(),
        received_at=(pl.col("received_s") * MICROSECONDS).cast(INSTANT),
        shard=pl.lit(shard, pl.Int64),
    )


def _valued(
    gathered: _Gathered, table: LakeTable, metrics: MetricsInForce, shard: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (rows of the table, rows of QUARANTINE)."""
    base = _base(gathered, shard)
    if base.is_empty():
        return _typed(base, table), _typed(base, QUARANTINE)
    values, versions = _values(gathered, metrics)
    if table is REVISION:
        fact = pl.struct("fact_id", "window_start", "window_end", "is_void", "correction_id")
        base = base.with_columns(details=fact.struct.json_encode())
    whole = base.hstack(values).with_columns(
        metric_version=pl.Series(versions, dtype=pl.Int64),
        reason=pl.when(pl.col("subscription_id").is_null())
        .then(pl.lit(NO_SUBSCRIPTION))
        .otherwise(values["reason"]),
    )
    is_counted = pl.col("reason").is_null()
    if table is REVISION:
        # What is void counts nothing, whatever its metric would say of it today.
        is_counted |= pl.col("is_void")
    return _typed(whole.filter(is_counted), table), _typed(whole.filter(~is_counted), QUARANTINE)


def _values(gathered: _Gathered, metrics: MetricsInForce) -> tuple[pl.DataFrame, list[int]]:
    """Return the value columns and metric versions, in the rows' order."""
    columns = gathered.columns
    facts = columns.get("fact_id") or [None] * gathered.count
    are_windows = [isinstance(fact, str) and fact.startswith(WINDOW) for fact in facts]
    places: defaultdict[tuple[object, object, bool], list[int]] = defaultdict(list)
    keys = zip(columns["service"], columns["metric_code"], are_windows, strict=True)
    for place, key in enumerate(keys):
        places[key].append(place)
    properties, occurred = columns["properties"], columns["occurred_us"]
    parts: list[pl.DataFrame] = []
    versions = [0] * gathered.count
    for (service, code, is_window), own in places.items():
        metric = metrics.get((str(service), str(code)))
        texts = [each for place in own if isinstance(each := properties[place], bytes)]
        times = [each for place in own if isinstance(each := occurred[place], int)]
        values = (
            window_values(metric, texts)
            if is_window
            else metric_values(metric, texts, code=str(code), occurred_us=times)
        )
        parts.append(values.with_columns(place=pl.Series(own)))
        if metric is not None:
            for place in own:
                versions[place] = metric.version
    values = pl.concat(parts).sort("place").select(*VALUE_COLUMNS)
    return values, versions


def _typed(frame: pl.DataFrame, table: LakeTable) -> pl.DataFrame:
    """Return exactly the table's columns; what the frame lacks is null."""
    if frame.is_empty():
        return pl.DataFrame(schema=table.polars_schema)
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in table.polars_schema.items()
    )

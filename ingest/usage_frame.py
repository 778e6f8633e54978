"""Pushes as lake rows: pure, from inbox rows and the metrics in force to polars frames."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import polars as pl

from catalog.billable_metrics import BillableMetric
from ingest.inbox_body import Section, events_of_section, refused_of_section
from ingest.metric_value import VALUE_COLUMNS, metric_values, window_values
from ingest.push import Door
from ingest.usage_event import (
    MICROSECONDS,
    UsageEvent,
    UsageRevision,
    content_digests,
    event_keys,
    occurred_us,
)
from storage.lake_tables import INSTANT, QUARANTINE, REVISION, USAGE, LakeTable

MetricsInForce: TypeAlias = Mapping[tuple[str, str], BillableMetric]
SIGN_BIT = 1 << 63
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
    """Columns of one table's rows before their values are read."""

    columns: defaultdict[str, list[object]] = field(default_factory=lambda: defaultdict(list))
    count: int = 0

    def extend(self, count: int, **values: Sequence[object]) -> None:
        for name, column in values.items():
            self.columns[name].extend(column)
        self.count += count


def usage_frames(
    rows: Iterable[tuple[int, Sequence[Section]]], metrics: MetricsInForce, shard: int
) -> dict[LakeTable, pl.DataFrame]:
    """Return the frames of USAGE, REVISION and QUARANTINE that inbox rows become.

    `rows` are (inbox id, sections); `metrics` maps (service code, metric code) to its version.
    """
    gathered = {USAGE: _Gathered(), REVISION: _Gathered(), QUARANTINE: _Gathered()}
    for inbox_id, sections in rows:
        sequence = 0
        for section in sections:
            events = events_of_section(section)
            _gather(gathered[_table(section.door)], section, events, (inbox_id, sequence))
            sequence += len(events)
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


def _gather(
    gathered: _Gathered, section: Section, events: Sequence[UsageEvent], position: tuple[int, int]
) -> None:
    inbox_id, first = position
    kept: Sequence[int] = range(len(events))
    if section.skipped:
        skipped = set(section.skipped)
        kept = [index for index in kept if index not in skipped]
        events = [events[index] for index in kept]
    count = len(events)
    keys = event_keys(section.service_code, events)
    gathered.extend(
        count,
        service=[section.service_code] * count,
        metric_code=[event.code for event in events],
        subscription_id=[event.external_subscription_id for event in events],
        occurred_us=_occurred(events, section.received_s),
        transaction_id=[event.transaction_id for event in events],
        properties=[bytes(event.properties) for event in events],
        precise_total_amount_cents=[event.precise_total_amount_cents for event in events],
        content_digest=[_signed(digest) for digest in content_digests(keys, events)],
        received_s=[section.received_s] * count,
        is_own_time=[event.timestamp is not None for event in events],
        inbox_id=[inbox_id] * count,
        sequence=[first + index for index in kept],
    )
    if section.door is Door.REVISIONS:
        _gather_revisions(gathered, [each for each in events if isinstance(each, UsageRevision)])
    if section.door is Door.REFUSED:
        refused = refused_of_section(section)
        gathered.extend(
            0, reason=[refused.reason] * count, details=[refused.details[index] for index in kept]
        )


def _gather_revisions(gathered: _Gathered, revisions: Sequence[UsageRevision]) -> None:
    gathered.extend(
        0,
        fact_id=[each.fact_id for each in revisions],
        window_start=[each.window_start_us for each in revisions],
        window_end=[each.window_end_us for each in revisions],
        is_void=[each.is_void for each in revisions],
        correction_id=[each.correction_id for each in revisions],
    )


def _occurred(events: Sequence[UsageEvent], received_s: int) -> list[int]:
    if all(type(event.timestamp) is int for event in events):
        return [event.timestamp * MICROSECONDS for event in events]  # type: ignore[misc,operator] # all int
    return [occurred_us(event, received_s) for event in events]


def _signed(digest: int) -> int:
    """Return 64 bits as the lake's signed integer."""
    return digest - 2 * SIGN_BIT if digest & SIGN_BIT else digest


def _base(gathered: _Gathered, shard: int) -> pl.DataFrame:
    """Return the columns that need no metric; an empty frame for no rows."""
    if not gathered.count:
        return pl.DataFrame()
    columns = {**gathered.columns, "properties": _texts(gathered.columns["properties"])}
    types = {name: kind for name, kind in GATHERED_TYPES.items() if name in columns}
    occurred_at = pl.col("occurred_us").cast(INSTANT)
    return pl.DataFrame(columns, schema_overrides=types).with_columns(
        occurred_at=occurred_at,
        month=occurred_at.dt.truncate("1mo").dt.date(),
        received_at=(pl.col("received_s") * MICROSECONDS).cast(INSTANT),
        shard=pl.lit(shard, pl.Int64),
    )


def _texts(properties: Sequence[object]) -> list[str]:
    return [str(each, "utf-8") for each in properties if isinstance(each, bytes)]


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
    properties = columns["properties"]
    parts: list[pl.DataFrame] = []
    versions = [0] * gathered.count
    for (service, code, is_window), own in places.items():
        metric = metrics.get((str(service), str(code)))
        texts = [each for place in own if isinstance(each := properties[place], bytes)]
        values = window_values(metric, texts) if is_window else metric_values(metric, texts)
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

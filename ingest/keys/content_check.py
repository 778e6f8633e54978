"""Is every usage row what was sent? Digests and values are computed again and compared.

Reads every column of every file: it takes some minutes for ten million rows.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl

from catalog.billable_metrics import BillableMetric
from ingest.event_columns import columns_of, content_digests
from ingest.finding import Finding, finding
from ingest.lake_check import RESTORE, UNREADABLE, USAGE_TABLES, LakeView
from ingest.metric_value import VALUE_COLUMNS, metric_values, window_values
from ingest.stored_usage import COLUMNS, EPOCH_SECOND, stored_event
from ingest.usage_event import UsageEvent
from ingest.usage_frame import WINDOW
from storage.lake_tables import QUARANTINE, LakeTable

ROWS_PER_STEP = 200_000
SAID = COLUMNS.split(", ")
FACT = ("fact_id", "is_void", "details")
COMPARED = [name for name in VALUE_COLUMNS if name != "reason"]
# Service, code and version of a metric to all that ever bore them.
MetricVersions = Mapping[tuple[str, str, int], Sequence[BillableMetric]]


@dataclass(slots=True)
class _Seen:
    holes: list[str] = field(default_factory=list)
    checked: int = 0
    older: int = 0
    values_checked: int = 0


def check_content(view: LakeView, metrics: MetricVersions) -> Finding:
    """Compare every row's digest and value with what its own columns say.

    Rows of before the upgrade have digests of another kind: they are counted, not checked.
    """
    seen = _Seen()
    for table in USAGE_TABLES:
        for path in view.files.get(table.full_name, ()):
            try:
                for rows in _steps(view, table, path):
                    seen.holes += [
                        f"{table.full_name}: {path}: {fault}"
                        for fault in _faults(table, rows, metrics, seen)
                    ]
            except UNREADABLE as error:
                said = str(error).splitlines()[0]
                seen.holes.append(f"{table.full_name}: {path}: it can't be read: {said}")
    counts = {
        "rows_checked": seen.checked,
        "values_checked": seen.values_checked,
        "rows_of_before_the_upgrade": seen.older,
    }
    return finding("content", counts, holes=seen.holes, cure=RESTORE)


def row_faults(table: LakeTable, rows: pl.DataFrame, metrics: MetricVersions) -> list[str]:
    """Return what is wrong with some rows of a usage table, each row named; none where all is."""
    return list(_faults(table, rows, metrics, _Seen()))


def _steps(view: LakeView, table: LakeTable, path: str) -> Iterator[pl.DataFrame]:
    start = 0
    rows = view.lake.scan_files(table, [path])
    while (frame := rows.slice(start, ROWS_PER_STEP).collect()).height:
        yield frame
        start += ROWS_PER_STEP


def _faults(
    table: LakeTable, rows: pl.DataFrame, metrics: MetricVersions, seen: _Seen
) -> Iterator[str]:
    is_older = pl.col("is_own_time").is_null()
    seen.older += rows.filter(is_older).height
    for part in rows.filter(~is_older).partition_by("service", maintain_order=True):
        seen.checked += part.height
        yield from _digest_faults(part)
        if table is not QUARANTINE:
            yield from _value_faults(part, metrics, seen)


def _digest_faults(rows: pl.DataFrame) -> Iterator[str]:
    """Yield the rows whose digest is not that of what they say; `rows` are of one service."""
    told = rows.select(*SAID, *(name for name in FACT if name in rows.columns))
    events = [
        _event(row) for row in told.with_columns(received_s=EPOCH_SECOND).iter_rows(named=True)
    ]
    digests = content_digests(rows["service"].to_list(), columns_of(events))
    said = pl.Series("said", digests, pl.UInt64).reinterpret(signed=True)
    for row in rows.filter(rows["content_digest"].ne_missing(said)).iter_rows(named=True):
        yield f"{_named(row)}: not what was sent"


def _event(row: dict[str, Any]) -> UsageEvent:
    """Return the event of a row; a revision that can't be counted tells its fact in its details."""
    if row.get("details"):
        told = msgspec.json.decode(row["details"])
        if told.get("fact_id") is not None:
            row = {**row, "fact_id": told["fact_id"], "is_void": told["is_void"]}
    return stored_event(row).event


def _value_faults(rows: pl.DataFrame, metrics: MetricVersions, seen: _Seen) -> Iterator[str]:
    """Yield the rows whose value is not what their metric reads from what was sent."""
    groups: defaultdict[tuple[str, str, int, bool], list[int]] = defaultdict(list)
    facts = rows["fact_id"] if "fact_id" in rows.columns else [None] * rows.height
    told = zip(rows["service"], rows["metric_code"], rows["metric_version"], facts, strict=True)
    for place, (*of_metric, fact) in enumerate(told):
        is_window = fact is not None and fact.startswith(WINDOW)
        groups[(*of_metric, is_window)].append(place)
    for (service, code, version, is_window), places in groups.items():
        known = metrics.get((service, code, version), ())
        # Of a metric that was deleted and made anew, nobody can tell which of both it was.
        if len(known) != 1:
            continue
        seen.values_checked += len(places)
        own = rows[places]
        texts = [text.encode() for text in own["properties"]]
        times = own["occurred_at"].cast(pl.Int64).to_list()
        read = (
            window_values(known[0], texts)
            if is_window
            else metric_values(known[0], texts, code=code, occurred_us=times)
        )
        differ = pl.any_horizontal(
            pl.col(each).ne_missing(pl.col(f"{each}_read")) for each in COMPARED
        )
        both = own.hstack(read.select(pl.col(each).alias(f"{each}_read") for each in COMPARED))
        for row in both.filter(differ).iter_rows(named=True):
            yield f"{_named(row)}: its value is not what its metric reads"


def _named(row: Mapping[str, Any]) -> str:
    return (
        f"row {row['shard']}-{row['inbox_id']}-{row['sequence']} ({row['service']}, "
        f"{row['subscription_id']}, {row['transaction_id']})"
    )

"""Keeps a lake's files and snapshots few.

Works in many short transactions, so that appends and reads go on meanwhile.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import duckdb

from storage.fault_points import reached
from storage.lake_connection import LakeConnection
from storage.lake_schema import TARGET_FILE_BYTES
from storage.lake_tables import TABLES, LakeTable

MONTH_REST = timedelta(days=1)
# What is written beside the largest file of a closed month is merged into it from a quarter of
# its size on: each byte is then rewritten a few times, whatever trickles in late.
REST_SHARE = 4
ORPHAN_AGE_MIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CompactionRules:
    """When files are merged and how long the past is kept.

    Files below a tier's bytes are merged once a month of a table has `files_min` of them: a
    second tier keeps a large file from being rewritten for the sake of a few small ones.
    """

    files_min: int = 64
    tiers_bytes: tuple[int, ...] = (1_000_000, 32_000_000)
    snapshots_kept: timedelta = timedelta(days=7)
    files_kept: timedelta = timedelta(days=1)
    orphans_kept: timedelta = timedelta(days=1)
    mark_moves_kept: int = 500
    housekeeping_every: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        """Refuse what could delete a file that is being written."""
        if self.orphans_kept < ORPHAN_AGE_MIN:
            raise ValueError("orphaned files are kept for an hour at least: one may be in use")


@dataclass(frozen=True, slots=True)
class Compaction:
    """What one compaction did."""

    files_before: int
    files_after: int
    snapshots_expired: int
    files_deleted: int
    orphans_deleted: int


def compact(
    lake: LakeConnection, at: datetime, rules: CompactionRules, *, is_housekeeping_due: bool
) -> Compaction:
    """Merge what the rules ask for as of `at`; when due, also expire and clean up."""
    before = _file_count(lake)
    for table in TABLES:
        months = _groups(lake, table)
        for bytes_max in _tiers_due(months, at, rules):
            # Counted before, so that files appended meanwhile do not keep us here for ever.
            outputs_max, merges_max = _merges_max(months, bytes_max)
            for _ in range(merges_max):
                if _merge(lake, table, bytes_max, outputs_max) < outputs_max:
                    break
    expired = deleted = orphans = 0
    _forget_past_marks(lake, rules.mark_moves_kept)
    if is_housekeeping_due:
        with lake.alone():
            expired = expire(lake, _ago(at, rules.snapshots_kept))
        with lake.alone():
            deleted = clean(lake, f"older_than => {_ago(at, rules.files_kept)}")
        with lake.alone():
            orphans = delete_orphans(lake, f"older_than => {_ago(at, rules.orphans_kept)}")
    return Compaction(before, _file_count(lake), expired, deleted, orphans)


def _file_count(lake: LakeConnection) -> int:
    asked = "SELECT count(*) FROM ducklake_list_files('lake', ?, schema => ?)"
    return sum(lake.rows(asked, [table.name, table.schema])[0][0] for table in TABLES)


def _groups(lake: LakeConnection, table: LakeTable) -> dict[date, list[list[int]]]:
    """Return file sizes by month, apart by the table's shape: only alike files can be merged."""
    rows = lake.rows(
        f"""
        SELECT p.partition_value, f.file_size_bytes, (
            SELECT max(v.schema_version) FROM {lake.metadata}.ducklake_schema_versions v
            WHERE v.table_id = f.table_id AND v.begin_snapshot <= f.begin_snapshot)
        FROM {lake.metadata}.ducklake_data_file f
        JOIN {lake.metadata}.ducklake_file_partition_value p USING (data_file_id)
        JOIN {lake.metadata}.ducklake_table t ON t.table_id = f.table_id
        JOIN {lake.metadata}.ducklake_schema s ON s.schema_id = t.schema_id
        WHERE f.end_snapshot IS NULL AND t.end_snapshot IS NULL AND s.end_snapshot IS NULL
          AND s.schema_name = ? AND t.table_name = ?
        """,
        [table.schema, table.name],
    )
    found: dict[tuple[date, int], list[int]] = defaultdict(list)
    for month, size, shape in rows:
        found[date.fromisoformat(month), shape].append(size)
    months: dict[date, list[list[int]]] = defaultdict(list)
    for (day, _), sizes in found.items():
        months[day].append(sizes)
    return months


def _tiers_due(
    months: Mapping[date, list[list[int]]], at: datetime, rules: CompactionRules
) -> list[int]:
    """Return the sizes below which files of a table are due to be merged, smallest first."""
    due = [
        tier
        for tier in rules.tiers_bytes
        for groups in months.values()
        for sizes in groups
        if sum(size < tier for size in sizes) >= rules.files_min
    ]
    for month, groups in months.items():
        if is_closed(month, at) and any(map(_is_worth_one_file, groups)):
            due.append(TARGET_FILE_BYTES)
    return sorted(set(due))


def _merges_max(months: Mapping[date, list[list[int]]], bytes_max: int) -> tuple[int, int]:
    """Return into how many groups the files below a size fall, and how many files they make.

    One merge makes as many files as there are groups, so that a month that is being written
    can't keep the others waiting.
    """
    small = [
        [size for size in sizes if size < bytes_max]
        for groups in months.values()
        for sizes in groups
    ]
    due = [sizes for sizes in small if len(sizes) > 1]
    return len(due), sum(1 + sum(sizes) // TARGET_FILE_BYTES for sizes in due)


def is_closed(month: date, at: datetime) -> bool:
    """Say whether a month ended so long ago that most of its usage is in."""
    following = (month.replace(day=1) + timedelta(days=31)).replace(day=1)
    return at >= datetime.combine(following, time(), UTC) + MONTH_REST


def _is_worth_one_file(sizes: Iterable[int]) -> bool:
    small = sorted(size for size in sizes if size < TARGET_FILE_BYTES)
    return len(small) > 1 and sum(small[:-1]) * REST_SHARE >= small[-1]


def _merge(lake: LakeConnection, table: LakeTable, bytes_max: int, outputs_max: int) -> int:
    """Merge files below a size into a few; return into how many."""
    with lake.transaction() as cursor:
        reached("lake.merge.begun")
        merged = cursor.execute(
            f"CALL ducklake_merge_adjacent_files('lake', '{table.name}', "
            f"schema => '{table.schema}', max_file_size => {bytes_max}, "
            f"max_compacted_files => {outputs_max})"
        ).fetchall()
        reached("lake.merge.merged")
        if not merged:
            return 0
        lake.sync()
        reached("lake.merge.synced")
        try:
            cursor.execute("COMMIT")
        except duckdb.TransactionException:
            # Another compactor was faster; there is nothing left to do here.
            return 0
        reached("lake.merge.committed")
        return sum(created for *_, created in merged)


def expire(lake: LakeConnection, before: str) -> int:
    """Forget snapshots older than an SQL instant, but the newest; return their number."""
    expired = lake.rows(f"CALL ducklake_expire_snapshots('lake', older_than => {before})")
    reached("lake.expired")
    return len(expired)


def clean(lake: LakeConnection, which: str) -> int:
    """Delete files that no snapshot needs any more; return their number."""
    deleted = lake.rows(f"CALL ducklake_cleanup_old_files('lake', {which})")
    reached("lake.cleaned")
    return len(deleted)


def delete_orphans(lake: LakeConnection, which: str) -> int:
    """Delete files that no commit names, as a crash leaves them; return their number."""
    deleted = lake.rows(f"CALL ducklake_delete_orphaned_files('lake', {which})")
    reached("lake.orphans_deleted")
    return len(deleted)


def _forget_past_marks(lake: LakeConnection, moves_kept: int) -> None:
    """Delete what marks were long ago, which would make each next move slower.

    DuckLake's own way, flushing them into files, is not safe beside an UPDATE of another process:
    it left two rows in a mark when tried. Here only rows are deleted that ended `moves_kept`
    snapshots ago; a transaction that began before then finds no mark, and is told it is stale.
    """
    of_lake = lake.metadata
    ((newest,),) = lake.rows(f"SELECT max(snapshot_id) FROM {of_lake}.ducklake_snapshot")
    inlined = lake.rows(
        f"SELECT i.table_name FROM {of_lake}.ducklake_inlined_data_tables i "
        f"JOIN {of_lake}.ducklake_table t ON t.table_id = i.table_id AND t.end_snapshot IS NULL "
        "WHERE t.table_name LIKE 'mark!_%' ESCAPE '!'"
    )
    for (name,) in inlined:
        with lake.alone():
            lake.rows(
                f"DELETE FROM {of_lake}.{name} WHERE end_snapshot <= ?", [newest - moves_kept]
            )


def _ago(at: datetime, kept: timedelta) -> str:
    """Return SQL for an instant before `at`, never after the real one: files have real ages."""
    return (
        f"least(TIMESTAMPTZ '{at.astimezone(UTC).isoformat()}', now()) "
        f"- INTERVAL '{int(kept.total_seconds())} seconds'"
    )

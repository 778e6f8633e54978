"""Erases rows for good: from the files, the snapshots, the catalogue's bounds and its free pages.

A delete file would hide rows and leave their bytes, so every file that holds such a row is
replaced by one without it, in one transaction for each month.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from storage.fault_points import reached
from storage.lake_connection import LakeConnection
from storage.lake_errors import LakeBusyError
from storage.lake_maintenance import clean, delete_orphans, expire
from storage.lake_tables import LakeTable
from storage.lake_tally import tell_erased
from storage.published import publish_catalog, published_path, vacuum_catalog

ATTEMPTS_MAX = 20
EVERYTHING = "cleanup_all => true"
# Only a sole writer knows that no file without a commit is being written just now.
AN_HOUR_OLD = "older_than => now() - INTERVAL '1 hour'"


def erase(
    lake: LakeConnection, tables: Sequence[LakeTable], where: Mapping[str, str]
) -> dict[str, int]:
    """Delete all rows with these column values and whatever else shows them; return counts."""
    if not where:
        raise ValueError("an erasure names at least one column: it would else empty the lake")
    with lake.alone():
        counts = {table.full_name: _erase_rows(lake, table, where) for table in tables}
        for table in tables:
            _forget_bounds(lake, table)
        _count_erasure(lake, sum(counts.values()))
        expire(lake, "now() + INTERVAL '1 day'")
        clean(lake, EVERYTHING)
        delete_orphans(lake, EVERYTHING if lake.place.is_embedded else AN_HOUR_OLD)
        if lake.place.is_embedded:
            vacuum_catalog(lake.place.folder)
            reached("lake.erase.vacuumed")
            if published_path(lake.place.folder).exists():
                publish_catalog(lake.place.folder, lake.place.data_path)
    return counts


def _erase_rows(lake: LakeConnection, table: LakeTable, where: Mapping[str, str]) -> int:
    matches = " AND ".join(f"{_known(table, column)} = ?" for column in where)
    months = lake.rows(
        f"SELECT DISTINCT month FROM lake.{table.full_name} WHERE {matches} ORDER BY month",
        list(where.values()),
    )
    return sum(_erase_month(lake, table, matches, [*where.values(), month]) for (month,) in months)


def _erase_month(
    lake: LakeConnection, table: LakeTable, matches: str, values: Sequence[object]
) -> int:
    for _ in range(ATTEMPTS_MAX):
        try:
            return _replace_files(lake, table, f"{matches} AND month = ?", values)
        except duckdb.TransactionException:
            # A compactor replaced the same files: look again where the rows are now.
            continue
    raise LakeBusyError(f"{table.full_name} is merged all the time: stop compaction, then repeat")


def _replace_files(
    lake: LakeConnection, table: LakeTable, matches: str, values: Sequence[object]
) -> int:
    """Write the other rows of the files anew and delete the files; return the rows left out."""
    name, columns = f"lake.{table.full_name}", ", ".join(table.polars_schema)
    with lake.transaction_inside() as cursor:
        reached("lake.erase.begun")
        found = cursor.execute(
            f"SELECT filename, count(*) FROM {name} WHERE {matches} GROUP BY filename", values
        ).fetchall()
        tell_erased(cursor, table, matches, values)
        files: list[Any] = [file for file, _ in found]
        cursor.execute(
            f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name} "
            f"WHERE filename IN (SELECT unnest(?)) AND NOT ({matches})",
            [files, *values],
        )
        cursor.execute(f"DELETE FROM {name} WHERE filename IN (SELECT unnest(?))", [files])
        reached("lake.erase.replaced")
        lake.sync()
        reached("lake.erase.synced")
        cursor.execute("COMMIT")
        reached("lake.erase.committed")
    return sum(count for _, count in found)


def _forget_bounds(lake: LakeConnection, table: LakeTable) -> None:
    """Narrow the catalogue's smallest and largest texts of a table to those of its files.

    DuckLake only ever widens them, so that an erased text would stay readable there. Of a table
    without files nothing is known any more.
    """
    lake.rows(
        f"""
        UPDATE {lake.metadata}.ducklake_table_column_stats AS whole
        SET min_value = part.low, max_value = part.high
        FROM (
            SELECT c.table_id, c.column_id, min(s.min_value) AS low, max(s.max_value) AS high
            FROM {lake.metadata}.ducklake_column c
            JOIN {lake.metadata}.ducklake_table t
              ON t.table_id = c.table_id AND t.end_snapshot IS NULL
            JOIN {lake.metadata}.ducklake_schema h ON h.schema_id = t.schema_id
            LEFT JOIN (
                SELECT s.*, f.record_count FROM {lake.metadata}.ducklake_file_column_stats s
                JOIN {lake.metadata}.ducklake_data_file f USING (data_file_id)
                WHERE f.end_snapshot IS NULL
            ) s ON s.table_id = c.table_id AND s.column_id = c.column_id
            WHERE c.end_snapshot IS NULL AND c.column_type = 'varchar'
              AND h.schema_name = ? AND t.table_name = ?
            GROUP BY ALL
            HAVING coalesce(
                bool_and(s.min_value IS NOT NULL OR s.null_count = s.record_count), TRUE)
        ) AS part
        WHERE whole.table_id = part.table_id AND whole.column_id = part.column_id
        """,
        [table.schema, table.name],
    )


def _count_erasure(lake: LakeConnection, rows_count: int) -> None:
    """Count the erasure in a file of its own: only a new file makes DuckLake read bounds again."""
    with lake.transaction_inside() as cursor:
        cursor.execute("INSERT INTO lake.ops.erasure VALUES (?)", [rows_count])
        lake.sync()
        cursor.execute("COMMIT")
        reached("lake.erase.counted")


def _known(table: LakeTable, column: str) -> str:
    if column not in table.polars_schema:
        raise ValueError(f"{table.full_name} has no column {column}")
    return column

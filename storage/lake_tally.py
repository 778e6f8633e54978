"""Tallies: how many rows a stream ever appended, and the exact sum of one column of theirs.

They are moved with the stream's mark, and erasures tell what they took out, so that a check can
prove that no row was lost, doubled or changed since.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import polars as pl

from storage.lake_tables import TABLES, LakeTable

TALLIED = {
    "raw.usage": "content_digest",
    "raw.revision": "content_digest",
    "raw.quarantine": "content_digest",
    "raw.cost": "row_number",
    "core.rated_line": "amount_cents",
}
COLUMNS = {"rows_count": "BIGINT", "tally": "DECIMAL(38,0)"}
SHARD = "shard"
SHARDED_STREAM = "usage_"
UNIQUE_STREAM = "unless_"


Rows = pl.DataFrame | Sequence[Path]
"""Rows of a table: a frame, or Parquet files that are sorted as the table is."""


def appended_tally(frames: Mapping[LakeTable, Rows]) -> tuple[int, str]:
    """Return the number of rows and the exact sum of their tallied columns, as SQL takes it."""
    count = total = 0
    for table, rows in frames.items():
        column = TALLIED.get(table.full_name)
        tallied = pl.lit(0) if column is None else pl.col(column).cast(pl.Int128).sum()
        pieces = [rows.lazy()] if isinstance(rows, pl.DataFrame) else map(pl.scan_parquet, rows)
        for piece in pieces:
            rows_count, added = piece.select(pl.len(), tallied.alias("added")).collect().row(0)
            count, total = count + rows_count, total + int(added or 0)
    return count, str(total)


def create_erased_tally(cursor: duckdb.DuckDBPyConnection) -> None:
    """Create the table in which erasures tell what they took out."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS lake.ops.erased_tally "
        f"(table_name VARCHAR, {SHARD} BIGINT, {columns})"
    )


def tell_erased(
    cursor: duckdb.DuckDBPyConnection, table: LakeTable, matches: str, values: Sequence[object]
) -> None:
    """Tell what is about to be erased, in the transaction that erases it."""
    cursor.execute(
        f"INSERT INTO lake.ops.erased_tally SELECT '{table.full_name}', {_shard(table)}, count(*), "
        f"{_sum(table)} FROM lake.{table.full_name} WHERE {matches} GROUP BY ALL",
        list(values),
    )


def tally_marks(cursor: duckdb.DuckDBPyConnection) -> None:
    """Give every mark of an older lake its tally: what is stored when it is upgraded."""
    names = {
        (schema, name)
        for schema, name in cursor.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake'"
        ).fetchall()
    }
    known = [table for table in TABLES if (table.schema, table.name) in names]
    for schema, name in sorted(names):
        if schema == "ops" and name.startswith("mark_"):
            for column, kind in COLUMNS.items():
                cursor.execute(f"ALTER TABLE lake.ops.{name} ADD COLUMN {column} {kind}")
            rows_count, total = _stored_tally(cursor, name.removeprefix("mark_"), known)
            cursor.execute(
                f"UPDATE lake.ops.{name} SET rows_count = ?, tally = CAST(? AS DECIMAL(38,0))",
                [rows_count, str(total)],
            )


def _stored_tally(
    cursor: duckdb.DuckDBPyConnection, stream: str, known: Sequence[LakeTable]
) -> tuple[int, int]:
    """Return rows and sum of what a stream has in the lake."""
    if stream.startswith(SHARDED_STREAM):
        tables = [table for table in known if _is_sharded(table)]
        condition = f"coalesce({SHARD}, 0) = {int(stream.removeprefix(SHARDED_STREAM))}"
    else:
        name = stream.removeprefix(UNIQUE_STREAM)
        tables = [table for table in known if table.name == name]
        condition = "TRUE"
    found = [
        cursor.execute(
            f"SELECT count(*), CAST({_sum(table)} AS VARCHAR) FROM lake.{table.full_name} "
            f"WHERE {condition}"
        ).fetchall()[0]
        for table in tables
    ]
    return sum(count for count, _ in found), sum(int(total) for _, total in found)


def _sum(table: LakeTable) -> str:
    column = TALLIED.get(table.full_name)
    return "0" if column is None else f"CAST(coalesce(sum({column}), 0) AS DECIMAL(38,0))"


def _shard(table: LakeTable) -> str:
    return SHARD if SHARD in table.polars_schema else "CAST(NULL AS BIGINT)"


def _is_sharded(table: LakeTable) -> bool:
    return table.schema == "raw" and SHARD in table.polars_schema

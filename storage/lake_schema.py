"""The lake's tables as this release knows them: creates a new lake, upgrades an older one.

Version 1 had no version row, and named each usage row by an event id of its own. Tables and
columns that are only missing need no step: they are added whenever a lake is opened. Version 2
had marks without tallies.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from storage.fault_points import reached
from storage.lake_connection import LakeConnection
from storage.lake_errors import LakeVersionError
from storage.lake_tables import SQL_TYPES, STREAMS, TABLES, Column, LakeTable
from storage.lake_tally import COLUMNS, create_erased_tally, tally_marks

VERSION = 3
Known = dict[str, set[str]]
SCHEMAS = ("raw", "core", "mart", "ops")
MARKS = "ops.mark_"
TARGET_FILE_MEGABYTES = 128
TARGET_FILE_BYTES = TARGET_FILE_MEGABYTES * 1_000_000


@dataclass(frozen=True, slots=True)
class Option:
    """An option of the lake: as it is set, as DuckLake then keeps it, and for which tables."""

    name: str
    given: str
    kept: str
    scope: str | None = None


OPTIONS = (
    Option("parquet_compression", "zstd", "zstd"),
    # Ten of DuckDB's vectors: with them polars reads one subscription of a month fastest.
    Option("parquet_row_group_size", "20480", "20480"),
    Option("target_file_size", f"{TARGET_FILE_MEGABYTES}MB", str(TARGET_FILE_BYTES)),
    Option("data_inlining_row_limit", "0", "0"),
    # A mark is one row: kept inside the catalogue it costs no file for each flush.
    Option("data_inlining_row_limit", "10", "10", "ops"),
    # An erasure is a row in a file of its own: see lake_erasure.py.
    Option("data_inlining_row_limit", "0", "0", "ops.erasure"),
)
SCOPES = {
    None: "",
    "ops": ", schema => 'ops'",
    "ops.erasure": ", schema => 'ops', table_name => 'erasure'",
}


def prepare(lake: LakeConnection) -> list[str]:
    """Create or upgrade the lake's tables, and return the streams whose marks were there before.

    LakeVersionError when the lake is newer than we are.
    """
    known = _known_columns(lake)
    version = _version(lake, known)
    if version > VERSION:
        raise LakeVersionError(
            f"the lake is of version {version}, this release knows versions up to {VERSION}: "
            "start the newer release, or restore a backup made before it ran"
        )
    _prepare_options(lake)
    if version < VERSION or any(_missing_columns(table, known) for table in TABLES):
        _upgrade(lake, version, known)
    return [name.removeprefix(MARKS) for name in known if name.startswith(MARKS)]


def has_mark(lake: LakeConnection, stream: str) -> bool:
    """Say whether the stream's mark is there."""
    return f"{MARKS}{stream}" in _known_columns(lake)


def create_mark(lake: LakeConnection, stream: str) -> None:
    """Create the stream's one-row mark at 0, unless it is there."""
    if has_mark(lake, stream):
        return
    with lake.transaction() as cursor:
        _create_mark(cursor, stream)
        cursor.execute("COMMIT")
        reached("lake.mark_created")


def _upgrade(lake: LakeConnection, version: int, known: Known) -> None:
    with lake.transaction() as cursor:
        reached("lake.schema.begun")
        for step in range(version, VERSION) if version else ():
            STEPS[step](cursor)
        for table in TABLES:
            _complete(cursor, table, known)
        if version < VERSION:
            create_erased_tally(cursor)
            for stream in STREAMS:
                _create_mark(cursor, stream)
            _write_version(cursor)
        reached("lake.schema.changed")
        lake.sync()
        cursor.execute("COMMIT")
        reached("lake.schema.committed")


def _version(lake: LakeConnection, known: Known) -> int:
    """Return the version of the lake's tables; 0 for a lake without any."""
    if "ops.schema_version" in known:
        ((version,),) = lake.rows("SELECT version FROM lake.ops.schema_version")
        return int(version)
    return 1 if "raw.usage" in known else 0


def _prepare_options(lake: LakeConnection) -> None:
    known = {
        (name, scope): str(value)
        for name, value, scope in lake.rows(
            "SELECT option_name, value, scope_entry FROM ducklake_options('lake')"
        )
    }
    wrong = [option for option in OPTIONS if known.get((option.name, option.scope)) != option.kept]
    if not wrong:
        return
    # DuckLake sets no option of a schema or table that the same transaction created.
    with lake.transaction() as cursor:
        for schema in SCHEMAS:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS lake.{schema}")
        cursor.execute("CREATE TABLE IF NOT EXISTS lake.ops.erasure (rows_count BIGINT)")
        cursor.execute("COMMIT")
        reached("lake.schemas_created")
    with lake.transaction() as cursor:
        for option in wrong:
            cursor.execute(
                f"CALL lake.set_option('{option.name}', '{option.given}'{SCOPES[option.scope]})"
            )
        cursor.execute("COMMIT")
        reached("lake.options_set")


def _without_event_id(cursor: duckdb.DuckDBPyConnection) -> None:
    for table in ("raw.usage", "raw.quarantine"):
        cursor.execute(f"ALTER TABLE lake.{table} DROP COLUMN event_id")


# From the version named to the next: what adding a table or a column can't do.
STEPS: dict[int, Callable[[duckdb.DuckDBPyConnection], None]] = {
    1: _without_event_id,
    2: tally_marks,
}


def _known_columns(lake: LakeConnection) -> Known:
    found: Known = defaultdict(set)
    for schema, table, column in lake.rows(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() "
        "WHERE database_name = 'lake'"
    ):
        found[f"{schema}.{table}"].add(column)
    return found


def _missing_columns(table: LakeTable, known: Known) -> list[Column]:
    return [column for column in table.columns if column.name not in known.get(table.full_name, ())]


def _complete(cursor: duckdb.DuckDBPyConnection, table: LakeTable, known: Known) -> None:
    name, missing = f"lake.{table.full_name}", _missing_columns(table, known)
    if table.full_name not in known:
        columns = ", ".join(f"{column.name} {SQL_TYPES[column.type]}" for column in missing)
        cursor.execute(f"CREATE TABLE {name} ({columns})")
        cursor.execute(f"ALTER TABLE {name} SET PARTITIONED BY (month)")
        cursor.execute(f"ALTER TABLE {name} SET SORTED BY ({', '.join(table.sorted_by)})")
    else:
        for column in missing:
            kind = SQL_TYPES[column.type]
            cursor.execute(f"ALTER TABLE {name} ADD COLUMN {column.name} {kind}")
    _comment(cursor, table)


def _comment(cursor: duckdb.DuckDBPyConnection, table: LakeTable) -> None:
    name = f"lake.{table.full_name}"
    cursor.execute(f"COMMENT ON TABLE {name} IS {_literal(table.comment)}")
    for column in table.columns:
        cursor.execute(f"COMMENT ON COLUMN {name}.{column.name} IS {_literal(column.comment)}")


def _create_mark(cursor: duckdb.DuckDBPyConnection, stream: str) -> None:
    name = f"lake.ops.mark_{stream}"
    columns = ", ".join(f"{column} {kind}" for column, kind in COLUMNS.items())
    cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} (mark BIGINT NOT NULL, {columns})")
    cursor.execute(f"INSERT INTO {name} SELECT 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM {name})")


def _write_version(cursor: duckdb.DuckDBPyConnection) -> None:
    name = "lake.ops.schema_version"
    cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} (version BIGINT NOT NULL)")
    cursor.execute(f"DELETE FROM {name}")
    cursor.execute(f"INSERT INTO {name} VALUES ({VERSION})")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

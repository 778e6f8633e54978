"""A lake is created as this release knows it, upgraded from any older one, never downgraded."""

from pathlib import Path

import pytest

from storage.lake import Lake, LakePlace, LakeVersionError
from storage.lake_place import attached
from storage.lake_tables import QUARANTINE, REVISION, TABLES, USAGE
from storage.published import publish_catalog
from tests.plain_duckdb import plain_duckdb
from tests.storage.frames import usage_rows

STREAM = "usage_0"
# The usage columns of version 1, in their order.
VERSION_1_USAGE = """
    month DATE, service VARCHAR, metric_code VARCHAR, subscription_id VARCHAR,
    occurred_at TIMESTAMPTZ, transaction_id VARCHAR, value DECIMAL(38,12), value_text VARCHAR,
    operation_type VARCHAR, properties VARCHAR, precise_total_amount_cents VARCHAR,
    event_id VARCHAR, content_digest BIGINT, metric_version BIGINT, received_at TIMESTAMPTZ,
    shard BIGINT, inbox_id BIGINT, sequence BIGINT
"""
VERSION_1 = """
    CREATE SCHEMA lake.raw; CREATE SCHEMA lake.core; CREATE SCHEMA lake.mart;
    CREATE SCHEMA lake.ops;
    CALL lake.set_option('parquet_compression', 'zstd');
    CALL lake.set_option('data_inlining_row_limit', 0);
    CALL lake.set_option('data_inlining_row_limit', 10, schema => 'ops');
    CREATE TABLE lake.raw.usage (<usage>);
    CREATE TABLE lake.raw.quarantine (<usage>, reason VARCHAR);
    ALTER TABLE lake.raw.usage SET PARTITIONED BY (month);
    ALTER TABLE lake.raw.quarantine SET PARTITIONED BY (month);
    ALTER TABLE lake.raw.usage SET SORTED BY (service, metric_code, subscription_id, occurred_at);
    COMMENT ON COLUMN lake.raw.usage.sequence IS 'Position inside one push';
    CREATE TABLE lake.ops.mark_usage_0 (mark BIGINT NOT NULL);
    INSERT INTO lake.ops.mark_usage_0 VALUES (7);
    INSERT INTO lake.raw.usage BY NAME
      SELECT DATE '2026-01-01' AS month, 'nexadesk' AS service, 'requests' AS metric_code,
        'sub' AS subscription_id, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS occurred_at,
        'old-' || range AS transaction_id, 1.5 AS value, 'an id' AS event_id, 7 AS inbox_id
      FROM range(3);
    INSERT INTO lake.raw.quarantine BY NAME
      SELECT DATE '2026-01-01' AS month, 'nexadesk' AS service, 'odd' AS transaction_id,
        'an id' AS event_id, 'no metric' AS reason;
""".replace("<usage>", VERSION_1_USAGE)


@pytest.fixture
def old_folder(tmp_path: Path) -> Path:
    """Give the folder of a lake of version 1 with three usage rows and one in quarantine."""
    folder = tmp_path / "lake"
    folder.mkdir()
    connection = attached(LakePlace(folder))
    connection.execute(VERSION_1)
    connection.close()
    return folder


def test_an_old_lake_is_upgraded_with_its_rows(old_folder: Path) -> None:
    """Old and new rows are read alike by polars and DuckDB; what the old didn't know is null."""
    lake = Lake(old_folder)
    new = usage_rows("new").with_columns(is_own_time=True)
    lake.append_once(STREAM, 7, 8, {USAGE: new, REVISION: usage_rows("r", table=REVISION)})

    frame = lake.scan(USAGE).sort("transaction_id").collect()
    assert frame.schema == USAGE.polars_schema
    assert list(frame["transaction_id"]) == ["new", "old-0", "old-1", "old-2"]
    assert list(frame["is_own_time"]) == [True, None, None, None]
    assert str(frame["value"][1]) == "1.500000000000"
    assert lake.scan(QUARANTINE).collect()["reason"].to_list() == ["no metric"]
    assert lake.scan(REVISION).collect().height == 1
    question = "SELECT string_agg(transaction_id || coalesce(is_own_time::VARCHAR, '-'), ' '"
    question += " ORDER BY transaction_id) FROM lake.raw.usage"
    published = publish_catalog(lake.place.folder, lake.place.data_path)
    assert plain_duckdb(published, question) == "newtrue old-0- old-1- old-2-"
    lake.close()


def test_an_upgraded_lake_equals_a_new_one(old_folder: Path, tmp_path: Path) -> None:
    """Tables, columns, types and comments are the same, whether upgraded or created."""
    upgraded, created = Lake(old_folder), Lake(tmp_path / "new")
    columns = (
        "SELECT schema_name, table_name, column_name, data_type, comment FROM duckdb_columns() "
        "WHERE database_name = 'lake' AND schema_name IN ('raw', 'core', 'mart', 'ops') "
        "ORDER BY ALL"
    )

    assert upgraded.query(columns).rows() == created.query(columns).rows()
    assert {table.full_name for table in TABLES} <= {
        f"{schema}.{name}" for schema, name, *_ in created.query(columns).rows()
    }
    upgraded.close()
    created.close()


def test_an_upgrade_happens_once(old_folder: Path) -> None:
    """Opening an upgraded lake again writes nothing."""
    lake = Lake(old_folder)
    before = lake.snapshots()
    lake.close()

    again = Lake(old_folder)

    assert again.snapshots() == before
    again.close()


def test_files_of_both_versions_stay_readable_after_a_merge(old_folder: Path) -> None:
    """Old files are merged with old ones only, and no row is lost."""
    lake = Lake(old_folder)
    for mark in range(7, 10):
        lake.append_once(STREAM, mark, mark + 1, {USAGE: usage_rows(f"new-{mark}")})
    at = lake.snapshots()[-1][1]

    lake.compact(at)
    second = lake.compact(at)

    assert len(lake.files(USAGE)) == 2
    assert second.files_before == second.files_after
    assert lake.scan(USAGE).collect().height == 6
    lake.close()


def test_a_newer_lake_is_refused(tmp_path: Path) -> None:
    """A release refuses a lake it doesn't know, leaves it as it is and gives its lock back."""
    Lake(tmp_path).close()
    connection = attached(LakePlace(tmp_path))
    connection.execute("UPDATE lake.ops.schema_version SET version = 99")
    connection.close()

    for _ in range(2):
        with pytest.raises(LakeVersionError, match="of version 99"):
            Lake(tmp_path)


def test_what_is_only_missing_is_added(tmp_path: Path) -> None:
    """A table or column that a release adds needs no step of its own."""
    Lake(tmp_path).close()
    connection = attached(LakePlace(tmp_path))
    connection.execute("DROP TABLE lake.raw.cost")
    connection.execute("ALTER TABLE lake.raw.quarantine DROP COLUMN reason")
    connection.close()

    lake = Lake(tmp_path)

    assert lake.query("SELECT count(*) FROM lake.raw.cost").item() == 0
    assert lake.query("SELECT count(reason) FROM lake.raw.quarantine").item() == 0
    lake.close()

"""The lake keeps what is appended, exactly once, and lets others read while it writes."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import lake_connection
from storage.lake import Lake, LakeBusyError, LakePlace, StaleMarkError
from storage.lake_errors import LakeMemoryError
from storage.lake_tables import COST, TABLES, USAGE
from storage.published import publish_catalog
from tests.plain_duckdb import plain_duckdb
from tests.prepared import prepared_lake
from tests.storage.frames import usage_rows

STREAM = "usage_0"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Give an empty lake."""
    lake = Lake(prepared_lake(tmp_path / "lake"))
    yield lake
    lake.close()


def test_rows_come_back_as_they_went_in(lake: Lake) -> None:
    """What is appended is read back with the table's own columns and types."""
    lake.append_once(STREAM, 0, 3, {USAGE: usage_rows("a", "b")})

    frame = lake.scan(USAGE).collect()
    assert frame.schema == USAGE.polars_schema
    assert sorted(frame["transaction_id"]) == ["a", "b"]


def test_an_empty_lake_has_typed_empty_frames(lake: Lake) -> None:
    """A table without rows scans as an empty frame with its columns."""
    assert lake.scan(COST).collect().schema == COST.polars_schema


def test_a_repeated_append_changes_nothing(lake: Lake) -> None:
    """The mark lets the same stretch of a stream into the lake once."""
    lake.append_once(STREAM, 0, 3, {USAGE: usage_rows("a")})

    with pytest.raises(StaleMarkError, match="not at 0"):
        lake.append_once(STREAM, 0, 3, {USAGE: usage_rows("a")})
    assert lake.scan(USAGE).collect().height == 1
    assert lake.mark(STREAM) == 3


def test_a_failed_append_leaves_no_row_and_no_mark(lake: Lake) -> None:
    """Rows and mark move together or not at all."""
    with pytest.raises(Exception, match="column"):
        lake.append_once(STREAM, 0, 3, {USAGE: usage_rows("a"), COST: usage_rows("b")})

    assert lake.scan(USAGE).collect().height == 0
    assert lake.mark(STREAM) == 0


def test_each_shard_has_a_mark_of_its_own(lake: Lake) -> None:
    """A stream's mark is made when it is first named, starts at 0 and moves alone."""
    lake.append_once("usage_7", 0, 5, {USAGE: usage_rows("a", shard=7)})

    assert (lake.mark("usage_7"), lake.mark("usage_8"), lake.mark(STREAM)) == (5, 0, 0)


def test_a_stream_has_a_plain_name(lake: Lake) -> None:
    """A name that would be no table's name is refused."""
    for name in ("", "Usage", "usage-0", "u; DROP TABLE x", "0"):
        with pytest.raises(ValueError, match="no name of a stream"):
            lake.mark(name)


def test_a_stale_append_writes_no_file(lake: Lake) -> None:
    """A worker that comes late leaves nothing behind, not even an orphaned file."""
    lake.append_once(STREAM, 0, 3, {USAGE: usage_rows("a")})

    with pytest.raises(StaleMarkError):
        lake.append_once(STREAM, 0, 3, {USAGE: usage_rows("a")})
    assert len(list(lake.folder.rglob("usage/**/*.parquet"))) == 1


def test_an_earlier_snapshot_can_be_read(lake: Lake) -> None:
    """Analysts see a table as it was at any snapshot that is kept."""
    lake.append_once(STREAM, 0, 1, {USAGE: usage_rows("a")})
    earlier, at = lake.snapshots()[-1]
    lake.append_once(STREAM, 1, 2, {USAGE: usage_rows("b")})

    then = lake.scan_at(USAGE, earlier).collect()
    assert then.schema == USAGE.polars_schema
    assert then["transaction_id"].to_list() == ["a"]
    assert lake.scan(USAGE).collect().height == 2
    assert at < lake.snapshots()[-1][1]


def test_append_unless_keeps_the_first(lake: Lake) -> None:
    """A value that is already there keeps a second import out."""
    first = lake.append_unless(USAGE, usage_rows("a"), column="transaction_id", value="a")
    second = lake.append_unless(USAGE, usage_rows("a"), column="transaction_id", value="a")

    assert (first, second) == (True, False)
    assert lake.scan(USAGE).collect().height == 1


def test_compaction_merges_files_and_keeps_rows(lake: Lake) -> None:
    """Many small files become one, with the same rows."""
    for mark in range(6):
        lake.append_once(STREAM, mark, mark + 1, {USAGE: usage_rows(str(mark))})

    lake.compact(datetime(2026, 3, 1, tzinfo=UTC))

    assert len(lake.files(USAGE)) == 1
    assert sorted(lake.scan(USAGE).collect()["transaction_id"]) == list("012345")


def test_known_files_are_the_current_ones(lake: Lake) -> None:
    """Whatever wrote last, the files remembered are those that the catalogue names."""
    for mark in range(8):
        lake.append_once(STREAM, mark, mark + 1, {USAGE: usage_rows(str(mark))})
        assert lake.files(USAGE) == lake._listed_files(USAGE)
        assert len(lake.files(USAGE)) == mark + 1
    lake.compact(datetime(2026, 3, 1, tzinfo=UTC))
    assert lake.files(USAGE) == lake._listed_files(USAGE)
    lake.append_unless(USAGE, usage_rows("z"), column="transaction_id", value="z")
    assert lake.files(USAGE) == lake._listed_files(USAGE)
    assert len(lake.files(USAGE)) == 2


def test_files_are_listed_once_between_writes(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing is written, nobody asks the catalogue again."""
    lake.append_once(STREAM, 0, 1, {USAGE: usage_rows("a")})
    first = lake.files(USAGE)
    monkeypatch.delattr(Lake, "_listed_files")

    assert lake.files(USAGE) is first


def test_a_known_mark_is_the_current_one(lake: Lake) -> None:
    """Whatever moved it, in one lake or before it was opened, the mark is that of the lake."""
    lake.append_once(STREAM, 0, 3, {USAGE: usage_rows("a")})
    assert lake.mark(STREAM) == 3
    with pytest.raises(StaleMarkError):
        lake.append_once(STREAM, 0, 9, {USAGE: usage_rows("b")})
    assert lake.mark(STREAM) == 3
    lake.append_once(STREAM, 3, 4, {USAGE: usage_rows("c")})
    assert lake.mark(STREAM) == 4
    lake.close()
    with closing(Lake(lake.folder)) as again:
        assert (again.mark(STREAM), again.mark("another")) == (4, 0)


def test_a_lake_has_one_writing_process(lake: Lake) -> None:
    """A second opening of the same folder is refused and names the cure."""
    with pytest.raises(LakeBusyError, match="--data-dir"):
        Lake(lake.folder)


def test_a_lake_needs_no_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service account without a home folder can open the lake."""
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))

    lake = Lake(tmp_path / "lake")

    assert lake.mark(STREAM) == 0
    lake.close()


def test_a_lake_reopens_with_its_rows(tmp_path: Path) -> None:
    """Closing and opening again loses nothing."""
    lake = Lake(tmp_path / "lake")
    lake.append_once(STREAM, 0, 1, {USAGE: usage_rows("a")})
    lake.close()

    reopened = Lake(tmp_path / "lake")

    assert reopened.mark(STREAM) == 1
    assert reopened.scan(USAGE).collect().height == 1
    reopened.close()


def test_a_second_process_reads_with_plain_duckdb(lake: Lake) -> None:
    """While we have the lake open, another process reads the published catalogue with DuckDB."""
    lake.append_once(STREAM, 0, 1, {USAGE: usage_rows("a", "b")})
    published = publish_catalog(lake.place.folder, lake.place.data_path)

    assert plain_duckdb(published, "SELECT count(*) FROM lake.raw.usage") == "2"


def test_a_moved_lake_is_read_where_it_lies(tmp_path: Path) -> None:
    """A copy restored elsewhere is published with its own data, not that of the folder it left."""
    lake = Lake(tmp_path / "old")
    lake.append_once(STREAM, 0, 1, {USAGE: usage_rows("a", "b")})
    lake.close()
    (tmp_path / "old").rename(tmp_path / "new")
    moved = Lake(tmp_path / "new")
    published = publish_catalog(moved.place.folder, moved.place.data_path)

    assert plain_duckdb(published, "SELECT count(*) FROM lake.raw.usage") == "2"
    moved.close()


def test_every_table_and_column_is_explained(lake: Lake) -> None:
    """Analysts find a comment on every table and column of the lake."""
    tables = lake.query(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' "
        "AND schema_name <> 'ops' AND comment IS NULL"
    )
    columns = lake.query(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'lake' "
        "AND schema_name NOT IN ('ops', 'main') AND comment IS NULL AND NOT internal"
    )

    assert tables.rows() == []
    assert columns.rows() == []
    assert all(table.comment and column.comment for table in TABLES for column in table.columns)


def test_a_place_keeps_its_secrets(tmp_path: Path) -> None:
    """Neither the password of a catalogue nor the secret of S3 is shown with the place."""
    place = LakePlace(
        tmp_path,
        catalog="postgresql://lake:hunter2@db/lake",
        data="s3://bucket/lake",
        s3_key_id="id",
        s3_secret="hunter3",
    )

    assert "hunter" not in repr(place)
    assert "hunter" not in str(place)


@pytest.mark.parametrize(
    ("catalog", "data", "cause"),
    [
        ("mysql://db", "", "catalogue is neither"),
        ("", "/elsewhere", "data is neither"),
        ("", "s3://bucket", "needs a key id and a secret"),
    ],
)
def test_an_impossible_place_is_refused(
    tmp_path: Path, catalog: str, data: str, cause: str
) -> None:
    """A place that can't be one says which setting is wrong."""
    with pytest.raises(ValueError, match=cause):
        LakePlace(tmp_path, catalog=catalog, data=data)


@pytest.mark.parametrize("amount", ["", "much", "0MB", "512MB'; --"])
def test_a_senseless_amount_of_memory_is_refused(tmp_path: Path, amount: str) -> None:
    """Only megabytes and gigabytes are amounts; nothing else reaches DuckDB."""
    with pytest.raises(ValueError, match="no amount of memory"):
        LakePlace(tmp_path, memory=amount)


def test_the_lake_keeps_to_its_memory(tmp_path: Path) -> None:
    """What it may not hold is sorted on disk; what can't be is refused, by name, with the cure."""
    with closing(Lake(LakePlace(tmp_path, memory="64MB"))) as lake:
        told = lake.query("SELECT current_setting('memory_limit') AS it")["it"].item()
        with pytest.raises(LakeMemoryError, match=r"64MB.*FUSION_LAKE_MEMORY"):
            lake.query("SELECT list(range::VARCHAR) FROM range(10000000)")

    assert told == "61.0 MiB"


def test_a_long_writing_lake_is_attached_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many transactions DuckLake's memory of them goes; nobody who reads is disturbed."""
    monkeypatch.setattr(lake_connection, "KEPT_BY_READ", 0)
    monkeypatch.setattr(lake_connection, "KEPT_BYTES_MAX", 3 * lake_connection.KEPT_BY_TRANSACTION)
    with closing(Lake(prepared_lake(tmp_path / "lake"))) as lake:
        before = lake._lake._connection
        reader = lake._lake.cursor()
        reader.execute("BEGIN")
        asked = "SELECT count(*) FROM lake.raw.usage"
        assert reader.execute(asked).fetchall() == [(0,)]
        connections = []
        for number in range(8):
            lake.append_once(STREAM, number, number + 1, {USAGE: usage_rows(f"tx-{number}")})
            connections.append(id(lake._lake._connection))
        del before

        assert len(set(connections[:3])) == len(set(connections[3:6])) == 1
        assert len(set(connections)) == 3
        assert reader.execute(asked).fetchall() == [(0,)]
        assert lake._lake.cursor().execute(asked).fetchall() == [(8,)]
        assert lake.mark(STREAM) == 8
        lake.compact(datetime(2026, 11, 20, tzinfo=UTC))
        assert lake.scan(USAGE).collect().height == 8

    with closing(Lake(tmp_path / "lake")) as again:
        assert again.mark(STREAM) == 8


def test_a_long_read_lake_is_attached_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who only reads is attached anew, too, but not in the middle of another's writing."""
    monkeypatch.setattr(lake_connection, "KEPT_BYTES_MAX", 5 * lake_connection.KEPT_BY_READ)
    with closing(Lake(prepared_lake(tmp_path / "lake"))) as lake:

        def connections_of_ten_reads() -> set[int]:
            used = []
            for _ in range(10):
                assert lake.query("SELECT count(*) AS n FROM lake.raw.usage")["n"].item() == 0
                used.append(lake._lake._connection)
            return {id(connection) for connection in used}

        with lake._lake.transaction():
            assert len(connections_of_ten_reads()) == 1
        assert len(connections_of_ten_reads()) in {2, 3}


def test_readers_go_on_while_the_lake_is_attached_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads that ask all the time see every append whole, and no error, across renewals."""
    monkeypatch.setattr(lake_connection, "KEPT_BYTES_MAX", 2 * lake_connection.KEPT_BY_TRANSACTION)
    seen: list[int] = []
    faults: list[Exception] = []
    is_over = threading.Event()
    with closing(Lake(prepared_lake(tmp_path / "lake"))) as lake:

        def read() -> None:
            try:
                while not is_over.is_set():
                    seen.append(lake.query("SELECT count(*) AS n FROM lake.raw.usage")["n"].item())
            except Exception as fault:
                faults.append(fault)
                raise

        readers = [threading.Thread(target=read) for _ in range(2)]
        for thread in readers:
            thread.start()
        for number in range(12):
            rows = usage_rows(f"a-{number}", f"b-{number}")
            lake.append_once(STREAM, number, number + 1, {USAGE: rows})
        is_over.set()
        for thread in readers:
            thread.join()

    assert not faults
    assert set(seen) <= set(range(0, 25, 2))

"""Whatever is done to the stores on purpose is found by the check, and named."""

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import duckdb
import msgspec
import polars as pl
import pytest

from ingest.finding import Finding, Verdict
from ingest.inbox_body import revisions_body
from ingest.inbox_check import check_inbox
from ingest.keys.content_check import MetricVersions, check_content
from ingest.lake_check import (
    check_files,
    check_keys,
    check_marks,
    check_positions,
    check_tallies,
    lake_view,
)
from ingest.push import Door, Push, push_of
from ingest.usage_event import UsageRevision
from storage.inbox import NewRow, open_inbox
from storage.lake import Lake, LakePlace
from storage.lake_place import attached
from storage.lake_tables import USAGE
from tests.ingest.makers import NOW, a_metric, an_event
from tests.ingest.running_ingest import Ingest

METRICS: MetricVersions = {("nexadesk", "tokens", 1): [a_metric()]}
EVENTS = 40
# Beside the events: one without a time, three set aside, and four revisions.
ROWS = EVENTS + 7


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with usage, revisions, quarantine, a conflict and a waiting event."""
    ingest = Ingest.start(tmp_path_factory.mktemp("whole"))
    for start in (0, EVENTS // 2):
        names = range(start, start + EVENTS // 2)
        ingest.push(*(an_event(f"tx-{number}", properties={"tokens": number}) for number in names))
        ingest.flusher.flush()
    ingest.push(an_event("odd", code="unknown"), an_event("own-time", timestamp=None))
    ingest.push(an_event("tx-1", properties={"tokens": 99}))
    ingest.flusher.flush()
    for code in ("tokens", "unknown"):
        ingest.take_in(revisions(code))
    ingest.flusher.flush()
    ingest.push(an_event("waiting"))
    ingest.stop()
    return ingest.folder


def revisions(code: str) -> Push:
    """Return a correction of an event and a counter push."""
    start, end = 1_793_880_000, 1_793_883_600
    said = partial(
        UsageRevision, code=code, external_subscription_id="sub-1", timestamp=start,
        properties=msgspec.Raw(b'{"tokens":5}'),
    )  # fmt: skip
    rows = [
        said(transaction_id=f"r-{code}", fact_id="e:tx-1", is_void=True, correction_id="c"),
        said(
            transaction_id=f"w-{code}",
            fact_id=f"w:{start}:{end}:",
            window_start_us=start * 1_000_000,
            window_end_us=end * 1_000_000,
        ),
    ]
    second = int(NOW.timestamp())
    return push_of("nexadesk", rows, revisions_body(rows), Door.REVISIONS, second)


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """Give a copy of that folder, to do harm to."""
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def checked(folder: Path, *, is_deep: bool = False) -> dict[str, Finding]:
    """Return what every check finds in a closed folder, by its name."""
    lake, inbox = Lake(folder / "lake"), open_inbox("", folder)
    view = lake_view(lake)
    found = [
        check_files(view),
        check_marks(view),
        check_positions(view),
        check_keys(view),
        check_tallies(view),
        check_inbox(lake, inbox, view.shard_marks),
    ]
    if is_deep:
        found.append(check_content(view, METRICS))
    inbox.close()
    lake.close()
    return {each.check: each for each in found}


def failed(found: Mapping[str, Finding]) -> dict[str, str]:
    """Return what the failing checks name."""
    return {
        name: "\n".join(each.named)
        for name, each in found.items()
        if each.verdict is not Verdict.OK
    }


def usage_file(folder: Path) -> Path:
    """Return the largest usage file of a folder."""
    files = (folder / "lake" / "data" / "raw" / "usage").rglob("*.parquet")
    return max(files, key=lambda path: (path.stat().st_size, path.name))


def rewrite(folder: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Path:
    """Write a usage file anew with other rows, and let the catalogue believe it."""
    path = usage_file(folder)
    change(pl.read_parquet(path, hive_partitioning=False)).write_parquet(path)
    rows = pl.read_parquet(path, hive_partitioning=False).height
    catalog(
        folder,
        "UPDATE __ducklake_metadata_lake.main.ducklake_data_file SET "  # noqa: S608 - a vandal's
        f"file_size_bytes = {path.stat().st_size}, record_count = {rows}, footer_size = NULL "
        f"WHERE path LIKE '%{path.name}'",
    )
    return path


def catalog(folder: Path, sql: str) -> None:
    """Run one statement on the lake as only a vandal would."""
    connection = attached(LakePlace(folder / "lake"))
    connection.execute(sql)
    connection.close()


def test_a_whole_lake_is_whole(folder: Path) -> None:
    """Nothing is wrong with usage, revisions, quarantine, conflicts and a waiting event."""
    found = checked(folder, is_deep=True)

    assert failed(found) == {}
    assert found["inbox"].counts == {"events_waiting": 1, "rows_left_over": 0}
    assert found["tallies"].counts == {"rows_appended": ROWS}
    assert found["content"].counts["rows_checked"] == ROWS
    assert found["content"].counts["values_checked"] == EVENTS + 3


def test_a_deleted_file_is_named(folder: Path) -> None:
    """A file that is gone is named, and so are its rows' number."""
    path = usage_file(folder)
    path.unlink()

    told = failed(checked(folder))

    assert path.name in told["files"]
    assert "gone" in told["files"]
    assert "20 rows are missing" in told["tallies"]


def test_a_truncated_file_is_named(folder: Path) -> None:
    """A file cut short is named."""
    path = usage_file(folder)
    path.write_bytes(path.read_bytes()[:-100])

    told = failed(checked(folder))

    assert path.name in told["files"]


@pytest.mark.parametrize("column", ["properties", "value", "content_digest", "transaction_id"])
def test_a_flipped_byte_is_named(folder: Path, column: str) -> None:
    """A byte that changed in the middle of a column's data is found, with its file."""
    path = usage_file(folder)
    ((offset, size),) = duckdb.sql(
        "SELECT data_page_offset, total_compressed_size FROM "  # noqa: S608 - our own file
        f"parquet_metadata('{path}') WHERE path_in_schema = '{column}' AND row_group_id = 0"
    ).fetchall()
    data = bytearray(path.read_bytes())
    data[offset + size - 3] ^= 0x10
    path.write_bytes(data)

    told = failed(checked(folder, is_deep=True))

    assert path.name in told.get("files", "") + told.get("content", "")


def test_a_dropped_row_is_counted(folder: Path) -> None:
    """One row less in a file rewritten with care is found, and its digest named."""
    rewrite(folder, lambda rows: rows.head(-1))

    told = failed(checked(folder))

    assert set(told) == {"tallies"}
    assert "usage_0: 1 rows are missing (of digest" in told["tallies"]


def test_a_doubled_row_is_named(folder: Path) -> None:
    """A row that is there twice is found by its position, its key and the tally."""
    rewrite(folder, lambda rows: pl.concat([rows, rows.head(1)]))

    told = failed(checked(folder))

    assert "2 rows" in told["positions"]
    assert "nexadesk, sub-1, tx-" in told["keys"]
    assert "1 rows are too many" in told["tallies"]


@pytest.mark.parametrize(
    ("column", "changed"),
    [
        ("value", pl.col("value") + 1),
        ("properties", pl.lit('{"tokens":1000000}')),
        ("subscription_id", pl.lit("another")),
        ("occurred_at", pl.col("occurred_at").dt.offset_by("1s")),
    ],
)
def test_a_changed_row_is_named(folder: Path, column: str, changed: pl.Expr) -> None:
    """A row that says something else than was sent is found by the deep check, with its place."""
    is_first = pl.int_range(pl.len()) == 0
    path = rewrite(
        folder,
        lambda rows: rows.with_columns(
            pl.when(is_first)
            .then(changed.cast(rows.schema[column]))
            .otherwise(column)
            .alias(column)
        ),
    )

    told = failed(checked(folder, is_deep=True))

    assert set(told) == {"content"}
    assert path.name in told["content"]
    assert "row 0-" in told["content"]


def test_rows_of_before_the_upgrade_are_counted_not_checked(folder: Path) -> None:
    """Where nobody knows how a digest was made, the number of such rows is told."""
    rewrite(folder, lambda rows: rows.with_columns(is_own_time=pl.lit(None, pl.Boolean)))

    found = checked(folder, is_deep=True)

    assert failed(found) == {}
    assert found["content"].counts["rows_of_before_the_upgrade"] == EVENTS // 2


def test_a_mark_that_went_back_is_named(folder: Path) -> None:
    """Rows beyond the mark would be taken in again: the shard and the position are named."""
    catalog(folder, "UPDATE lake.ops.mark_usage_0 SET mark = 1")

    told = failed(checked(folder))

    assert "shard 0 from position 2 on, beyond the mark 1" in told["marks"]


def test_a_mark_that_went_on_is_named(folder: Path) -> None:
    """Acknowledged events below a mark that never took them would be forgotten: they are named."""
    catalog(folder, "UPDATE lake.ops.mark_usage_0 SET mark = mark + 1")

    told = failed(checked(folder))

    assert "the lake lacks 1 of its events: sub-1 waiting" in told["inbox"]


def test_a_doubled_mark_is_named(folder: Path) -> None:
    """A stream has one mark."""
    catalog(folder, "INSERT INTO lake.ops.mark_usage_0 SELECT * FROM lake.ops.mark_usage_0")

    assert "usage_0: 2 rows instead of one" in failed(checked(folder))["marks"]


def test_a_lost_inbox_is_named(folder: Path) -> None:
    """An inbox that is younger than its lake has lost what waited."""
    for path in folder.glob("inbox.sqlite*"):
        path.unlink()

    assert "not the inbox that filled this lake" in failed(checked(folder))["inbox"]


def test_a_damaged_inbox_row_is_named(folder: Path) -> None:
    """An acknowledged push that can't be read any more is named by its position."""
    inbox = open_inbox("", folder)
    inbox.append([NewRow(0, 1, b"no sections")], NOW)
    newest = inbox.last_id(0)
    inbox.close()

    assert f"row {newest} of inbox shard 0" in failed(checked(folder))["inbox"]


def test_a_crash_before_the_inbox_forgot_is_no_hole(folder: Path) -> None:
    """Rows below the mark that the lake holds are left over, which the next start mends."""
    (folder / "before").mkdir()
    for path in folder.glob("inbox.sqlite*"):
        shutil.copy(path, folder / "before")
    ingest = Ingest.start(folder)
    ingest.flusher.flush()
    ingest.stop()
    for path in (folder / "before").iterdir():
        shutil.copy(path, folder)

    found = checked(folder)

    assert failed(found) == {}
    assert found["inbox"].counts == {"events_waiting": 0, "rows_left_over": 1}


def test_merges_and_erasures_keep_the_tally(folder: Path) -> None:
    """What is merged is still counted, and what was erased is counted as erased."""
    lake = Lake(folder / "lake")
    lake.compact(NOW)
    lake.erase([USAGE], {"service": "nexadesk", "transaction_id": "tx-3"})
    lake.close()

    assert failed(checked(folder, is_deep=True)) == {}


def test_an_upgraded_lake_is_tallied_from_its_rows(folder: Path) -> None:
    """A lake of a version without tallies gets them from what it holds."""
    names = ["rated_line", "usage_0"]
    for name in names:
        for column in ("rows_count", "tally"):
            catalog(folder, f"ALTER TABLE lake.ops.mark_{name} DROP COLUMN {column}")
    catalog(folder, "DROP TABLE lake.ops.erased_tally")
    catalog(folder, "UPDATE lake.ops.schema_version SET version = 2")

    found = checked(folder)

    assert failed(found) == {}
    assert found["tallies"].counts == {"rows_appended": ROWS}

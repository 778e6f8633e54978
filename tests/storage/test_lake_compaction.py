"""Compaction keeps files, snapshots and marks few, stops nobody, and loses nothing."""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from storage import lake as lake_module
from storage import lake_maintenance
from storage.lake import CompactionRules, Lake
from storage.lake_maintenance import is_closed
from storage.lake_tables import REVISION, USAGE
from tests.prepared import prepared_lake
from tests.storage.frames import usage_rows

STREAM = "usage_0"
JANUARY = date(2026, 1, 1)
IN_JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
IN_MARCH = datetime(2026, 3, 20, tzinfo=UTC)
FAR_AHEAD = datetime(2200, 1, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Give an empty lake."""
    lake = Lake(prepared_lake(tmp_path / "lake"))
    yield lake
    lake.close()


def append_files(lake: Lake, count: int, *, month: date = JANUARY, rows: int = 1) -> None:
    """Append that many files of a month, each with its own rows."""
    for _ in range(count):
        mark = lake.mark(STREAM)
        chance = random.Random(mark)
        names = (f"{mark}-{row}-{chance.randbytes(16).hex()}" for row in range(rows))
        frame = usage_rows(*names, month=month, inbox_id=mark + 1)
        lake.append_once(STREAM, mark, mark + 1, {USAGE: frame})


def test_an_open_month_is_merged_from_files_min_on(lake: Lake) -> None:
    """One file less than the limit is left alone, at the limit they become one."""
    rules = CompactionRules(files_min=5)
    append_files(lake, 4)
    left_alone = lake.compact(IN_JANUARY, rules)
    append_files(lake, 1)

    merged = lake.compact(IN_JANUARY, rules)

    assert (left_alone.files_before, left_alone.files_after) == (4, 4)
    assert (merged.files_before, merged.files_after) == (5, 1)
    assert lake.scan(USAGE).collect()["transaction_id"].n_unique() == 5


def test_a_month_that_closed_becomes_one_file(lake: Lake) -> None:
    """A day after its end a month is merged whole, however few files it has; once."""
    append_files(lake, 3)

    still_open = lake.compact(datetime(2026, 2, 1, 23, tzinfo=UTC))
    closed = lake.compact(datetime(2026, 2, 2, tzinfo=UTC))
    again = lake.compact(IN_MARCH)

    assert still_open.files_after == 3
    assert closed.files_after == 1
    assert (again.files_before, again.files_after) == (1, 1)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 1, 1, 23, 59, tzinfo=UTC), False),
        (datetime(2026, 1, 2, tzinfo=UTC), True),
    ],
)
def test_december_closes_in_january(at: datetime, *, expected: bool) -> None:
    """A month is closed one day after its end, over the turn of the year too."""
    assert is_closed(date(2025, 12, 1), at) is expected


def test_a_late_row_does_not_rewrite_a_large_file(lake: Lake) -> None:
    """What trickles into a closed month waits until it is a quarter of the large file."""
    append_files(lake, 2, rows=3000)
    lake.compact(IN_MARCH)
    append_files(lake, 1)

    assert lake.compact(IN_MARCH).files_after == 2


def test_a_merged_file_is_sorted(lake: Lake) -> None:
    """Rows of a merged file lie in the table's order, so that a subscription is found fast."""
    for mark, subscription in enumerate(["c", "a", "b", "a"]):
        frame = usage_rows(f"{mark}", subscription_id=subscription)
        lake.append_once(STREAM, mark, mark + 1, {USAGE: frame})

    lake.compact(IN_MARCH)

    ((path, _),) = lake.files(USAGE)
    assert pl.read_parquet(path)["subscription_id"].to_list() == ["a", "a", "b", "c"]


def test_a_merge_keeps_time_travel(lake: Lake) -> None:
    """An earlier snapshot still shows what it showed, after its files were merged."""
    append_files(lake, 2)
    before, at = lake.snapshots()[-1]
    append_files(lake, 1)

    lake.compact(IN_MARCH)

    assert len(lake.files(USAGE)) == 1
    assert lake.scan_at(USAGE, before).collect().height == 2
    assert at.tzinfo is not None


def test_the_past_is_forgotten_in_time(lake: Lake) -> None:
    """Snapshots and replaced files go when they are older than is kept; the rows stay."""
    append_files(lake, 5)
    lake.compact(IN_MARCH, CompactionRules(housekeeping_every=timedelta(0)))
    assert len(lake.snapshots()) > 5
    nothing = timedelta(0)
    rules = CompactionRules(snapshots_kept=nothing, files_kept=nothing, housekeeping_every=nothing)

    done = lake.compact(FAR_AHEAD, rules)

    assert done.snapshots_expired > 5
    assert done.files_deleted >= 5
    assert len(lake.snapshots()) == 1
    assert len(list((lake.folder / "data" / "raw").rglob("*.parquet"))) == 1
    assert lake.scan(USAGE).collect().height == 5


def test_housekeeping_is_done_once_an_hour(lake: Lake) -> None:
    """Between two housekeepings a compaction only merges."""
    nothing = timedelta(0)
    rules = CompactionRules(snapshots_kept=nothing)
    append_files(lake, 2)
    first = lake.compact(FAR_AHEAD, rules)
    append_files(lake, 2)

    soon = lake.compact(FAR_AHEAD + timedelta(minutes=59), rules)
    later = lake.compact(FAR_AHEAD + timedelta(minutes=60), rules)

    assert first.snapshots_expired > 0
    assert soon.snapshots_expired == 0
    assert later.snapshots_expired > 0


def test_only_old_orphans_are_deleted(lake: Lake) -> None:
    """A file that no commit names is deleted, unless it may just be being written."""
    append_files(lake, 1)
    folder = lake.folder / "data" / "raw" / "usage"
    fresh, old = folder / "fresh.parquet", folder / "old.parquet"
    for path in (fresh, old):
        path.write_bytes(b"left by a crash")
    two_hours_ago = time.time() - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))
    rules = CompactionRules(orphans_kept=timedelta(hours=1), housekeeping_every=timedelta(0))

    done = lake.compact(FAR_AHEAD, rules)

    assert done.orphans_deleted == 1
    assert (fresh.exists(), old.exists()) == (True, False)
    with pytest.raises(ValueError, match="an hour at least"):
        CompactionRules(orphans_kept=timedelta(minutes=59))


def test_a_mark_forgets_its_past(lake: Lake) -> None:
    """What a mark was long ago is dropped, and it still moves on from where it is."""
    for mark in range(30):
        lake.append_once(STREAM, mark, mark + 1, {})

    lake.compact(IN_JANUARY, CompactionRules(mark_moves_kept=5))
    lake.append_once(STREAM, 30, 31, {})

    assert lake.mark(STREAM) == 31
    newest = lake.snapshots()[-1][0]
    at = "SELECT mark FROM lake.ops.mark_usage_0 AT (VERSION => {})"
    assert lake.query(at.format(newest - 3)).item() == 28
    assert lake.query(at.format(newest - 20)).is_empty()


def test_an_append_waits_for_one_merge_at_most(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """An append that comes during the merge of one table is done before the next table's merge."""
    for mark in range(3):
        frames = {table: usage_rows(f"{mark}", table=table) for table in (USAGE, REVISION)}
        lake.append_once(STREAM, mark, mark + 1, frames)
    passed: list[str] = []
    appender = threading.Thread(target=append_files, args=(lake, 1))

    def reached(name: str) -> None:
        passed.append(name)
        if name == "lake.merge.merged" and not appender.ident:
            appender.start()
            while appender.is_alive() and not lake._lake._turn.locked():
                time.sleep(0.01)

    monkeypatch.setattr(lake_maintenance, "reached", reached)
    monkeypatch.setattr(lake_module, "reached", reached)

    lake.compact(IN_MARCH)
    appender.join()

    first_merge = passed.index("lake.merge.committed")
    second_merge = passed.index("lake.merge.begun", first_merge)
    assert first_merge < passed.index("lake.append.committed") < second_merge
    assert len(lake.files(REVISION)) == 1
    assert lake.scan(USAGE).collect()["transaction_id"].n_unique() == 4


def test_a_month_being_written_keeps_no_other_waiting(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compaction ends, and every month is merged, however fast one of them grows."""
    for month in (1, 2):
        append_files(lake, 3, month=date(2026, month, 1))

    def reached(name: str) -> None:
        if name == "lake.merge.begun":
            monkeypatch.setattr(lake._lake, "alone", nullcontext)
            append_files(lake, 2, month=date(2026, 3, 1))

    monkeypatch.setattr(lake_maintenance, "reached", reached)
    lake.compact(IN_MARCH)

    months = [Path(path).parent.name for path, _ in lake.files(USAGE)]
    assert (months.count("month=2026-01-01"), months.count("month=2026-02-01")) == (1, 1)

"""What is erased is gone from every file, and nothing else is."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from storage.lake import Lake
from storage.lake_tables import QUARANTINE, REVISION, USAGE
from storage.published import publish_catalog
from tests.plain_duckdb import plain_duckdb
from tests.prepared import prepared_lake
from tests.storage.frames import usage_rows

STREAM = "usage_0"
FEBRUARY = date(2026, 2, 1)
# The largest and the smallest text of its columns, so that the catalogue's bounds know it too.
LAST, FIRST = "~last-of-all", "!first-of-all"
TABLES = (USAGE, REVISION, QUARANTINE)
WHERE = {"service": "nexadesk", "subscription_id": LAST}


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Give a lake where one subscription has rows beside another's, in three tables."""
    lake = Lake(prepared_lake(tmp_path / "lake"))
    for mark, month in enumerate([date(2026, 1, 1), FEBRUARY, FEBRUARY]):
        frames = {
            table: usage_rows(f"a{mark}", f"b{mark}", month=month, table=table).vstack(
                usage_rows(FIRST, subscription_id=LAST, month=month, table=table)
            )
            for table in TABLES
        }
        lake.append_once(STREAM, mark, mark + 1, frames)
    yield lake
    lake.close()


def files_with(folder: Path, text: str) -> list[Path]:
    """Return the files below a folder that hold the bytes of a text."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if text.encode() in path.read_bytes()]


def test_erased_bytes_are_on_no_disk(lake: Lake) -> None:
    """Data, snapshots, catalogue, its log and its published copy hold nothing of it any more."""
    publish_catalog(lake.place.folder, lake.place.data_path)
    orphan = lake.folder / "data" / "raw" / "usage" / "orphan.parquet"
    orphan.write_bytes(LAST.encode())
    assert len(files_with(lake.folder, LAST)) > 9

    lake.erase(TABLES, WHERE)

    assert files_with(lake.folder, LAST) == []
    assert files_with(lake.folder, FIRST) == []


def test_what_is_not_erased_stays(lake: Lake) -> None:
    """The counts are told; others' rows, the marks and later appends are as ever."""
    counts = lake.erase(TABLES, WHERE)
    lake.append_once(STREAM, 3, 4, {USAGE: usage_rows("c")})

    assert counts == {"raw.usage": 3, "raw.revision": 3, "raw.quarantine": 3}
    assert sorted(lake.scan(USAGE).collect()["transaction_id"]) == sorted(
        ["a0", "b0", "a1", "b1", "a2", "b2", "c"]
    )
    assert lake.scan(QUARANTINE).collect().height == 6
    assert (
        lake.query("SELECT count(*) FROM lake.raw.usage WHERE subscription_id = 'sub'").item() == 7
    )
    assert lake.query("SELECT max(subscription_id) FROM lake.raw.usage").item() == "sub"
    assert len(lake.snapshots()) <= 2
    published = publish_catalog(lake.place.folder, lake.place.data_path)
    assert plain_duckdb(published, "SELECT count(*) FROM lake.raw.usage") == "7"
    assert files_with(lake.folder, LAST) == []


def test_erasing_nobody_changes_nothing(lake: Lake) -> None:
    """An erasure that finds nothing says so; repeated, it says so again."""
    nobody = {"service": "nexadesk", "subscription_id": "nobody"}

    for _ in range(2):
        assert lake.erase(TABLES, nobody) == {
            "raw.usage": 0,
            "raw.revision": 0,
            "raw.quarantine": 0,
        }
    assert lake.scan(USAGE).collect().height == 9


def test_an_erasure_names_what_it_erases(lake: Lake) -> None:
    """Without a column, or with one that isn't there, nothing is erased."""
    with pytest.raises(ValueError, match="at least one column"):
        lake.erase(TABLES, {})
    with pytest.raises(ValueError, match="no column colour"):
        lake.erase(TABLES, {"colour": "red"})
    assert lake.scan(USAGE).collect().height == 9

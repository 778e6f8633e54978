"""A question in SQL reads one snapshot, writes nothing, and stays within its memory."""

import threading
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from storage.lake import Lake, LakeError
from storage.lake_query import lake_answer
from storage.lake_tables import USAGE
from tests.prepared import prepared_lake
from tests.storage.frames import usage_rows

COUNT = "SELECT count(*) AS rows FROM lake.raw.usage"
APPENDS = 5


def test_a_question_reads_the_lake_and_what_is_laid_beside_it(tmp_path: Path) -> None:
    """Rows of the lake are joined with frames and parameters; types come as polars has them."""
    lake = Lake(prepared_lake(tmp_path))
    lake.append_once("usage_0", 0, 1, {USAGE: usage_rows("a", "b", "c")})
    wanted = pl.DataFrame({"transaction_id": ["a", "c"], "tags": [["x", None], []]})

    found = lake_answer(
        lake.place,
        "SELECT transaction_id, tags, $more::BIGINT AS more, occurred_at, month "
        "FROM lake.raw.usage JOIN wanted USING (transaction_id) ORDER BY 1",
        frames={"wanted": wanted},
        parameters={"more": 7},
    )

    assert found.rows() == [
        ("a", ["x", None], 7, datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1)),
        ("c", [], 7, datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1)),
    ]
    lake.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM lake.raw.usage",
        "INSERT INTO lake.raw.usage (transaction_id) VALUES ('x')",
        "DROP TABLE lake.raw.usage",
    ],
)
def test_a_question_writes_nothing(tmp_path: Path, statement: str) -> None:
    """A statement that would change the lake is refused, and the lake is as before."""
    lake = Lake(prepared_lake(tmp_path))
    lake.append_once("usage_0", 0, 1, {USAGE: usage_rows("a")})

    with pytest.raises(LakeError, match="read-only"):
        lake_answer(lake.place, statement)

    assert lake.scan(USAGE).collect().height == 1
    lake.close()


def test_the_writer_goes_on_while_questions_are_asked(tmp_path: Path) -> None:
    """Appends beside questions all arrive; a question sees whole ones, never fewer than before."""
    lake = Lake(prepared_lake(tmp_path))
    lake.append_once("usage_0", 0, 1, {USAGE: usage_rows("a", "b", inbox_id=1)})
    failures: list[Exception] = []

    def append() -> None:
        try:
            for mark in range(1, APPENDS + 1):
                rows = usage_rows(f"a{mark}", f"b{mark}", inbox_id=mark + 1)
                lake.append_once("usage_0", mark, mark + 1, {USAGE: rows})
        except Exception as failure:  # noqa: BLE001 - told by the test below
            failures.append(failure)

    writer = threading.Thread(target=append)
    writer.start()
    seen = [lake_answer(lake.place, COUNT)["rows"].item()]
    while writer.is_alive():
        seen.append(lake_answer(lake.place, COUNT)["rows"].item())
    writer.join()

    assert failures == []
    assert seen == sorted(seen)
    assert all(rows % 2 == 0 for rows in seen)
    assert lake_answer(lake.place, COUNT)["rows"].item() == 2 * (APPENDS + 1)
    lake.close()


def test_a_question_of_too_much_memory_says_so(tmp_path: Path) -> None:
    """What can't be put on disk ends at the limit, by name; the lake's own DuckDB keeps its."""
    lake = Lake(prepared_lake(tmp_path))
    before = lake.query("SELECT current_setting('memory_limit') AS it")

    with pytest.raises(LakeError, match="more than 64MB of memory"):
        lake_answer(
            lake.place, "SELECT list(range::VARCHAR) FROM range(10000000)", memory_limit="64MB"
        )

    assert lake.query("SELECT current_setting('memory_limit') AS it").equals(before)
    lake.close()


def test_a_large_sort_spills_beside_the_writers_own_folder(tmp_path: Path) -> None:
    """A question beyond its memory is answered from disk, and leaves nothing behind."""
    lake = Lake(prepared_lake(tmp_path))
    before = sorted(tmp_path.iterdir())

    found = lake_answer(
        lake.place,
        "SELECT count(*) AS rows FROM (SELECT md5(range::VARCHAR) AS text FROM range(2000000) "
        "GROUP BY text)",
        memory_limit="100MB",
    )

    assert found["rows"].item() == 2_000_000
    assert sorted(tmp_path.iterdir()) == before
    lake.close()


@pytest.mark.parametrize("amount", ["", "2", "0GB", "2 GB'; DROP TABLE x; --", "2TB"])
def test_an_amount_of_memory_is_checked(tmp_path: Path, amount: str) -> None:
    """Only megabytes and gigabytes are amounts; nothing else reaches DuckDB."""
    lake = Lake(prepared_lake(tmp_path))

    with pytest.raises(ValueError, match="no amount of memory"):
        lake_answer(lake.place, COUNT, memory_limit=amount)
    lake.close()

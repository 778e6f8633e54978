"""The mart is what its sources say, day by day, however it came to be."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from dashboards.margin import margin_total, monthly_parts
from dashboards.mart import refresh
from dashboards.mart.reading import read_cube
from dashboards.mart.refresh import COLUMNS, refresh_margin
from dashboards.mart.sources import files_by_month
from dashboards.mart.stored import stored_digests
from storage.lake import Lake
from storage.lake_replacement import DayReplacement, replace_days_once
from storage.lake_tables import COST, MARGIN_DAILY
from storage.state import State, open_state
from tests.dashboards.seed import MONTHS, NOW, cost_frame, open_seeded
from tests.prepared import prepared_lake

OCTOBER = date(2026, 10, 1)
LATER = NOW + timedelta(hours=1)
House = tuple[Lake, State]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    lake, state = open_seeded(tmp_path)
    yield lake, state
    lake.close()
    state.close()


def mart_of(lake: Lake) -> pl.DataFrame:
    return lake.scan(MARGIN_DAILY).sort(*COLUMNS).collect()


def parts_of(lake: Lake, state: State) -> pl.DataFrame:
    parts = read_cube(lake, state).parts
    return parts.sort(parts.columns)


def add_cost(lake: Lake, month: date) -> None:
    """Append one cost that names its account, as if a provider billed late."""
    own = cost_frame("late").filter((pl.col("month") == month) & pl.col("account_id").is_not_null())
    assert lake.append_unless(COST, own.head(1), column="import_id", value="late")


def test_a_new_house_has_an_empty_mart(tmp_path: Path) -> None:
    """Without lines and costs there is nothing to refresh, and an empty cube."""
    lake, state = Lake(prepared_lake(tmp_path / "lake")), open_state("", tmp_path)

    assert refresh_margin(lake, state, at=NOW) == 0
    assert read_cube(lake, state).months == ()
    lake.close()
    state.close()


def test_the_mart_is_the_cube(house: House) -> None:
    """The mart's days summed by month are the parts every page shows, row for row."""
    lake, state = house
    expected = parts_of(lake, state)

    assert refresh_margin(lake, state, at=NOW) >= len(MONTHS) * 28
    monthly = monthly_parts(lake.scan(MARGIN_DAILY)).collect().select(expected.columns)
    assert monthly.sort(monthly.columns).equals(expected)


def test_a_refresh_repeated_changes_nothing(house: House) -> None:
    """A second refresh touches no day and writes no file."""
    lake, state = house
    refresh_margin(lake, state, at=NOW)
    files = lake.files(MARGIN_DAILY)

    assert refresh_margin(lake, state, at=LATER) == 0
    assert lake.files(MARGIN_DAILY) == files


def test_one_day_is_refreshed_alone(house: House) -> None:
    """A late cost of one day makes that day be computed again, and no other."""
    lake, state = house
    refresh_margin(lake, state, at=NOW)
    add_cost(lake, OCTOBER)

    assert refresh_margin(lake, state, at=LATER) == 1
    mart = mart_of(lake)
    assert mart.filter(pl.col("computed_at") == LATER)["day"].unique().to_list() == [OCTOBER]
    assert margin_total(mart) == margin_total(parts_of(lake, state))


def test_a_page_never_waits_for_the_mart(house: House) -> None:
    """A cost is in the cube at once, whether the mart was refreshed since or not."""
    lake, state = house
    refresh_margin(lake, state, at=NOW)
    before = margin_total(parts_of(lake, state))
    add_cost(lake, OCTOBER)

    assert margin_total(parts_of(lake, state)).cogs_cad > before.cogs_cad


def test_a_process_that_starts_reads_the_mart(tmp_path: Path, house: House) -> None:
    """What a new process reads from the mart is what it would compute from the sources."""
    lake, state = house
    refresh_margin(lake, state, at=NOW)
    expected = parts_of(lake, state)
    assert len(stored_digests(state)) == len(MONTHS)
    lake.close()
    reopened = Lake(tmp_path / "lake")

    assert parts_of(reopened, state).equals(expected)
    reopened.close()


def test_a_crash_leaves_no_wrong_month(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between rows and digest, the month is computed by readers and repeated by the job."""
    lake, state = house
    refresh_margin(lake, state, at=NOW)
    add_cost(lake, OCTOBER)

    def replace_and_die(lake: Lake, new: DayReplacement) -> None:
        replace_days_once(lake, new)
        raise KeyboardInterrupt

    monkeypatch.setattr(refresh, "replace_days_once", replace_and_die)
    with pytest.raises(KeyboardInterrupt):
        refresh_margin(lake, state, at=LATER)
    monkeypatch.undo()

    assert OCTOBER not in stored_digests(state)
    assert margin_total(mart_of(lake)) == margin_total(parts_of(lake, state))
    assert refresh_margin(lake, state, at=LATER) == 0
    assert OCTOBER in stored_digests(state)


def test_an_unpartitioned_file_is_refused() -> None:
    """A file outside a month's folder is told instead of being left out."""
    with pytest.raises(ValueError, match="no folder of a month"):
        files_by_month(["data/core/rated_line/x.parquet"])

"""A cost file larger than memory would like is read in pieces, and is still one file."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from dashboards.costs import focus_text, staging
from dashboards.costs.cost_store import costs_in_effect
from dashboards.costs.importing import CostImport, Delivery, import_costs
from dashboards.costs.staging import PREFIX
from storage.lake import Lake
from storage.lake_tables import COST
from tests.dashboards.costs.charge_rows import AT
from tests.dashboards.costs.focus_files import SOUND, a_row, focus_file
from tests.dashboards.costs.many_rows import write_focus

USD = {"USD": Decimal("1.39")}
KEYED = [*SOUND, "x_fc_key"]


@pytest.fixture
def _in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read 40 rows at a time and judge a part for each kilobyte or two."""
    monkeypatch.setattr(focus_text, "ROWS_AT_ONCE", 40)
    monkeypatch.setattr(staging, "BYTES_PER_PART", 9_000)


def kept(lake: Lake) -> pl.DataFrame:
    return lake.scan(COST).drop("recorded_at").collect().sort("row_number")


def left_behind(lake: Lake) -> list[Path]:
    return list(lake.folder.glob(f"{PREFIX}*"))


def test_pieces_are_the_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in pieces a file gives the rows, keys and sums that it gives when read at once."""
    written = write_focus(tmp_path / "many.csv", 300)
    lakes = [Lake(tmp_path / name) for name in ("whole", "pieces")]
    found: list[CostImport] = []
    for lake in lakes:
        found.append(import_costs(lake, tmp_path / "many.csv", USD, at=AT))
        monkeypatch.setattr(focus_text, "ROWS_AT_ONCE", 40)
        monkeypatch.setattr(staging, "BYTES_PER_PART", 9_000)

    whole, pieces = map(kept, lakes)
    assert whole.equals(pieces)
    assert found[0] == found[1]
    assert (found[1].rows, found[1].effective_cost) == (300, {"USD": written.effective_cost})
    assert found[1].tax == {"USD": written.tax}
    assert left_behind(lakes[1]) == []
    for lake in lakes:
        lake.close()


@pytest.mark.usefixtures("_in_pieces")
def test_a_row_too_many_leaves_nothing(lake: Lake, tmp_path: Path) -> None:
    """A file of as many rows as the limit is taken; one more is told by its row and line."""
    sound, larger = tmp_path / "sound.csv", tmp_path / "larger.csv"
    write_focus(sound, 200)
    write_focus(larger, 201)

    refused = import_costs(lake, larger, USD, rows_max=200)
    nothing = lake.scan(COST).collect().height
    taken = import_costs(lake, sound, USD, rows_max=200)

    assert [fault.place for fault in refused.errors] == ["row 201, line 202"]
    assert "more than 200 rows" in refused.errors[0].reason
    assert (nothing, taken.rows, left_behind(lake)) == (0, 200, [])


@pytest.mark.usefixtures("_in_pieces")
def test_a_fault_in_the_last_row_leaves_nothing(lake: Lake, tmp_path: Path) -> None:
    """Whatever was read before the last row, its fault is told by column, and nothing is kept."""
    write_focus(tmp_path / "torn.csv", 250, last="=1+1")

    found = import_costs(lake, tmp_path / "torn.csv", USD)

    assert [fault.place for fault in found.errors] == ["row 250, line 251, EffectiveCost"]
    assert lake.scan(COST).collect().is_empty()
    assert left_behind(lake) == []


@pytest.mark.usefixtures("_in_pieces")
@pytest.mark.parametrize("revisions", [(1, 2), (None, None)])
def test_a_series_of_large_files(lake: Lake, revisions: tuple[int | None, int | None]) -> None:
    """Part by part a newer file supersedes rows, withdraws what it lacks, and repeats nothing."""
    first = [a_row(x_fc_key=f"k-{number}") for number in range(120)]
    second = [a_row(x_fc_key=f"k-{number}", EffectiveCost="2") for number in range(60, 150)]
    for place, (rows, revision) in enumerate(zip((first, second), revisions, strict=True)):
        delivery = Delivery("aws", revision, is_complete=True)
        content = focus_file(*rows, header=KEYED)
        done = import_costs(lake, content, {}, delivery=delivery, at=AT + timedelta(days=place))
        assert (done.errors, done.rows) == ((), len(rows))
        again = import_costs(lake, content, {}, delivery=delivery, at=AT + timedelta(days=9))
        assert again.already_imported

    counted = costs_in_effect(lake).collect()
    assert sorted(counted["source_key"]) == sorted(f"k-{number}" for number in range(60, 150))
    assert set(counted["effective_cost"]) == {Decimal(2)}


@pytest.mark.usefixtures("_in_pieces")
def test_a_key_told_twice_far_apart(lake: Lake) -> None:
    """A key that comes again pieces later is found, by its row, and nothing is kept."""
    rows = [a_row(x_fc_key=f"k-{number}") for number in range(100)]

    found = import_costs(lake, focus_file(*rows, a_row(x_fc_key="k-3"), header=KEYED), {})

    assert [(fault.row_number, fault.column) for fault in found.errors] == [(101, "source_key")]
    assert lake.scan(COST).collect().is_empty()

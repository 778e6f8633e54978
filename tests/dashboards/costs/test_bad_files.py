"""A cost file with anything wrong in it is refused by line and column, and leaves nothing."""

import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from dashboards.costs import focus, focus_text
from dashboards.costs.cost_store import costs_in_effect
from dashboards.costs.drop_folder import import_dropped
from dashboards.costs.fx import FxRates
from dashboards.costs.importing import Delivery, import_costs
from storage.lake import Lake
from storage.lake_tables import COST
from tests.dashboards.costs.charge_rows import AT
from tests.dashboards.costs.focus_files import SOUND, a_row, focus_file

SERIES = Delivery("aws", 1)
LATIN = focus_file(a_row(), a_row(ChargeDescription="Stockage Montréal")).decode().encode("latin-1")
WITHOUT = {name: text for name, text in SOUND.items() if name != "BilledCost"}
BAD = {
    "a currency without a rate": (focus_file(a_row(), a_row(BillingCurrency="EUR")),
                                  "row 2, line 3, BillingCurrency"),
    "no currency at all": (focus_file(a_row(), a_row(BillingCurrency="dollars")),
                           "row 2, line 3, BillingCurrency"),
    "a missing column": (focus_file(WITHOUT), "the file"),
    "a negative quantity": (focus_file(a_row(), a_row(ConsumedQuantity="-3"),
                                       header=[*SOUND, "ConsumedQuantity"]),
                            "row 2, line 3, ConsumedQuantity"),
    "a formula for a cost": (focus_file(a_row(), a_row(EffectiveCost="=SUM(A1:A9)")),
                             "row 2, line 3, EffectiveCost"),
    "a formula for a name": (focus_file(a_row(x_fc_service='=HYPERLINK("x")')),
                             "row 1, line 2, x_fc_service"),
    "mixed encodings": (LATIN, "line 3"),
    "an encoding of two bytes": (focus_file(a_row()).decode().encode("utf-16"), "line 1"),
    "a torn last row": (focus_file(a_row()) + b"1,2,3\r\n", "row 2, line 3"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "place"), BAD.values(), ids=list(BAD))
def test_a_bad_file_leaves_nothing(lake: Lake, content: bytes, place: str) -> None:
    """Whatever is wrong is told by row, line and column, and no row of the file is kept."""
    found = import_costs(lake, content, {})

    assert found.errors[0].place == place, found.errors
    assert lake.scan(COST).collect().is_empty()


def test_a_bad_file_is_set_aside_with_its_faults(lake: Lake, tmp_path: Path) -> None:
    """In the watched folder each bad file goes to refused beside its faults; a sound one in."""
    for name, (content, _) in BAD.items():
        (tmp_path / f"{name}.csv").write_bytes(content)
    (tmp_path / "sound.csv").write_bytes(focus_file(a_row()))

    done = import_dropped(lake, tmp_path, FxRates(), at=AT.replace(year=2090))

    assert sum(bool(each.result.errors) for each in done) == len(BAD)
    told = sorted((tmp_path / "refused").glob("*.faults.txt"))
    assert len(told) == len(BAD)
    wanted = {place for _, place in BAD.values()}
    assert {each.read_text().split(": ")[0] for each in told} == wanted
    assert costs_in_effect(lake).collect()["effective_cost"].to_list() == [Decimal("1.25")]


def test_overlapping_revisions(lake: Lake) -> None:
    """A revision told otherwise, or a key told twice, is refused; the first telling stands."""
    keyed = [*SOUND, "x_fc_key"]
    first = focus_file(a_row(x_fc_key="a"), header=keyed)
    other = focus_file(a_row(x_fc_key="b"), a_row(x_fc_key="a", EffectiveCost="9"), header=keyed)
    twice = focus_file(a_row(x_fc_key="c"), a_row(x_fc_key="c"), header=keyed)
    later = focus_file(a_row(x_fc_key="a", EffectiveCost="9"), header=keyed)
    taken = import_costs(lake, first, {}, delivery=SERIES, at=AT)

    refused = [import_costs(lake, each, {}, delivery=SERIES, at=AT) for each in (other, twice)]

    assert taken.errors == ()
    assert [(each.errors[0].row_number, each.errors[0].column) for each in refused] == [
        (2, "revision"), (2, "source_key"),
    ]  # fmt: skip
    assert costs_in_effect(lake).collect()["effective_cost"].to_list() == [Decimal("1.25")]
    assert import_costs(lake, later, {}, delivery=Delivery("aws", 2), at=AT).errors == ()
    assert costs_in_effect(lake).collect()["effective_cost"].to_list() == [Decimal(9)]


def test_faults_without_end_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is faulty throughout tells so many faults and no more, and where it stopped."""
    monkeypatch.setattr(focus, "FAULTS_MAX", 3)
    rows: list[Mapping[str, str]] = [a_row(EffectiveCost="x")] * 9

    found = focus.focus_charges(focus_file(*rows))

    assert [fault.row_number for fault in found.faults] == [1, 2, 3, 4]
    assert "more than 3 faults" in found.faults[-1].reason


def test_pieces_are_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in pieces a file gives the rows, numbers and faults that it gives when read at once."""
    rows = [a_row(EffectiveCost=f"{number}.5", ChargeDescription="é" * number)
            for number in range(25)]  # fmt: skip
    whole = focus.focus_charges(focus_file(*rows))
    faulty = focus_file(*rows, a_row(EffectiveCost="x"))
    told = focus.focus_charges(faulty).faults
    monkeypatch.setattr(focus_text, "ROWS_AT_ONCE", 4)
    monkeypatch.setattr(focus_text, "BYTES_AT_ONCE", 3)

    assert focus.focus_charges(focus_file(*rows)).frame.equals(whole.frame)
    assert focus.focus_charges(faulty).faults == told
    assert focus.focus_charges(LATIN).faults[0].line_number == 3


MEMORY = """
import resource, sys
from dashboards.costs import focus_text
from dashboards.costs.focus import focus_charges
from tests.dashboards.costs.focus_files import a_row, focus_file
head, row = focus_file(a_row()).split(chr(13).encode())[:2]
focus_text.ROWS_AT_ONCE = 5_000
def peak(count):
    found = focus_charges(head + row * count)
    assert not found.faults and found.frame.height == count
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
first, second = peak(10_000), peak(40_000)
print((second - first) * 1024 // 30_000)
"""


def test_memory_grows_by_rows_kept_alone() -> None:
    """A row that is read costs memory for what is kept of it, not for its text over and over."""
    run = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, check=True, text=True, timeout=120
    )

    assert int(run.stdout) < 1500, "bytes for each further row"

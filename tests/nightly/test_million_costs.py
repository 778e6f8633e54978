"""A whole cost file of a million rows: taken or refused, in bounded memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dashboards.costs.many_rows import write_focus

pytestmark = pytest.mark.nightly

MILLION = 1_000_000
MEMORY_MB_MAX = 700
SECONDS_MAX = 1800
IMPORTED = """
import json, resource, sys
from decimal import Decimal
from pathlib import Path
from dashboards.costs.importing import import_costs
from storage.lake import Lake
from storage.lake_tables import COST
import polars as pl
lake = Lake(Path(sys.argv[1]))
found = import_costs(lake, Path(sys.argv[2]), {"USD": Decimal("1.39")})
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
kept = lake.scan(COST).select(pl.len()).collect().item()
print(json.dumps({"rows": found.rows, "kept": kept, "peak": peak,
                  "cost": str(found.effective_cost.get("USD")),
                  "faults": [each.place for each in found.errors]}))
lake.close()
"""


def imported(folder: Path, file: Path) -> dict[str, object]:
    command = [sys.executable, "-c", IMPORTED, str(folder), str(file)]
    run = subprocess.run(command, capture_output=True, check=True, text=True, timeout=SECONDS_MAX)
    found: dict[str, object] = json.loads(run.stdout)
    return found


def test_a_million_rows_are_taken(tmp_path: Path) -> None:
    """A million rows go in with the sum they were written with, in less than 700 MB."""
    written = write_focus(tmp_path / "million.csv", MILLION)

    found = imported(tmp_path / "lake", tmp_path / "million.csv")

    assert (found["rows"], found["kept"], found["faults"]) == (MILLION, MILLION, [])
    assert str(found["cost"]).rstrip("0") == str(written.effective_cost).rstrip("0")
    assert int(str(found["peak"])) < MEMORY_MB_MAX


@pytest.mark.parametrize(
    ("rows", "last", "place"),
    [
        (MILLION + 1, None, f"row {MILLION + 1}, line {MILLION + 2}"),
        (MILLION, "=1+1", f"row {MILLION}, line {MILLION + 1}, EffectiveCost"),
    ],
)
def test_a_million_rows_are_refused(
    tmp_path: Path, rows: int, last: str | None, place: str
) -> None:
    """One row too many, or a fault in the last one, is told by its place and keeps nothing."""
    write_focus(tmp_path / "million.csv", rows, last=last)

    found = imported(tmp_path / "lake", tmp_path / "million.csv")

    assert (found["kept"], found["faults"]) == (0, [place])
    assert int(str(found["peak"])) < MEMORY_MB_MAX

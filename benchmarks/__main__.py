"""Measure and print one line each: `python -m benchmarks [--rows N]`, or `make bench`."""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.flush import flush_figures
from benchmarks.intake import intake_figures
from benchmarks.month import month_figures
from benchmarks.pricing import pricing_figures

ROWS = 1_000_000
ROWS_MIN = 10_000
INTAKE_SHARE, FLUSH_SHARE, PRICING_SHARE = 50, 25, 100


def main() -> None:
    """Run every measurement in a folder that is thrown away."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--rows", type=int, default=ROWS, help=f"usage rows of the month (default {ROWS:,})"
    )
    parser.add_argument("--folder", type=Path, help="where to work: the disk that is measured")
    given = parser.parse_args()
    rows = max(given.rows, ROWS_MIN)
    print(f"{rows:,} rows; a ratio above 1 means that we are faster; medians of turns")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for line in _lines(Path(folder), rows):
            print(line, flush=True)


def _lines(folder: Path, rows: int) -> Iterator[Figure | str]:
    yield from intake_figures(folder, rows // INTAKE_SHARE)
    yield from flush_figures(folder, rows // FLUSH_SHARE)
    yield from month_figures(folder, rows)
    yield from pricing_figures(rows // PRICING_SHARE)


if __name__ == "__main__":
    main()

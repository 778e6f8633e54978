"""Measure and print: `python -m benchmarks`, or `make bench`; the sizes are arguments."""

import argparse
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from benchmarks.billing import billing_figures
from benchmarks.current_usage import current_usage_figures
from benchmarks.figures import Figure
from benchmarks.flush import flush_figures
from benchmarks.hostile import hostile_figures
from benchmarks.http_intake import http_figures
from benchmarks.intake import intake_figures
from benchmarks.key_index import key_index_figures
from benchmarks.lake import lake_figures
from benchmarks.machine import facts
from benchmarks.margin import margin_figures
from benchmarks.month import month_figures
from benchmarks.odoo import odoo_figures
from benchmarks.pricing import pricing_figures
from benchmarks.rerating import rerating_figures

Lines: TypeAlias = Iterator[Figure | str]
ROWS_MIN = 10_000
INTAKE_SHARE, PRICING_SHARE, HOSTILE_SHARE = 20, 100, 6
SIZES: dict[str, tuple[int, str]] = {
    "requests": (6_000, "pushes of one event over HTTP in each turn; a tenth as many of 100"),
    "keys": (1_000_000, "keys in the key index"),
    "flushes": (500, "flushes of 1,000 events into one lake"),
    "rows": (1_000_000, "usage rows of the month"),
    "trials": (200, "pushes that are asked for at once"),
    "accounts": (1_000, "accounts of 24 months whose margin is asked for"),
    "invoices": (1_000, "invoices made and posted in Odoo by each way"),
    "moves": (3_000, "invoices in Odoo that the feed looks at"),
}
PARTS: dict[str, Callable[[Path, Namespace], Lines]] = {
    "http": lambda folder, sizes: http_figures(folder, sizes.requests),
    "hostile": lambda folder, sizes: hostile_figures(folder, sizes.requests // HOSTILE_SHARE),
    "intake": lambda folder, sizes: intake_figures(folder, sizes.rows // INTAKE_SHARE),
    "flush": lambda folder, sizes: flush_figures(folder, sizes.keys),
    "keys": lambda folder, sizes: key_index_figures(folder, sizes.keys),
    "lake": lambda folder, sizes: lake_figures(folder, sizes.flushes),
    "usage": lambda folder, sizes: current_usage_figures(folder, sizes.rows, sizes.trials),
    "month": lambda folder, sizes: month_figures(folder, sizes.rows, sizes.chdb),
    "bill": lambda folder, sizes: billing_figures(folder, sizes.rows),
    "rating": lambda _folder, sizes: pricing_figures(sizes.rows // PRICING_SHARE),
    "rerating": lambda folder, sizes: rerating_figures(folder, sizes.rows),
    "margin": lambda folder, sizes: margin_figures(folder, sizes.accounts),
    "odoo": lambda folder, sizes: odoo_figures(folder, sizes.invoices, sizes.moves),
}


def main() -> None:
    """Run every measurement that was asked for, each in a folder that is thrown away."""
    given = _arguments()
    print(facts())
    told = ", ".join(f"{getattr(given, name):,} {name}" for name in SIZES)
    print(f"{told}; a ratio above 1 means that we are faster; medians of turns")
    for name in given.only:
        print(f"\n{name}")
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            for line in PARTS[name](Path(folder), given):
                print(line, flush=True)
    print(f"\nat the end: {facts()}")


def _arguments() -> Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    for name, (default, words) in SIZES.items():
        parser.add_argument(
            f"--{name}", type=int, default=default, help=f"{words} (default {default:,})"
        )
    parser.add_argument("--folder", type=Path, help="where to work: the disk that is measured")
    parser.add_argument(
        "--chdb", type=Path, help="a Python that has chDB: ClickHouse counts the month beside us"
    )
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), help="some of the parts"
    )
    given = parser.parse_args()
    given.rows = max(given.rows, ROWS_MIN)
    return given


if __name__ == "__main__":
    main()

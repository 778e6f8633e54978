"""Odoo's posted lines at hand, computed again when the mirror or the rated lines changed."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import polars as pl

from dashboards.margin import CURRENCY, Basis, monthly_parts
from dashboards.margin.invoiced import invoiced_daily, known_lines, with_other_revenue
from dashboards.mart.cube import FOREIGN, Cube
from odoo_bridge.change_feed.invoice_lines import invoiced_lines
from storage.lake import Lake
from storage.lake_tables import INVOICE_LINE, RATED_LINE

OF_RATED = ("id", "service", "plan_code", "metric_code")


@dataclass(frozen=True, slots=True)
class Invoiced:
    """All posted lines with whose they are, and their parts by day; `digest` names this state."""

    digest: str
    lines: pl.DataFrame
    daily: pl.DataFrame

    @property
    def parts(self) -> pl.DataFrame:
        """Return the parts by month."""
        return monthly_parts(self.daily.lazy()).collect()

    @property
    def foreign(self) -> pl.DataFrame:
        """Count the lines in other currencies, which no total here contains."""
        keys = [name for name in FOREIGN if name != "lines_count"]
        others = self.lines.filter(pl.col("currency") != CURRENCY)
        return others.group_by(keys).agg(lines_count=pl.len()).select(list(FOREIGN))


_KEPT: WeakKeyDictionary[Lake, Invoiced] = WeakKeyDictionary()
_LOCK = threading.Lock()


def read_invoiced(lake: Lake) -> Invoiced:
    """Return the lines that Odoo has posted, as the lake is now."""
    # Without an invoiced line it does not matter what was rated.
    tables = (INVOICE_LINE, RATED_LINE) if lake.files(INVOICE_LINE) else ()
    digest = _digest([path for table in tables for path, _ in lake.files(table)])
    with _LOCK:
        kept = _KEPT.get(lake)
        if kept is None or kept.digest != digest:
            rated = lake.scan_files(RATED_LINE, [path for path, _ in lake.files(RATED_LINE)]
                                    if tables else []).select(OF_RATED)  # fmt: skip
            lines = known_lines(invoiced_lines(lake), rated).collect()
            kept = Invoiced(digest, lines, invoiced_daily(lines.lazy()).collect())
            _KEPT[lake] = kept
        return kept


def cube_on_basis(lake: Lake, cube: Cube, basis: Basis) -> Cube:
    """Return the figures with revenue on another basis; COGS and units stay as they are."""
    if basis is not Basis.INVOICED:
        return cube
    invoiced = read_invoiced(lake)
    name = f"invoiced {invoiced.digest}"

    def on_basis() -> Cube:
        parts = with_other_revenue(cube.parts, invoiced.parts)
        return cube.with_parts(name, parts, foreign=invoiced.foreign)

    return cube.remembered(name, on_basis)


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()

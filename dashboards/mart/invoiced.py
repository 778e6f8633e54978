"""Odoo's posted lines at hand, computed again when the mirror or the rated lines changed.

They are those of now, as seen at a time, or as months were closed.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

import polars as pl

from dashboards.margin import CURRENCY, Basis, monthly_parts
from dashboards.margin.invoiced import invoiced_daily, known_lines, with_other_revenue
from dashboards.margin.pinned import Pinned, rows_as_closed
from dashboards.mart.cube import FOREIGN, Cube
from odoo_bridge.change_feed.invoice_lines import invoiced_history, invoiced_lines
from storage.lake import Lake
from storage.lake_tables import INVOICE_LINE, RATED_LINE

STATES_KEPT_MAX = 4
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


_KEPT: WeakKeyDictionary[Lake, OrderedDict[str, Invoiced]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def read_invoiced(lake: Lake, as_of: datetime | None = None) -> Invoiced:
    """Return the lines that Odoo has posted, as the lake is now or as they were seen at a time."""

    def lines(rated: pl.LazyFrame) -> pl.DataFrame:
        return known_lines(invoiced_lines(lake, as_of), rated).collect()

    return _kept(lake, f"as of {as_of}", lines)


def invoiced_as_closed(lake: Lake, pinned: Pinned) -> Invoiced:
    """Return the lines of closed months as they had been seen when those were closed.

    What was seen later stands in the next open month, or in that of the close that came after.
    """

    def lines(rated: pl.LazyFrame) -> pl.DataFrame:
        every = known_lines(invoiced_history(lake), rated).collect()
        return rows_as_closed(every, pinned, "untaxed_cents")

    told = sorted((service, sorted(kept.items())) for service, kept in pinned.items())
    return _kept(lake, f"as closed {told}", lines)


def cube_on_basis(cube: Cube, basis: Basis, invoiced: Callable[[], Invoiced]) -> Cube:
    """Return the figures with revenue on another basis; COGS and units stay as they are."""
    if basis is not Basis.INVOICED:
        return cube
    posted = invoiced()

    def on_basis() -> Cube:
        parts = with_other_revenue(cube.parts, posted.parts)
        return cube.with_parts(name, parts, foreign=posted.foreign)

    name = f"invoiced {posted.digest}"
    return cube.other_state(name, on_basis)


def _kept(lake: Lake, question: str, answer: Callable[[pl.LazyFrame], pl.DataFrame]) -> Invoiced:
    """Return the lines of one question, computed once for each state of the lake."""
    # Without an invoiced line it does not matter what was rated.
    tables = (INVOICE_LINE, RATED_LINE) if lake.files(INVOICE_LINE) else ()
    digest = _digest([question, *(path for table in tables for path, _ in lake.files(table))])
    with _LOCK:
        kept = _KEPT.setdefault(lake, OrderedDict())
        if digest not in kept:
            rated = lake.scan_files(RATED_LINE, [path for path, _ in lake.files(RATED_LINE)]
                                    if tables else []).select(OF_RATED)  # fmt: skip
            lines = answer(rated)
            kept[digest] = Invoiced(digest, lines, invoiced_daily(lines.lazy()).collect())
        kept.move_to_end(digest)
        while len(kept) > STATES_KEPT_MAX:
            kept.popitem(last=False)
        return kept[digest]


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()

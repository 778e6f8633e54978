"""Reads a source of costs window by window: each whole or not at all, on from where it was.

Days that were read are read again for a while, because providers restate them.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl

from catalog.money import MONEY_CONTEXT, ZERO
from dashboards.costs.charges import Stamp, cost_rows
from dashboards.costs.cost_cursor import cursor_position, move_cursor
from dashboards.costs.cost_store import append_costs
from dashboards.costs.faults import RowFault
from dashboards.costs.fx import FxRates
from dashboards.costs.fx_store import read_rates
from dashboards.costs.sources.source import CostSource, Window, recorded
from storage.lake import Lake
from storage.state import State

RESTATED = timedelta(days=5)
FIRST_READING = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a reading; with faults the window they are of was not taken, nor any later."""

    source: str
    since: date
    until: date
    rows: int = 0
    new_count: int = 0
    cogs_cad: Decimal = ZERO
    faults: tuple[RowFault, ...] = ()


def read_source(
    lake: Lake,
    state: State,
    source: CostSource,
    *,
    at: datetime,
    since: date | None = None,
    until: date | None = None,
    dry_run: bool = False,
) -> Reading:
    """Take in what a source charged for the days [since, until), over UTC days that are over.

    Without `since` it goes on a little before where the last reading ended. A row that a provider
    tells otherwise gets a newer revision, one it no longer tells is withdrawn. A dry run keeps
    nothing. ValueError where the source gives no answer; windows before it stay taken.
    """
    with state.read() as connection:
        position, rates = cursor_position(connection, source.name), read_rates(connection)
    end = min(until or at.astimezone(UTC).date(), at.astimezone(UTC).date())
    start = since or (date.fromisoformat(position) - RESTATED if position else end - FIRST_READING)
    done = Reading(source.name, start, end)
    for window in source.discover(start, end):
        done = _taken(lake, source, window, rates, at, done, dry_run=dry_run)
        if done.faults:
            return done
        if not dry_run and (position is None or window.end.isoformat() > position):
            position = window.end.isoformat()
            with state.write() as connection:
                move_cursor(connection, source.name, position, at)
    return done


def _taken(
    lake: Lake,
    source: CostSource,
    window: Window,
    rates: FxRates,
    at: datetime,
    done: Reading,
    *,
    dry_run: bool,
) -> Reading:
    content = recorded(list(source.fetch(window)))
    charges = source.normalise(content)
    stamp = Stamp(source.name, hashlib.sha256(content).hexdigest(), at)
    read = cost_rows(charges, rates, stamp)
    faults = (*read.faults, *_outside(read.costs, window))
    if faults:
        return replace(done, faults=faults)
    cogs: Decimal | None = read.costs.select(pl.col("cogs_cad").sum()).item()
    new_count = 0
    if not dry_run and not read.costs.is_empty():
        kept = append_costs(lake, read.costs, at=at, is_complete=True)
        new_count, faults = kept.new_count, kept.faults
    return replace(
        done,
        rows=done.rows + read.costs.height,
        new_count=done.new_count + new_count,
        cogs_cad=MONEY_CONTEXT.add(done.cogs_cad, cogs or ZERO),
        faults=faults,
    )


def _outside(costs: pl.DataFrame, window: Window) -> list[RowFault]:
    """Return a fault for each row of a day that was not asked for: it would be half a day."""
    day = pl.col("day")
    found = costs.filter((day < window.start) | (day >= window.end))
    return [
        RowFault(row, f"{day} was not asked for ({window.start} to {window.end})", "day")
        for row, day in found.select("row_number", "day").iter_rows()
    ]

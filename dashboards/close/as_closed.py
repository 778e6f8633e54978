"""The figures of all months as they are now, were at a time, or with months as closed."""

from collections.abc import Sequence

import polars as pl

from dashboards.close.books import parts_as_closed
from dashboards.close.close_store import books_after, decisions, decisions_digest, latest_of
from dashboards.close.month_close import MonthClose, effective
from dashboards.margin.pinned import Pinned, rows_as_closed
from dashboards.mart.cube import Cube
from dashboards.mart.invoiced import Invoiced, invoiced_as_closed, read_invoiced
from dashboards.mart.reading import cube_known_at, read_cube
from dashboards.rated_lines import lines_known
from dashboards.reports.filters import CLOSE, Filters
from storage.lake import Lake
from storage.lake_tables import RATED_LINE
from storage.state import State


def cube_as_of(lake: Lake, state: State, filters: Filters) -> Cube:
    """Return the figures of now, as closed, or as known at a time; each computed once."""
    if filters.known_at is not None:
        return cube_known_at(lake, state, filters.known_at)
    cube = read_cube(lake, state)
    if filters.as_of != CLOSE:
        return cube
    with state.read() as connection:
        known = decisions(connection)
    name = f"as closed {decisions_digest(known)}"
    return cube.other_state(name, lambda: _as_closed(cube, state, name, known))


def invoiced_as_of(lake: Lake, state: State, filters: Filters) -> Invoiced:
    """Return what Odoo has posted as of now, as known at a time, or with months as closed."""
    if filters.as_of == CLOSE:
        return invoiced_as_closed(lake, pinned_months(state))
    return read_invoiced(lake, filters.known_at)


def rated_as_of(lake: Lake, state: State, filters: Filters, columns: Sequence[str]) -> pl.DataFrame:
    """Return rated lines of now, as known at a time, or in the months of the closes they are in."""
    lines = lines_known(lake, filters.known_at)
    if filters.as_of != CLOSE:
        return lines.select(columns).collect()
    until = pl.lit(None, RATED_LINE.polars_schema["rated_at"])
    every = lines.select(*columns, known_from="rated_at", known_until=until).collect()
    return rows_as_closed(every, pinned_months(state), "amount_cents")


def pinned_months(state: State) -> Pinned:
    """Return when the figures of each service's closed months were kept."""
    with state.read() as connection:
        latest = latest_of(decisions(connection))
    return {
        service: {each.month: each.kept.pins.known_at for each in effective(months) if each.kept}
        for service, months in latest.items()
    }


def _as_closed(cube: Cube, state: State, name: str, known: Sequence[MonthClose]) -> Cube:
    with state.read() as connection:
        books = books_after(connection, known)
    return cube.with_parts(name, parts_as_closed(cube.parts, books.values()))

"""The figures of all months as they are now, were at a time, or with months as closed."""

import hashlib
from collections.abc import Sequence

from dashboards.close.books import parts_as_closed
from dashboards.close.close_store import books_after, decisions
from dashboards.close.month_close import MonthClose
from dashboards.mart.cube import Cube, cube_known_at, read_cube
from dashboards.reports.filters import CLOSE, Filters
from storage.lake import Lake
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
    told = "\n".join(
        f"{close.service_code} {close.month} {close.revision} {close.state}" for close in known
    )
    name = f"as closed {hashlib.sha256(told.encode()).hexdigest()}"
    return cube.remembered(name, lambda: _as_closed(cube, state, name, known))


def _as_closed(cube: Cube, state: State, name: str, known: Sequence[MonthClose]) -> Cube:
    with state.read() as connection:
        books = books_after(connection, known)
    return cube.with_parts(name, parts_as_closed(cube.parts, books.values()))

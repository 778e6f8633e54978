"""Attributed costs as margin needs them: the one place that knows where they come from."""

from datetime import date, datetime

import polars as pl

from dashboards.costs.attributed import attributed_costs
from dashboards.costs.cost_store import costs_in_effect
from storage.lake import Lake
from storage.state import State


def attributed(
    lake: Lake, state: State, *, first: date, last: date, as_of: datetime | None = None
) -> pl.LazyFrame:
    """Return the costs of the days `first` to `last`, both included, with whose they are."""
    return attributed_costs(lake, state, first=first, last=last, as_of=as_of)


def costs_that_count(lake: Lake) -> pl.LazyFrame:
    """Return the cost rows in effect, with all their columns."""
    return costs_in_effect(lake)

"""Provider cost with its owners, read from lake and state: what margins are made of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from dashboards.costs.attribution import USAGE_SCHEMA, attributed, divided, summed, with_rules
from dashboards.costs.cost_store import costs_in_effect
from dashboards.costs.estimates import Estimates, compared, estimated, unbilled
from dashboards.costs.fx_store import read_rates
from dashboards.costs.price_store import cost_prices
from dashboards.costs.rule_store import cost_rules
from dashboards.costs.rules import CostRule, RuleKind
from dashboards.costs.used_quantities import used_quantities
from storage.lake import Lake
from storage.state import State


@dataclass(frozen=True, slots=True)
class _Read:
    """What counts in some days: costs, rules, the usage they divide by, and estimates.

    `covering` are the costs of these days and those of earlier days that last into them.
    """

    costs: pl.DataFrame
    covering: pl.DataFrame
    rules: list[CostRule]
    usage: pl.DataFrame
    estimates: Estimates


def attributed_costs(
    lake: Lake, state: State, *, first: date, last: date, as_of: datetime | None
) -> pl.LazyFrame:
    """Return the costs of the days `first` to `last`, both included, with their owners.

    `as_of` gives the answer with the costs, rules, prices and rates known at that time; usage is
    as it is now. Of each provider and day the rows without estimates sum to its cost exactly.
    """
    read = _read(lake, state, first, last, as_of)
    owned = attributed(read.costs, read.rules, read.usage)
    return summed(pl.concat([owned, unbilled(read.estimates.frame, read.covering)])).lazy()


def traced_costs(
    lake: Lake, state: State, *, first: date, last: date, as_of: datetime | None = None
) -> pl.DataFrame:
    """Return what `attributed_costs` sums: each cost row that names its owner, each divided part.

    Columns of a cost row are null in the parts that a rule divided and in estimates.
    """
    read = _read(lake, state, first, last, as_of)
    ruled = with_rules(read.costs, read.rules)
    own = ruled.filter(pl.col("rule_id").is_null()).with_columns(is_estimate=pl.lit(value=False))
    parts = [divided(ruled, read.rules, read.usage), unbilled(read.estimates.frame, read.covering)]
    return pl.concat([own, *map(summed, parts)], how="diagonal")


def ruled_costs(
    lake: Lake, state: State, *, first: date, last: date, as_of: datetime | None = None
) -> pl.DataFrame:
    """Return the cost rows in effect of some days, each with the rule that gives it away."""
    read = _read(lake, state, first, last, as_of)
    return with_rules(read.costs, read.rules)


def estimate_against_actual(
    lake: Lake, state: State, *, first: date, last: date, as_of: datetime | None
) -> tuple[pl.DataFrame, tuple[tuple[str, date], ...]]:
    """Return estimate and actual by provider and day, and the (currency, day) without a rate."""
    read = _read(lake, state, first, last, as_of)
    return compared(read.estimates.frame, read.costs), read.estimates.without_rate


def _read(lake: Lake, state: State, first: date, last: date, as_of: datetime | None) -> _Read:
    with state.read() as connection:
        rules, prices = cost_rules(connection, as_of), cost_prices(connection, as_of)
        # Only an estimate asks whether a charge of earlier days covers these.
        since = None if prices else first
        touches = (pl.col("day") <= last) & (pl.col("last_day") >= first)
        covering = costs_in_effect(lake, as_of, first=since, last=last).filter(touches).collect()
        costs = covering.filter(pl.col("day") >= first)
        rates = read_rates(connection, as_of)
        codes = _divided_by(rules) | {price.metric_code for price in prices}
        upto = max([last, *costs["last_day"].to_list()])
        usage = (
            used_quantities(lake, connection, codes, first=first, last=upto)
            if codes
            else pl.DataFrame(schema=USAGE_SCHEMA)
        )
    inside = usage.filter(pl.col("day").is_between(first, last))
    return _Read(costs, covering, rules, usage, estimated(inside, prices, rates))


def _divided_by(rules: Iterable[CostRule]) -> set[str]:
    proportional = (rule for rule in rules if rule.kind is RuleKind.PROPORTIONAL)
    return {rule.metric_code for rule in proportional if rule.metric_code is not None}

"""What a month's margin is computed from: files of the lake, and the rules of attribution.

A digest names all of it, so that equal digests mean equal figures.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
import sqlalchemy as sa

from storage.cost_tables import cost_price, cost_rule, fx_rate
from storage.lake import Lake
from storage.lake_tables import COST, RATED_LINE, USAGE_DAILY
from storage.state import State
from storage.tables import service, subscription

MONTH_FOLDER = re.compile(r"[/\\]month=(\d{4}-\d{2}-\d{2})[/\\]")
RULE_MARKS = tuple(
    sa.select(sa.func.count(), sa.func.max(table.c.recorded_at))
    for table in (cost_rule, cost_price, fx_rate)
)
OWNERS = sa.select(sa.func.count(), sa.func.max(subscription.c.created_at))
ZONES = sa.select(service.c.code, service.c.timezone).order_by(service.c.code)
Files = Mapping[date, Sequence[str]]


@dataclass(frozen=True, slots=True)
class MonthSources:
    """The files a month is computed from, and the digest of them and of the rules."""

    rated: tuple[str, ...]
    costs: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Rules:
    """A text that changes whenever a rule, price, rate or timezone does; what they read.

    `last_at` is when the last of them became known, None without any: they are only added.
    """

    revision: str
    reads_usage: bool
    last_at: datetime | None

    def were_known(self, at: datetime) -> bool:
        """Say whether they all were known at a time."""
        return self.last_at is None or self.last_at <= at


def sources_by_month(lake: Lake, rules: Rules) -> dict[date, MonthSources]:
    """Return the sources of every month that has a rated line, a cost or an estimate of one."""
    rated, costs, usage = (
        files_by_month([path for path, _ in lake.files(table)])
        for table in (RATED_LINE, COST, USAGE_DAILY)
    )
    months = rated.keys() | costs.keys()
    reach: dict[date, date] = {}
    if rules.reads_usage:
        months |= usage.keys()
        reach = _reach(lake)
    return {
        month: MonthSources(
            tuple(rated.get(month, ())),
            tuple(costs.get(month, ())),
            _digest(rules, rated.get(month, ()), _cost_sources(month, costs, usage, rules, reach)),
        )
        for month in months
    }


def rules_of(state: State) -> Rules:
    """Return what attribution goes by now."""
    with state.read() as connection:
        marks = [tuple(connection.execute(question).one()) for question in RULE_MARKS]
        has_rules = bool(marks[0][0] or marks[1][0])
        seen = [tuple(row) for row in connection.execute(ZONES)]
        # Whose a subscription is matters only where usage says whose a cost is.
        owned = tuple(connection.execute(OWNERS).one()) if has_rules else ()
    last_at = max((at for _, at in marks if at is not None), default=None)
    return Rules(repr((marks, seen, owned)), has_rules, last_at)


def zones(state: State) -> dict[str, str]:
    """Return the timezone of every service."""
    with state.read() as connection:
        return dict(iter(connection.execute(ZONES)))


def files_by_month(paths: Sequence[str]) -> dict[date, list[str]]:
    """Return the files of each month, as the lake's folders name them."""
    found: dict[date, list[str]] = defaultdict(list)
    for path in paths:
        named = MONTH_FOLDER.search(path)
        if named is None:
            raise ValueError(f"{path} is in no folder of a month: is it a partitioned table?")
        found[date.fromisoformat(named[1])].append(path)
    return dict(found)


def _cost_sources(
    month: date, costs: Files, usage: Files, rules: Rules, reach: Mapping[date, date]
) -> list[str]:
    """Return what the month's costs depend on; shares and estimates follow usage.

    A cost that began earlier can cover this month's days, and one of this month can be shared by
    usage of later ones, as far as it lasts.
    """
    if not rules.reads_usage:
        return list(costs.get(month, ()))
    until = max(reach.get(month, month), month)
    earlier = [path for other, paths in costs.items() if other <= month for path in paths]
    used = [path for other, paths in usage.items() if month <= other <= until for path in paths]
    return [*earlier, *used]


def _reach(lake: Lake) -> dict[date, date]:
    """Return the last month that costs of each month last into."""
    last = pl.col("last_day").max().dt.truncate("1mo")
    found = lake.scan(COST).group_by("month").agg(last).collect()
    return {month: until for month, until in found.iter_rows() if until is not None}


def _digest(rules: Rules, rated: Sequence[str], costs: Sequence[str]) -> str:
    named = "\n".join([rules.revision, *sorted(rated), "", *sorted(costs)])
    return hashlib.sha256(named.encode()).hexdigest()

"""The figure that is traced: whose it is and of which months, as its address says. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

import polars as pl

from dashboards.margin import Margin, margin_total
from dashboards.reports.asked import Asked
from dashboards.reports.filters import Filters
from dashboards.scope import text_from

# What an address may narrow a figure by, beside service, account and months; `no_…`: names none.
NAMED = {
    "metric": "metric_code",
    "plan": "plan_code",
    "provider": "provider",
    "provider_service": "provider_service",
}
KEPT_BY_FILTERS = ("metric", "plan")
Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True)
class Figure:
    """A question to the margin pages, and what every part of its answer must say.

    `wanted` are values by column, None where the part names nobody; `said` are the address's own
    parameters beyond the filters.
    """

    asked: Asked
    wanted: Mapping[str, str | None]
    said: Mapping[str, str]

    @property
    def months(self) -> tuple[date, ...]:
        """Return the months in a row that the figure is of."""
        return self.asked.window.months

    @property
    def days(self) -> tuple[date, date]:
        """Return the first and the last day of the months."""
        after = (self.months[-1] + timedelta(days=31)).replace(day=1)
        return self.months[0], after - timedelta(days=1)

    def of(self, frame: Frame) -> Frame:
        """Return the rows that are the figure's: the frame has a month and the wanted columns."""
        met = [pl.col(name).eq_missing(pl.lit(value)) for name, value in self.wanted.items()]
        return frame.filter(pl.col("month").is_in(list(self.months)), *met)

    def told(self) -> Margin:
        """Return what the margin pages say."""
        return margin_total(self.of(self.asked.cube.parts))

    def here(self, path: str, **changes: str | int | None) -> str:
        """Return the address of a trace of this figure, some of it changed."""
        return self.asked.here(path, **{**self.said, **changes})

    def home(self) -> str:
        """Return the margin page that shows the figure."""
        asked, wanted = self.asked, self.wanted
        if wanted.get("service") is None:
            return asked.page("/cogs/unattributed" if "service" in wanted else "/margin")
        for column, path in (("account_id", "customer"), ("metric_code", "metric")):
            if wanted.get(column) is not None:
                return asked.page(f"/margin/{path}")
        return asked.page("/margin/service")


def figure_of(asked: Asked, params: Mapping[str, str]) -> Figure:
    """Return the figure an address asks for; without months it is of the last closed one."""
    scope = asked.filters.scope
    wanted: dict[str, str | None] = {}
    said: dict[str, str] = {}
    owners = (
        ("service", scope.service, "unallocated", scope.unallocated),
        ("account_id", scope.account, "shared", scope.shared),
    )
    for column, value, nobody, is_nobody in owners:
        if value is not None or is_nobody:
            wanted[column] = value
        if is_nobody:
            said[nobody] = "1"
    for name, column in NAMED.items():
        value = text_from(params, name)
        if value is not None:
            wanted[column] = value
            said |= {} if name in KEPT_BY_FILTERS else {name: value}
        elif params.get(f"no_{name}") == "1":
            wanted[column] = None
            said[f"no_{name}"] = "1"
    return Figure(asked, wanted, said)


def traced_filters(filters: Filters) -> tuple[tuple[str, str], ...]:
    """Return what the address of a trace keeps of the page it is linked from."""
    pairs = {
        "metric": filters.metric,
        "plan": filters.plan,
        "basis": None if filters.basis == Filters().basis else str(filters.basis),
        "as_of": None if filters.as_of == Filters().as_of else filters.as_of,
        "lang": None if filters.words == Filters().words else filters.words.language,
    }
    return tuple((name, value) for name, value in pairs.items() if value is not None)

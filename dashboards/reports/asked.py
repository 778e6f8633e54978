"""What a report is computed from: the cube, the filters, the addresses and the words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

import polars as pl

from dashboards.links import Links
from dashboards.margin import Loss, Margin, losses, regrouped
from dashboards.mart.cube import Cube
from dashboards.mart.ledger import NEVER_READ, Ledger
from dashboards.mart.memory import Answer
from dashboards.names import LOOKED_UP_MAX, Names, names_stamp, read_names
from dashboards.reports.filters import Filters, Window, of_months, window_of
from dashboards.reports.words import Words
from dashboards.scope import Scope
from storage.state import State

ROWS_PER_PAGE = 100


@dataclass(frozen=True)
class Asked:
    """One question to the margin pages."""

    cube: Cube
    state: State
    filters: Filters
    links: Links
    at: datetime
    has_all_rows: bool = False
    ledger: Ledger = NEVER_READ

    @property
    def words(self) -> Words:
        """Return the language of the answer."""
        return self.filters.words

    @cached_property
    def window(self) -> Window:
        """Return the months asked about and those compared with."""
        return window_of(self.filters, self.cube.closed_month(self.at))

    def parts(self, months: Sequence[date] | None = None) -> pl.DataFrame:
        """Return the parts the filters leave, of some months or of all."""
        return self.chosen(self.cube.rows(set(self.cube.parts.columns), months))

    def sums(self, *keys: str, months: Sequence[date] | None = None) -> pl.DataFrame:
        """Return the parts the filters leave, summed by some keys, in order."""
        question = ("sums", keys, months and tuple(months))
        return self.answered(question, lambda: self._sums(keys, months))

    def margins(
        self, *keys: str, months: Sequence[date] | None = None
    ) -> dict[tuple[Any, ...], Margin]:
        """Return the margin of each group of the parts the filters leave."""
        found = self.sums(*keys, months=months).select(*keys, "revenue_cents", "cogs_cad")
        return {row[:-2]: Margin(*row[-2:]) for row in found.iter_rows()}

    def judged(self, sums: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of accounts whose whole revenue is known: none is in another currency."""
        keys = [key for key in ("month", "service", "account_id") if key in sums.columns]
        foreign = self.cube.foreign
        if "month" not in keys:
            foreign = foreign.filter(pl.col("month").is_in(list(self.window.months)))
        return sums.join(foreign.select(keys).unique(), on=keys, how="anti", nulls_equal=True)

    def losses(self) -> list[Loss]:
        """Return the customers that cost more than they bring in the window's months."""
        window = self.window
        return self.answered(
            ("losses", window),
            lambda: losses(self.judged(self.parts(window.months)), self.parts(window.compared)),
        )

    def answered(self, question: object, answer: Callable[[], Answer]) -> Answer:
        """Return an answer that depends on the figures and the chosen rows, computed once."""
        return self.cube.remembered((question, tuple(self._wanted.items())), answer)

    @cached_property
    def service_names(self) -> Names:
        """Return the names of all services."""
        return read_names(self.state)

    def names(self, accounts: Iterable[str | None] = ()) -> Names:
        """Return the names of all services and of some accounts."""
        wanted = sorted({account for account in accounts if account is not None})
        if not wanted:
            return self.service_names
        found = read_names(self.state, wanted[:LOOKED_UP_MAX])
        for start in range(LOOKED_UP_MAX, len(wanted), LOOKED_UP_MAX):
            more = read_names(self.state, wanted[start : start + LOOKED_UP_MAX])
            found.accounts.update(more.accounts)
        return found

    @property
    def this_month(self) -> date:
        """Return the month of the moment asked at."""
        return self.at.date().replace(day=1)

    @cached_property
    def names_stamp(self) -> tuple[object, ...]:
        """Return a value that changes whenever a name does."""
        return names_stamp(self.state)

    def page(self, path: str, filters: Filters | None = None, **changes: str | int | None) -> str:
        """Return the address of a report with these filters, some of them changed."""
        chosen = replace(filters or self.filters, opened=None, sort="")
        return f"{self.links.home}{path}{chosen.query(**changes)}"

    def here(self, path: str, **changes: str | int | None) -> str:
        """Return this report's own address, with its order and open rows, some of it changed."""
        return f"{self.links.home}{path}{self.filters.query(**changes)}"

    def scope(self, months: Sequence[date], **changes: str | bool | None) -> Scope:
        """Return the rows behind a figure of some months: what the row pages understand."""
        return replace(of_months(self.filters, months).scope, **changes)  # type: ignore[arg-type]

    def _sums(self, keys: Sequence[str], months: Sequence[date] | None) -> pl.DataFrame:
        frame = self.cube.rows({*keys, *self._wanted}, months)
        return regrouped(self.chosen(frame), keys)

    @cached_property
    def _wanted(self) -> dict[str, str | None]:
        scope = self.filters.scope
        chosen = {"service": scope.service, "account_id": scope.account,
                  "metric_code": self.filters.metric, "plan_code": self.filters.plan}  # fmt: skip
        wanted = {column: value for column, value in chosen.items() if value is not None}
        nobody = (["service"] if scope.unallocated else []) + ["account_id"] * scope.shared
        return {**wanted, **dict.fromkeys(nobody)}

    def chosen(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that the filters leave of a frame with the parts' keys."""
        is_chosen = [pl.col(column).eq_missing(value) for column, value in self._wanted.items()]
        return frame.filter(is_chosen) if is_chosen else frame

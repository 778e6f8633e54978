"""The report of a simulation: what accounts paid, what they would pay, and who pays more. Pure.

Amounts are cents of one currency each; amounts of two currencies are never added.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


class Paid(NamedTuple):
    """An account's month in one currency: the name of one row."""

    account_external_id: str
    month: date
    currency: str


@dataclass(frozen=True, slots=True)
class Change:
    """Cents of one currency as the plans stand, and under the draft."""

    old_cents: int = 0
    new_cents: int = 0

    @property
    def difference_cents(self) -> int:
        """Return how much more is paid under the draft."""
        return self.new_cents - self.old_cents

    def __add__(self, other: "Change") -> "Change":
        """Return both changes together."""
        return Change(self.old_cents + other.old_cents, self.new_cents + other.new_cents)


NO_CHANGE = Change()


@dataclass(frozen=True, slots=True)
class MonthRow:
    """What one account pays for the periods that begin in one month of the service."""

    account_external_id: str
    month: date
    currency: str
    change: Change


@dataclass(frozen=True, slots=True)
class AccountRow:
    """What one account pays in all months of the stretch."""

    account_external_id: str
    currency: str
    change: Change


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """What all accounts pay in one currency, and how many pay more, less, or the same."""

    currency: str
    change: Change
    accounts_paying_more: int
    accounts_paying_less: int
    accounts_paying_the_same: int


@dataclass(frozen=True, slots=True)
class SimulationCounts:
    """How much a simulation looked at; a period is one of the old plans or of the draft."""

    accounts: int
    subscriptions: int
    months: int
    old_periods: int
    new_periods: int
    windows: int


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """The whole answer; accounts and rows lie by currency, who pays more first."""

    service_code: str
    draft_code: str
    plan_code: str | None
    from_day: date
    to_day: date
    watermark: str
    counts: SimulationCounts
    totals: Sequence[CurrencyTotal]
    accounts: Sequence[AccountRow]
    rows: Sequence[MonthRow]


def month_rows(changes: Mapping[Paid, Change]) -> list[MonthRow]:
    """Return a row for each account, month and currency, by currency, who pays more first."""
    rows = [MonthRow(*paid, change) for paid, change in changes.items()]
    return sorted(
        rows,
        key=lambda row: (
            row.currency, -row.change.difference_cents, row.account_external_id, row.month
        ),
    )  # fmt: skip


def account_rows(rows: Iterable[MonthRow]) -> list[AccountRow]:
    """Return the sums of each account's months, by currency, who pays more first."""
    sums: dict[tuple[str, str], Change] = {}
    for row in rows:
        name = (row.account_external_id, row.currency)
        sums[name] = sums.get(name, NO_CHANGE) + row.change
    accounts = [AccountRow(*name, change) for name, change in sums.items()]
    return sorted(
        accounts,
        key=lambda row: (row.currency, -row.change.difference_cents, row.account_external_id),
    )


def currency_totals(accounts: Iterable[AccountRow]) -> list[CurrencyTotal]:
    """Return the sum of all accounts in each currency."""
    by_currency: dict[str, list[Change]] = {}
    for row in accounts:
        by_currency.setdefault(row.currency, []).append(row.change)
    return [_total(currency, changes) for currency, changes in sorted(by_currency.items())]


def _total(currency: str, changes: Sequence[Change]) -> CurrencyTotal:
    differences = [change.difference_cents for change in changes]
    return CurrencyTotal(
        currency=currency,
        change=sum(changes, NO_CHANGE),
        accounts_paying_more=sum(difference > 0 for difference in differences),
        accounts_paying_less=sum(difference < 0 for difference in differences),
        accounts_paying_the_same=sum(difference == 0 for difference in differences),
    )

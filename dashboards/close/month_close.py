"""How a service's month stands, and what may be decided about it next. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from dashboards.close.checklist import Item


class CloseState(StrEnum):
    """How a month stands after a decision; a month without one is open."""

    OPEN = "open"
    SOFT = "soft_closed"
    CLOSED = "closed"
    REOPENED = "reopened"


class Step(StrEnum):
    """What can be decided: keep figures for review, keep them for good, or open the month again."""

    SOFT = "soft"
    FINAL = "final"
    REOPEN = "reopen"


STATE_AFTER = {
    Step.SOFT: CloseState.SOFT,
    Step.FINAL: CloseState.CLOSED,
    Step.REOPEN: CloseState.REOPENED,
}
KEEPS_FIGURES = frozenset({CloseState.SOFT, CloseState.CLOSED})


class CloseRefused(ValueError):
    """The month can't be closed or reopened now; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Pins:
    """What the figures were computed from.

    `known_at` is the as-of of costs, rules, prices and rates; `sources_digest` names every file.
    """

    watermark: str
    lake_snapshot: int
    known_at: datetime
    sources_digest: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The totals of kept figures, adjustments of earlier months included, and their SHA-256."""

    pins: Pins
    revenue_cents: int
    cogs_cad: Decimal
    figures_digest: str


@dataclass(frozen=True, slots=True)
class MonthClose:
    """One decision about a service's month; a reopening keeps no figures."""

    service_code: str
    month: date
    revision: int
    state: CloseState
    author: str
    reason: str | None
    is_forced: bool
    decided_at: datetime
    checklist: tuple[Item, ...]
    kept: Kept | None

    @property
    def keeps_figures(self) -> bool:
        """Say whether figures of the month are kept, for review or for good."""
        return self.state in KEEPS_FIGURES


@dataclass(frozen=True, slots=True)
class Signed:
    """Who decides, why, and whether a checklist that fails is passed over."""

    author: str
    reason: str | None = None
    is_forced: bool = False


def month_after(month: date) -> date:
    """Return the first day of the next month."""
    return (month + timedelta(days=31)).replace(day=1)


def month_before(month: date) -> date:
    """Return the first day of the month before."""
    return (month - timedelta(days=1)).replace(day=1)


def effective(latest: Mapping[date, MonthClose]) -> list[MonthClose]:
    """Return the closes whose figures count, in order of their months."""
    return [latest[month] for month in sorted(latest) if latest[month].keeps_figures]


def next_open_month(closes: list[MonthClose]) -> date | None:
    """Return the month that takes what changed after closes; None when none is closed."""
    return month_after(closes[-1].month) if closes else None


def refuse_step(
    step: Step, month: date, latest: Mapping[date, MonthClose], signed: Signed, *, is_over: bool
) -> None:
    """Raise CloseRefused unless a step is allowed: closed months are a run without gaps."""
    if not signed.author.strip():
        raise CloseRefused("nobody decides: say who, with --author")
    needs_reason = step is Step.REOPEN or signed.is_forced
    if needs_reason and not (signed.reason or "").strip():
        raise CloseRefused(f"a month is {_done(step)} for a reason: say it, with --reason")
    known = latest.get(month)
    if step is Step.REOPEN:
        _refuse_reopening(month, known, effective(latest))
        return
    if not is_over:
        raise CloseRefused(f"{month:%Y-%m} is not over in the service's timezone: close it after")
    if known is not None and known.keeps_figures:
        _refuse_again(step, known)
    others = [close for close in effective(latest) if close.month != month]
    if others:
        _refuse_gap(month, others[-1])


def _refuse_reopening(month: date, known: MonthClose | None, closes: list[MonthClose]) -> None:
    if known is None or not known.keeps_figures:
        raise CloseRefused(f"{month:%Y-%m} is not closed: there is nothing to reopen")
    if closes[-1].month != month:
        raise CloseRefused(f"{closes[-1].month:%Y-%m} is closed after it: reopen that month first")


def _refuse_again(step: Step, known: MonthClose) -> None:
    if known.state is CloseState.CLOSED or step is Step.SOFT:
        raise CloseRefused(
            f"{known.month:%Y-%m} is {known.state.value.replace('_', ' ')} since "
            f"{known.decided_at:%Y-%m-%d} by {known.author}: reopen it first, or leave it"
        )


def _refuse_gap(month: date, last: MonthClose) -> None:
    if month < last.month:
        raise CloseRefused(f"{last.month:%Y-%m} is closed already: reopen that month first")
    if month != month_after(last.month):
        raise CloseRefused(f"months are closed in order: close {month_after(last.month):%Y-%m} now")
    if last.state is not CloseState.CLOSED:
        raise CloseRefused(f"{last.month:%Y-%m} is soft closed only: close it finally first")


def _done(step: Step) -> str:
    return "reopened" if step is Step.REOPEN else "closed against its checklist"

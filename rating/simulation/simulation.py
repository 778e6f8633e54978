"""Simulation: what all accounts of a service would have paid under a draft plan. Stores nothing.

One pinned watermark, every period that begins in a stretch of history, priced as it stands and
under the draft; months are computed one by one, by several processes where there is much to do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from catalog.errors import NotFound, TemporarilyUnavailable, ValidationFailed
from catalog.plans import Plan
from catalog.services import Service
from ingest.corrections.correction_store import settled_count
from ingest.corrections.superseding import revisions_of
from ingest.flush import Flushing
from rating.price_book import PriceBook
from rating.price_book_store import read_price_book
from rating.simulation.due import (
    MonthDue,
    SimulationWorld,
    due_by_month,
    months_of,
    simulation_world,
)
from rating.simulation.month import MonthChanges, UsageFrames
from rating.simulation.periods import stretch_of_days
from rating.simulation.report import (
    Change,
    Paid,
    SimulationCounts,
    SimulationReport,
    account_rows,
    currency_totals,
    month_rows,
)
from rating.simulation.usage import superseded_subscriptions
from rating.simulation.work import Work, computed_months
from storage.lake import Lake
from storage.lake_tables import USAGE
from storage.state import State

Watch: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SimulationLimits:
    """How large a simulation may be; `rows_max` counts its account, month and currency rows."""

    accounts_max: int
    months_max: int
    rows_max: int


HTTP_LIMITS = SimulationLimits(accounts_max=1_000, months_max=24, rows_max=12_000)
COMMAND_LIMITS = SimulationLimits(accounts_max=100_000, months_max=120, rows_max=2_000_000)


@dataclass(frozen=True, slots=True)
class SimulationOrder:
    """A draft, the local days `[from_day, to_day)`, and the only plan it replaces, if named."""

    draft: Plan
    from_day: date
    to_day: date
    plan_code: str | None = None


def simulate(
    state: State,
    lake: Lake,
    flusher: Flushing,
    service: Service,
    order: SimulationOrder,
    *,
    limits: SimulationLimits,
    watch: Watch | None = None,
    processes: int = 1,
) -> SimulationReport:
    """Return what each account paid and would pay, month by month; `watch` sees months done.

    Flushes first, so that no acknowledged usage is missed. ValidationFailed beyond a limit,
    NotFound for an unknown plan code, TemporarilyUnavailable while a correction is unfinished.
    """
    with state.read() as connection:
        book = read_price_book(connection, service)
        settled = settled_count(connection, service.code)
    world, due = _due(book, order, limits)
    watermark = flusher.flush()
    with state.read() as connection:
        if settled is None or settled != settled_count(connection, service.code):
            # Half a correction is neither the old usage nor the new.
            raise TemporarilyUnavailable("correction_unfinished")
    seen, revision = watermark.includes(), revisions_of(lake)
    superseded = superseded_subscriptions(revision, service.code, seen)
    frames = UsageFrames(lake.scan(USAGE), revision, seen, superseded)
    found = []
    for changes in computed_months(Work(world, due, frames), processes):
        found.append(changes)
        if watch is not None:
            watch(len(found), len(due))
    return _report(service, order, str(watermark), world, due, found)


def check_size(
    limits: SimulationLimits, *, accounts_count: int, months_count: int, rows_count: int
) -> None:
    """Refuse a simulation that is larger than its limits; ValidationFailed says by how much."""
    sizes = {
        "accounts": (accounts_count, limits.accounts_max),
        "months": (months_count, limits.months_max),
        "rows": (rows_count, limits.rows_max),
    }
    faults = {
        name: [f"{count} is more than {most}: simulate a shorter stretch, or one plan_code"]
        for name, (count, most) in sizes.items()
        if count > most
    }
    if faults:
        raise ValidationFailed(faults)


def _due(
    book: PriceBook, order: SimulationOrder, limits: SimulationLimits
) -> tuple[SimulationWorld, dict[date, MonthDue]]:
    """Return what is to be priced, once it is known to be within the limits."""
    code = order.plan_code
    newest = {versions[-1].code for versions in book.plans.values()}
    if code is not None and code not in newest:
        raise NotFound("plan")
    stretch = stretch_of_days(order.from_day, order.to_day, book.service.zone)
    months_count = sum(1 for _ in months_of(order.from_day, order.to_day))
    check_size(limits, accounts_count=0, months_count=months_count, rows_count=0)
    world = simulation_world(book, order.draft, stretch, code)
    accounts_count = len({each.account_id for each in world.subscriptions})
    check_size(limits, accounts_count=accounts_count, months_count=months_count, rows_count=0)
    due = due_by_month(world)
    rows_count = sum(len(month.row_names()) for month in due.values())
    check_size(limits, accounts_count=0, months_count=0, rows_count=rows_count)
    return world, due


def _report(
    service: Service,
    order: SimulationOrder,
    watermark: str,
    world: SimulationWorld,
    due: Mapping[date, MonthDue],
    found: Sequence[MonthChanges],
) -> SimulationReport:
    changes: dict[Paid, Change] = {}
    for month in found:
        changes.update(month.changes)
    rows = month_rows(changes)
    accounts = account_rows(rows)
    periods = [one.is_draft for month in due.values() for one in month.usage]
    return SimulationReport(
        service_code=service.code,
        draft_code=order.draft.code,
        plan_code=order.plan_code,
        from_day=order.from_day,
        to_day=order.to_day,
        watermark=watermark,
        counts=SimulationCounts(
            accounts=len({each.account_id for each in world.subscriptions}),
            subscriptions=len(world.subscriptions),
            months=len(due),
            old_periods=periods.count(False),
            new_periods=periods.count(True),
            windows=sum(month.windows_count for month in found),
        ),
        totals=currency_totals(accounts),
        accounts=accounts,
        rows=rows,
    )

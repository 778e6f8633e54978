"""One simulated month: what its periods ask of usage, asked once for both plans, and priced. Pure.

The answer of a month depends on nothing but its own periods: months can be computed anywhere.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import localcontext
from typing import NamedTuple

import polars as pl

from aggregation.aggregator import quantities
from aggregation.quantity import Quantity, UsageWindow
from catalog.money import MONEY_CONTEXT
from rating.simulation.due import DuePeriod, MonthDue, SimulationWorld
from rating.simulation.plan import ReadyBucket, ReadyPlan, ReadyPlans, fee_cents, lacking_cents
from rating.simulation.report import Change, Paid
from rating.simulation.usage import Cell, PlainRow, plain_rows

WINDOWS_PER_QUESTION = 20_000


@dataclass(frozen=True, slots=True)
class UsageFrames:
    """The usage of a service as one watermark shows it.

    `superseded` are the subscriptions with counters or corrections: only the aggregator knows
    what of their usage counts.
    """

    usage: pl.LazyFrame
    revision: pl.LazyFrame | None
    seen: pl.Expr
    superseded: frozenset[str]


@dataclass(frozen=True, slots=True)
class MonthChanges:
    """What a month comes to, row by row, and how many windows were priced for it."""

    changes: Mapping[Paid, Change]
    windows_count: int


class _Asked(NamedTuple):
    """A due period, the plan that prices it, and the place of its cell."""

    due: DuePeriod
    plan: ReadyPlan
    cell: int
    is_superseded: bool

    def key(self, bucket: ReadyBucket) -> str:
        """Return the name of a bucket's window: both plans' is one where they ask the same."""
        return f"{self.cell}/{bucket.question}/{self.due.period.days}"


@dataclass(frozen=True, slots=True)
class _Answers:
    """What was used, as sums and counts, and as the aggregator's quantities."""

    rows: Mapping[int, PlainRow]
    metrics_count: int
    quantities: Mapping[str, Quantity]

    def cents(self, asked: _Asked) -> list[int]:
        """Return what each bucket comes to; must run under the money context."""
        found, row_of = [], self.rows.get
        first = asked.cell * self.metrics_count
        for bucket in asked.plan.buckets:
            if bucket.of_units is None or asked.is_superseded:
                found.append(bucket.price.cents(self.quantities[asked.key(bucket)]))
            elif (row := row_of(first + bucket.metric_place)) is None:
                found.append(bucket.unused_cents)
            else:
                found.append(bucket.of_units(*row))
        return found


def month_changes(
    world: SimulationWorld, plans: ReadyPlans, frames: UsageFrames, month: date, due: MonthDue
) -> MonthChanges:
    """Return what each account pays for the periods of a month, old and new."""
    cells: dict[Cell, int] = {}
    asked = [_asked(one, plans, cells, frames.superseded) for one in due.usage]
    answers = _answers(world, plans, frames, asked, list(cells))
    sums: dict[tuple[str, str], Change] = defaultdict(Change)
    with localcontext(MONEY_CONTEXT):
        for each in asked:
            sums[_payer(each.due)] += _change(each.due, _usage_cents(world, each, answers))
        for one in due.fees:
            sums[_payer(one)] += _change(one, _fee_cents(world, one))
    changes = {Paid(account, month, currency): cents for (account, currency), cents in sums.items()}
    return MonthChanges(changes, sum(len(each.plan.buckets) for each in asked))


def _asked(
    due: DuePeriod, plans: ReadyPlans, cells: dict[Cell, int], superseded: frozenset[str]
) -> _Asked:
    period, name = due.period, due.subscription.external_id
    cell = cells.setdefault(Cell(name, period.usage_start, period.usage_end), len(cells))
    return _Asked(due, plans.until(due.plan, period.usage_end), cell, name in superseded)


def _answers(
    world: SimulationWorld,
    plans: ReadyPlans,
    frames: UsageFrames,
    asked: Sequence[_Asked],
    cells: Sequence[Cell],
) -> _Answers:
    seen, metrics = frames.usage.filter(frames.seen), plans.plain_metrics
    rows = plain_rows(seen, world.book.service.code, metrics, cells)
    found: dict[str, Quantity] = {}
    windows = list(_windows(world, plans, asked))
    for start in range(0, len(windows), WINDOWS_PER_QUESTION):
        part = windows[start : start + WINDOWS_PER_QUESTION]
        found |= quantities(frames.usage, part, frames.seen, frames.revision)
    return _Answers(rows, len(metrics), found)


def _windows(
    world: SimulationWorld, plans: ReadyPlans, asked: Iterable[_Asked]
) -> Iterator[UsageWindow]:
    """Yield the aggregator's questions, each once; with single events where one plan wants them."""
    wanted: dict[str, tuple[_Asked, ReadyBucket]] = {}
    for each in asked:
        for bucket in each.plan.buckets:
            if bucket.of_units is not None and not each.is_superseded:
                continue
            key = each.key(bucket)
            if key not in wanted or bucket.wants_event_values:
                wanted[key] = (each, bucket)
    for key, (each, bucket) in wanted.items():
        subscription = each.due.subscription
        yield plans.questions[bucket.question].window(
            key,
            subscription,
            each.due.period,
            world.book.zone(subscription).key,
            wants_event_values=bucket.wants_event_values,
        )


def _usage_cents(world: SimulationWorld, asked: _Asked, answers: _Answers) -> int:
    """Return what a period's charges and minimums come to, without what no invoice carries."""
    plan, period = asked.plan.plan, asked.due.period
    used = answers.cents(asked)
    due = sum(used)
    if asked.plan.has_charge_minimums:
        due += sum(_true_ups(asked, used))
    if plan.minimum_commitment_cents:
        fee = _fee_cents(world, asked.due)
        currency = plan.amount_currency
        due += lacking_cents(plan.minimum_commitment_cents, fee + due, period, currency)
    return due - (_off_invoices(asked, used) if asked.plan.has_charges_off_invoices else 0)


def _off_invoices(asked: _Asked, used: Sequence[int]) -> int:
    """Return what is kept and shown, and carried by no invoice."""
    fees = zip(asked.plan.buckets, used, strict=True)
    return sum(cents for bucket, cents in fees if not bucket.charge.is_invoiceable)


def _true_ups(asked: _Asked, used: Sequence[int]) -> Iterator[int]:
    """Yield what each charge's fees lack to its own minimum."""
    by_charge: dict[str, int] = defaultdict(int)
    for bucket, cents in zip(asked.plan.buckets, used, strict=True):
        by_charge[bucket.charge.id] += cents
    plan, period = asked.plan.plan, asked.due.period
    for charge in plan.charges:
        own = by_charge[charge.id]
        yield lacking_cents(charge.min_amount_cents, own, period, plan.amount_currency)


def _fee_cents(world: SimulationWorld, due: DuePeriod) -> int:
    first = world.first_starts[due.subscription.external_id]
    return fee_cents(due.plan, due.period, world.book.zone(due.subscription), first)


def _payer(due: DuePeriod) -> tuple[str, str]:
    return due.subscription.account_external_id, due.plan.amount_currency


def _change(due: DuePeriod, cents: int) -> Change:
    return Change(new_cents=cents) if due.is_draft else Change(old_cents=cents)

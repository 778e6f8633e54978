"""What a correction would change in money: each touched charge before and after, to the cent.

Computes exactly what rating would compute after it, from rows that are not kept anywhere.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from aggregation.aggregator import quantities
from aggregation.counted_rows import COUNTED_COLUMNS, FACT_COLUMNS
from aggregation.effective_usage import WINDOW_FACT
from aggregation.quantity import Quantity
from catalog.billable_metrics import CounterSemantics
from catalog.billing_periods import BillingPeriod
from catalog.plans import Plan
from catalog.subscriptions import Subscription
from ingest.corrections.preparing import TOUCHED, Corrections, Prepared, checked_batches
from ingest.corrections.revisions import as_first_said
from rating.billed_closing import billed_closings, unbilled_periods
from rating.bucket_price import group_prices
from rating.charge_window import ChargeWindow, charge_windows
from rating.closing import NOTHING_BILLED, Billed
from rating.draft_store import billed_of
from rating.price_book import PriceBook
from rating.price_book_store import read_price_book

SUBSCRIPTIONS_PER_STEP = 1_000
ALL = pl.lit(value=True)
COLUMNS = (*COUNTED_COLUMNS, *FACT_COLUMNS)


@dataclass(frozen=True, slots=True)
class ChargeDelta:
    """One charge of one period before and after; amounts in cents."""

    window: ChargeWindow
    before: Quantity
    after: Quantity
    before_cents: int
    after_cents: int


@dataclass(frozen=True, slots=True)
class PeriodDelta:
    """The touched charges of one period; `billed_draft_id` names the draft that billed it."""

    subscription: Subscription
    plan: Plan
    period: BillingPeriod
    is_open: bool
    billed_draft_id: str | None
    charges: tuple[ChargeDelta, ...]

    @property
    def before_cents(self) -> int:
        """Return the cents of the charges as things stand."""
        return sum(charge.before_cents for charge in self.charges)

    @property
    def after_cents(self) -> int:
        """Return the cents of the charges as they would be."""
        return sum(charge.after_cents for charge in self.charges)


@dataclass(frozen=True, slots=True)
class CorrectionPreview:
    """What a correction would write and change; `unpriced` are subscriptions nobody ordered."""

    rows_total: int
    periods: tuple[PeriodDelta, ...]
    unpriced: tuple[str, ...]

    def cents_by_currency(self) -> dict[str, tuple[int, int]]:
        """Return the cents before and after of all periods, by currency."""
        sums: dict[str, tuple[int, int]] = {}
        for period in self.periods:
            before, after = sums.get(period.plan.amount_currency, (0, 0))
            sums[period.plan.amount_currency] = (
                before + period.before_cents,
                after + period.after_cents,
            )
        return sums


@dataclass(frozen=True, slots=True)
class _Touch:
    """When a correction touches usage of a subscription, and of which metrics."""

    first: datetime
    last: datetime
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One period and the windows of the charges that may change in it."""

    subscription: Subscription
    plan: Plan
    period: BillingPeriod
    windows: Sequence[ChargeWindow]
    billed_draft_id: str | None


@dataclass(frozen=True, slots=True)
class _BilledPeriods:
    """How far a subscription is billed, and the periods that were, by draft."""

    billed: Billed
    periods: Sequence[tuple[str, BillingPeriod, str]] = ()


def correction_preview(
    parts: Corrections, ready: Prepared, *, at: datetime, rows_max: int | None = None
) -> CorrectionPreview:
    """Return what a prepared correction would change; refuses what the correction would refuse."""
    with parts.state.read() as connection:
        book = read_price_book(connection, ready.service)
        billed = _billed(connection, book)
    written, touches = _written(ready, rows_max)
    touches = _with_later_readings(ready, book, _with_later_periods(book, touches, at))
    known = {subscription.external_id for subscription in book.subscriptions}
    periods: list[PeriodDelta] = []
    names = sorted(touches.keys() & known)
    for start in range(0, len(names), SUBSCRIPTIONS_PER_STEP):
        step = {name: touches[name] for name in names[start : start + SUBSCRIPTIONS_PER_STEP]}
        asked = list(_asked(book, step, billed, at))
        before, after = _quantities(ready, written, asked)
        periods += [delta for one in asked if (delta := _delta(one, before, after, at)) is not None]
    return CorrectionPreview(written.height, tuple(periods), tuple(sorted(touches.keys() - known)))


def _written(ready: Prepared, rows_max: int | None) -> tuple[pl.DataFrame, dict[str, _Touch]]:
    """Return the rows of the correction, without what needs no price, and what they touch."""
    frames = [pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.Null()))]
    touched: list[pl.DataFrame] = []
    for batch, rows in checked_batches(ready, rows_max):
        frames.append(as_first_said(rows.lazy()).select(COLUMNS).collect())
        touched += [_bounds(rows.select(TOUCHED)), _bounds(batch.before)]
    if not touched:
        return frames[0], {}
    every = (
        pl.concat(touched)
        .group_by("subscription_id")
        .agg(pl.col("first").min(), pl.col("last").max(), pl.col("codes").list.explode())
    )
    touches = {
        name: _Touch(first, last, frozenset(codes))
        for name, first, last, codes in every.iter_rows()
    }
    return pl.concat(frames[1:]), touches


def _bounds(touched: pl.DataFrame) -> pl.DataFrame:
    return touched.group_by("subscription_id").agg(
        pl.col("occurred_at").min().alias("first"),
        pl.col("occurred_at").max().alias("last"),
        pl.col("metric_code").unique().alias("codes"),
    )


def _with_later_readings(
    ready: Prepared, book: PriceBook, touches: Mapping[str, _Touch]
) -> dict[str, _Touch]:
    """Return touches up to the last reading of an ever-rising counter.

    Usage of a reading is the difference to the one before, which may be the corrected one.
    """
    readings = {
        metric.code
        for versions in book.metrics.values()
        for metric in versions
        if metric.counter_semantics is CounterSemantics.CUMULATIVE
    }
    names = [name for name, touch in touches.items() if touch.codes & readings]
    if not names or ready.known.revision is None:
        return dict(touches)
    last = (
        ready.known.revision.filter(
            pl.col("subscription_id").is_in(names),
            pl.col("metric_code").is_in(sorted(readings)),
            pl.col("fact_id").str.starts_with(WINDOW_FACT),
        )
        .group_by("subscription_id")
        .agg(pl.col("occurred_at").max())
        .collect(engine="streaming")
    )
    extended = dict(touches)
    for name, instant in last.iter_rows():
        touch = touches[name]
        extended[name] = _Touch(touch.first, max(touch.last, instant), touch.codes)
    return extended


def _with_later_periods(
    book: PriceBook, touches: Mapping[str, _Touch], at: datetime
) -> dict[str, _Touch]:
    """Return touches of recurring metrics up to now: they count all usage before a period too."""
    recurring = {
        metric.code for versions in book.metrics.values() for metric in versions if metric.recurring
    }
    return {
        name: _Touch(touch.first, max(touch.last, at), touch.codes)
        if touch.codes & recurring
        else touch
        for name, touch in touches.items()
    }


def _billed(connection: sa.Connection, book: PriceBook) -> dict[str, _BilledPeriods]:
    """Return what is billed of each subscription."""
    periods: defaultdict[str, list[tuple[str, BillingPeriod, str]]] = defaultdict(list)
    for each in billed_closings(connection, book):
        if each.closing.usage is not None:
            own = periods[each.closing.subscription.id]
            own.append((each.draft_id, each.closing.usage, each.closing.timezone))
    return {
        subscription_id: _BilledPeriods(billed, periods[subscription_id])
        for subscription_id, billed in billed_of(connection, book.service.code).items()
    }


def _asked(
    book: PriceBook,
    touches: Mapping[str, _Touch],
    billed: Mapping[str, _BilledPeriods],
    at: datetime,
) -> Iterator[_Asked]:
    for subscription in book.subscriptions:
        touch = touches.get(subscription.external_id)
        if touch is None or subscription.started_at is None:
            continue
        known = billed.get(subscription.id, _BilledPeriods(NOTHING_BILLED))
        for draft, period, zone in _periods(book, subscription, touch, known, at):
            plan = book.plan_until(subscription, period.usage_end)
            windows = [
                window
                for window in charge_windows(book, subscription, plan, period, zone)
                if window.usage.metric.code in touch.codes
            ]
            if windows:
                yield _Asked(subscription, plan, period, windows, draft)


def _periods(
    book: PriceBook,
    subscription: Subscription,
    touch: _Touch,
    known: _BilledPeriods,
    at: datetime,
) -> Iterator[tuple[str | None, BillingPeriod, str]]:
    """Yield the periods from the first touch to the last, with draft (if billed) and timezone."""
    for draft, period, zone in known.periods:
        if touch.first < period.usage_end and period.usage_start <= touch.last:
            yield draft, period, zone
    zone = book.zone(subscription).key
    for period in unbilled_periods(book, subscription, max(touch.last, at), known.billed):
        if touch.first < period.usage_end and period.usage_start <= touch.last:
            yield None, period, zone


def _quantities(
    ready: Prepared, written: pl.DataFrame, asked: Sequence[_Asked]
) -> tuple[dict[str, Quantity], dict[str, Quantity]]:
    windows = [window.usage for one in asked for window in one.windows]
    usage, revision = ready.known.usage, ready.known.revision
    # The prepared rows stand beyond the watermark that both frames are filtered by.
    revised = written.lazy()
    if revision is not None:
        revised = pl.concat([revision.select(COLUMNS), revised])
    return quantities(usage, windows, ALL, revision), quantities(usage, windows, ALL, revised)


def _delta(
    one: _Asked,
    before: Mapping[str, Quantity],
    after: Mapping[str, Quantity],
    at: datetime,
) -> PeriodDelta | None:
    """Return what changes in a period, None when nothing does."""
    charges = tuple(
        _charge_delta(window, before[window.usage.key], after[window.usage.key], one.plan)
        for window in one.windows
        if before[window.usage.key] != after[window.usage.key]
    )
    if not charges:
        return None
    return PeriodDelta(
        subscription=one.subscription,
        plan=one.plan,
        period=one.period,
        is_open=one.period.usage_end > at,
        billed_draft_id=one.billed_draft_id,
        charges=charges,
    )


def _charge_delta(
    window: ChargeWindow, before: Quantity, after: Quantity, plan: Plan
) -> ChargeDelta:
    currency = plan.amount_currency
    cents = [
        sum(group.amount_cents for group in group_prices(window.bucket, quantity, currency))
        for quantity in (before, after)
    ]
    return ChargeDelta(window, before, after, *cents)

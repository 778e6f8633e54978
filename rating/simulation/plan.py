"""A plan made ready to price many periods: its buckets, and what each asks of usage. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import localcontext
from zoneinfo import ZoneInfo

from aggregation.aggregator import rounded_units
from aggregation.quantity import EVERY_ROW, Selection, UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric
from catalog.billing_periods import BillingPeriod
from catalog.money import MONEY_CONTEXT, ZERO, rounded_cents
from catalog.plans import Charge, Plan
from catalog.subscriptions import Subscription
from rating.bucket_price import closed_price
from rating.charge_bucket import charge_buckets
from rating.charge_models import wants_event_values
from rating.plan_fee import plan_fee_price
from rating.price_book import PriceBook
from rating.simulation.quick_amount import QuickPrice, UnitsCents, quick_price
from rating.true_up import true_up_price

PLAIN_TYPES = frozenset({AggregationType.COUNT, AggregationType.SUM, AggregationType.MAX})


@dataclass(frozen=True, slots=True)
class Question:
    """What a bucket asks of a period's usage, whosever it is; equal ones are asked once."""

    metric: BillableMetric
    selection: Selection
    group_keys: tuple[str, ...]
    is_prorated: bool

    def window(
        self,
        key: str,
        subscription: Subscription,
        period: BillingPeriod,
        timezone: str,
        *,
        wants_event_values: bool,
    ) -> UsageWindow:
        """Return the question asked of one subscription's period."""
        return UsageWindow(
            key=key,
            service_code=subscription.service_code,
            subscription_external_id=subscription.external_id,
            metric=self.metric,
            start=period.usage_start,
            end=period.usage_end,
            wants_event_values=wants_event_values,
            selection=self.selection,
            group_keys=self.group_keys,
            is_prorated=self.is_prorated,
            period_days=period.days,
            timezone=timezone,
        )


@dataclass(frozen=True, slots=True)
class ReadyBucket:
    """One bucket: its price, the number of its question, and whether this wants single events.

    `of_units` prices units and events as polars answers them for the metric at `metric_place`,
    and must run under the money context; None where only the aggregator knows what counts.
    """

    charge: Charge
    price: QuickPrice
    question: int
    wants_event_values: bool
    of_units: UnitsCents | None
    metric_place: int
    unused_cents: int


@dataclass(frozen=True, slots=True)
class ReadyPlan:
    """One version of a plan with one version of each metric."""

    plan: Plan
    buckets: Sequence[ReadyBucket]
    has_charge_minimums: bool
    has_charges_off_invoices: bool


class ReadyPlans:
    """Every plan of a simulation that was made ready, and the questions they ask, numbered.

    `plain_metrics` are those whose sums and counts alone price some bucket, by code, in order.
    """

    def __init__(self, book: PriceBook) -> None:
        """Remember the versions."""
        self._book = book
        self._at: dict[tuple[str, int, datetime], ReadyPlan] = {}
        self._ready: dict[tuple[object, ...], ReadyPlan] = {}
        self._numbers: dict[Question, int] = {}
        self.questions: list[Question] = []
        self.plain_metrics: dict[str, AggregationType] = {}

    def until(self, plan: Plan, end: datetime) -> ReadyPlan:
        """Return a plan with the metrics in force just before `end`."""
        at = (plan.id, plan.version, end)
        if at not in self._at:
            metrics = {
                charge.metric_id: self._book.metric_until(charge.metric_id, end)
                for charge in plan.charges
            }
            versions = tuple(metric.version for metric in metrics.values())
            key = (plan.id, plan.version, *versions)
            if key not in self._ready:
                self._ready[key] = self._made_ready(plan, metrics)
            self._at[at] = self._ready[key]
        return self._at[at]

    def _made_ready(self, plan: Plan, metrics: Mapping[str, BillableMetric]) -> ReadyPlan:
        buckets = [
            bucket
            for charge in plan.charges
            for bucket in self._buckets(plan, charge, metrics[charge.metric_id])
        ]
        has_minimums = any(charge.min_amount_cents for charge in plan.charges)
        has_off_invoices = not all(charge.is_invoiceable for charge in plan.charges)
        return ReadyPlan(plan, buckets, has_minimums, has_off_invoices)

    def _buckets(self, plan: Plan, charge: Charge, metric: BillableMetric) -> Iterator[ReadyBucket]:
        for bucket, selection in charge_buckets(charge, metric):
            price = quick_price(bucket, plan.amount_currency)
            question = Question(metric, selection, bucket.group_keys, charge.is_prorated)
            of_units = self._of_units(price, question)
            with localcontext(MONEY_CONTEXT):
                unused_cents = of_units(ZERO, 0) if of_units else 0
            yield ReadyBucket(
                charge=charge,
                price=price,
                question=self._number(question),
                wants_event_values=wants_event_values(
                    bucket.terms,
                    bucket.quantity_included,
                    is_prorated=charge.is_prorated,
                    is_pay_in_advance=charge.is_pay_in_advance,
                ),
                of_units=of_units,
                metric_place=list(self.plain_metrics).index(metric.code) if of_units else -1,
                unused_cents=unused_cents,
            )

    def _of_units(self, price: QuickPrice, question: Question) -> UnitsCents | None:
        """Return how plain sums and counts are priced; a metric is summed in one way only."""
        metric, of_units = question.metric, price.of_units
        if of_units is None or not _is_plain(question):
            return None
        kind = metric.aggregation_type
        if self.plain_metrics.setdefault(metric.code, kind) is not kind:
            return None
        if metric.rounding_function is None:
            return of_units
        return lambda units, events_count: of_units(rounded_units(units, metric), events_count)

    def _number(self, question: Question) -> int:
        if question not in self._numbers:
            self._numbers[question] = len(self.questions)
            self.questions.append(question)
        return self._numbers[question]


def fee_cents(plan: Plan, period: BillingPeriod, zone: ZoneInfo, first_started_at: datetime) -> int:
    """Return the plan's fee for a period in cents; trials run from `first_started_at`."""
    if not plan.amount_cents:
        return 0
    if period.fee_days == period.days and not plan.trial_period_days:
        return plan.amount_cents
    price = plan_fee_price(plan, period, zone=zone, first_started_at=first_started_at)
    return rounded_cents(closed_price(price, plan.amount_currency).amount, plan.amount_currency)


def lacking_cents(minimum_cents: int, used_cents: int, period: BillingPeriod, currency: str) -> int:
    """Return what fees lack to a minimum, in cents, by the days of the period that are billed."""
    if not minimum_cents:
        return 0
    if period.fee_days == period.days:
        return max(minimum_cents - used_cents, 0)
    price = true_up_price(
        minimum_cents, used_cents, days=period.fee_days, period_days=period.days, currency=currency
    )
    return rounded_cents(closed_price(price, currency).amount, currency)


def _is_plain(question: Question) -> bool:
    """Say whether a sum, a count or a highest value of the period's own rows answers."""
    metric = question.metric
    return (
        metric.aggregation_type in PLAIN_TYPES
        and not metric.recurring
        and question.selection == EVERY_ROW
        and not question.group_keys
        and not question.is_prorated
    )

"""A whole bill in fractions: fee, charges and minimum amounts of every period, by brute force.

Shares no code with the product. Quantities are counted by the reader of the aggregation tests,
for windows that are bounded here. It reads charges without filters and groups.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import ceil, floor
from typing import Any
from zoneinfo import ZoneInfo

from aggregation.quantity import UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric, RoundingFunction
from catalog.charge_terms import GraduatedTerms
from catalog.plans import Charge, Plan, PlanInterval
from catalog.subscriptions import Subscription
from tests.aggregation.oracle import Plain, effective, plain_quantity
from tests.rating.laws.oracle_periods import (
    DAY,
    PlainPeriod,
    first_instant,
    local_day,
    plain_periods,
)
from tests.rating.laws.oracle_prices import (
    Use,
    after_quota,
    cents_of,
    fees_in_advance,
    half_up,
    plain_price,
    prorated_ladder_price,
)

Row = dict[str, Any]
Part = tuple[str, str, datetime]
LONG = (PlanInterval.SEMIANNUAL, PlanInterval.YEARLY)


@dataclass(frozen=True)
class Reader:
    """What a reader has before them: one subscription, its plan, metrics, usage and timezone."""

    subscription: Subscription
    plan: Plan
    metrics: dict[str, BillableMetric]
    events: Sequence[Row]
    facts: Sequence[Row]
    zone: str

    def bill(self, until: datetime) -> dict[Part, int]:
        """Return the cents of everything due at an instant, by subscription, part and period."""
        cents: Counter[Part] = Counter()
        for period in self._periods(self.plan.interval, until):
            due_at = period.start if self.plan.is_pay_in_advance else period.end
            if due_at <= until:
                cents[self.subscription.id, "fee", period.start] += self.fee_cents(period)
        for period in self._periods(self._usage_interval(), until):
            if period.end <= until:
                for part, amount in self._usage_parts(period):
                    cents[self.subscription.id, part, period.start] += amount
        return {part: amount for part, amount in cents.items() if amount}

    def fee_cents(self, period: PlainPeriod) -> int:
        """Return the plan's fee for the days of a period that are owed."""
        return half_up(Fraction(self.plan.amount_cents * len(period.fee_days), period.days))

    def _periods(self, interval: PlanInterval, until: datetime) -> Iterator[PlainPeriod]:
        return plain_periods(self.subscription, interval, self.zone, until)

    def _usage_interval(self) -> PlanInterval:
        is_monthly = self.plan.bills_charges_monthly and self.plan.interval in LONG
        return PlanInterval.MONTHLY if is_monthly else self.plan.interval

    def _usage_parts(self, period: PlainPeriod) -> Iterator[tuple[str, int]]:
        used = self.fee_cents(period)
        for charge in self.plan.charges:
            cents = self.charge_cents(charge, period)
            missing = self._missing(charge.min_amount_cents, cents, period)
            used += cents + missing
            yield f"charge {charge.id}", cents
            yield f"true_up {charge.id}", missing
        yield "minimum_commitment", self._missing(self.plan.minimum_commitment_cents, used, period)

    def _missing(self, minimum_cents: int, used_cents: int, period: PlainPeriod) -> int:
        if not minimum_cents:
            return 0
        due = Fraction(minimum_cents * len(period.fee_days), period.days)
        return max(half_up(due - used_cents), 0)

    def charge_cents(self, charge: Charge, period: PlainPeriod) -> int:
        """Return what one charge costs in a period."""
        metric, currency = self.metrics[charge.metric_id], self.plan.amount_currency
        events, facts = (self._own(rows, metric) for rows in (self.events, self.facts))
        plain = plain_quantity(events, facts, self._window(charge, period))
        if charge.is_pay_in_advance:
            parts = self._weighed(charge, period, plain)
            return sum(fees_in_advance(charge.terms, parts, charge.quantity_included, currency))
        units = rounded(plain.units, metric)
        if charge.is_prorated and isinstance(charge.terms, GraduatedTerms):
            parts = self._weighed(charge, period, plain)
            return cents_of(prorated_ladder_price(charge.terms, units, parts), currency)
        full = units if plain.full_units is None else rounded(plain.full_units, metric)
        named = plain.amount or Fraction(0)
        use = Use(units, full, plain.events_count, tuple(plain.values), named)
        left = after_quota(use, charge.quantity_included)
        return cents_of(plain_price(charge.terms, left, currency), currency)

    def _window(self, charge: Charge, period: PlainPeriod) -> UsageWindow:
        return UsageWindow(
            key="",
            service_code="nexadesk",
            subscription_external_id=self.subscription.external_id,
            metric=self.metrics[charge.metric_id],
            start=period.start,
            end=period.end,
            is_prorated=charge.is_prorated,
            period_days=period.days,
            timezone=self.zone,
        )

    def _weighed(
        self, charge: Charge, period: PlainPeriod, plain: Plain
    ) -> list[tuple[Fraction, Fraction]]:
        """Return each event's value and the part of the period it is there, by time.

        Of a prorated sum, what was there before the period comes first.
        """
        if not charge.is_prorated:
            return [(value, Fraction(1)) for value in plain.values]
        metric = self.metrics[charge.metric_id]
        if metric.aggregation_type is not AggregationType.SUM:
            raise ValueError("a reader weighs single events of sums only")
        rows = effective(self._own(self.events, metric), self._own(self.facts, metric))
        rows = sorted(rows, key=lambda row: row["occurred_at"])
        rows = [row for row in rows if row["occurred_at"] < period.end]
        before = [row for row in rows if row["occurred_at"] < period.start]
        carried = sum((Fraction(row["value"]) for row in before), Fraction(0))
        return [
            *([(carried, self._whole_share(period))] if carried else []),
            *(
                (Fraction(row["value"]), self._share(period, row["occurred_at"]))
                for row in rows[len(before) :]
            ),
        ]

    def _own(self, rows: Sequence[Row], metric: BillableMetric) -> list[Row]:
        return [row for row in rows if row["metric_code"] == metric.code]

    def _share(self, period: PlainPeriod, since: datetime) -> Fraction:
        """Return the local days since an instant that are billed, of those of the whole period."""
        days, day = 0, local_day(self.zone, since)
        while first_instant(self.zone, day) < period.end:
            days, day = days + 1, day + DAY
        return Fraction(days, period.days)

    def _whole_share(self, period: PlainPeriod) -> Fraction:
        """Return the days of all that is billed, by the local clock; a day begun counts."""
        start, end = (
            at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
            for at in (period.start, period.end)
        )
        return Fraction(ceil((end - start) / DAY), period.days)


def rounded(units: Fraction, metric: BillableMetric) -> Fraction:
    """Return units rounded as the metric says: halves away from zero, up or down."""
    if metric.rounding_function is None:
        return units
    step = Fraction(10) ** -(metric.rounding_precision or 0)
    match metric.rounding_function:
        case RoundingFunction.CEIL:
            return ceil(units / step) * step
        case RoundingFunction.FLOOR:
            return floor(units / step) * step
        case RoundingFunction.ROUND:
            return half_up(units / step) * step

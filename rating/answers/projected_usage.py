"""Projected usage: what a running period comes to if the rest of it is like its beginning. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

from aggregation.quantity import GroupQuantity
from catalog.billable_metrics import BillableMetric
from catalog.money import MONEY_CONTEXT, ZERO, rounded_cents
from rating.answers.current_usage import CurrentUsage
from rating.bucket_price import GroupPrice

TICK = timedelta(microseconds=1)
UNITS_STEP = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Projection:
    """Usage up to an instant, extended in a straight line: value / elapsed share of the period.

    The amount is extended, the units are not priced again; a recurring metric's level stays what
    it is (Lago). Before any time has passed nothing is projected.
    """

    usage: CurrentUsage
    at: datetime

    @property
    def total_cents(self) -> int:
        """Return the projected cents of all charges."""
        return sum(
            self.amount_cents(bucket.groups, charge.metric)
            for charge in self.usage.charges
            for bucket in charge.buckets
        )

    def units(self, fees: Sequence[GroupPrice], metric: BillableMetric) -> Decimal:
        """Return the projected units of some fees, each rounded half-up to two decimals."""
        with localcontext(MONEY_CONTEXT):
            return sum(
                (self._units(fee.quantity.units_before_proration, metric) for fee in fees), ZERO
            )

    def part_units(self, part: GroupQuantity, metric: BillableMetric) -> Decimal:
        """Return the projected units of one part of a split."""
        return self._units(part.quantity.units_before_proration, metric)

    def amount_cents(self, fees: Sequence[GroupPrice], metric: BillableMetric) -> int:
        """Return the projected cents of some fees, each exact amount extended and rounded once."""
        return sum(
            fee.amount_cents
            if metric.recurring
            else rounded_cents(self._extended(fee.price.amount), self.usage.plan.amount_currency)
            for fee in fees
        )

    def _units(self, units: Decimal, metric: BillableMetric) -> Decimal:
        if metric.recurring:
            return units
        extended = max(self._extended(units), ZERO)
        return extended.quantize(UNITS_STEP, ROUND_HALF_UP, MONEY_CONTEXT)

    def _extended(self, value: Decimal) -> Decimal:
        period = self.usage.period
        whole = (period.usage_end - period.usage_start) // TICK
        elapsed = (min(self.at, period.usage_end) - period.usage_start) // TICK
        with localcontext(MONEY_CONTEXT):
            return value * whole / elapsed if elapsed > 0 else ZERO

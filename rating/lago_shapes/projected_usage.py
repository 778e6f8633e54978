"""Projected usage as Lago's clients read it: usage so far, and what it may come to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from aggregation.quantity import GroupQuantity
from catalog.billable_metrics import BillableMetric
from catalog.money import decimal_text
from rating.answers.projected_usage import Projection
from rating.bucket_price import GroupPrice
from rating.lago_shapes.usage import CountedNumbers, breakdowns, period_members, to_lago_charges


@dataclass(frozen=True, slots=True)
class ProjectedNumbers:
    """What was counted and priced so far, beside what it may come to."""

    projection: Projection

    def of_fees(self, fees: Sequence[GroupPrice], metric: BillableMetric) -> dict[str, object]:
        """Return the sums so far and projected."""
        counted = CountedNumbers().of_fees(fees, metric)
        del counted["total_aggregated_units"]
        return counted | {
            "projected_units": decimal_text(self.projection.units(fees, metric)),
            "projected_amount_cents": self.projection.amount_cents(fees, metric),
        }

    def of_parts(
        self, parts: Sequence[GroupQuantity], keys: Sequence[str], metric: BillableMetric
    ) -> dict[str, object]:
        """Return the units of each part, so far and projected."""
        shown = [self.projection.part_units(part, metric) for part in parts]
        return CountedNumbers().of_parts(parts, keys, metric) | {
            "projected_presentation_breakdowns": breakdowns(parts, keys, shown)
        }


def to_lago_projected_usage(projection: Projection) -> dict[str, object]:
    """Return the projected usage object of a running period."""
    usage = projection.usage
    currency = usage.plan.amount_currency
    return {
        **period_members(usage.period, usage.timezone),
        "currency": currency,
        "amount_cents": usage.amount_cents,
        "projected_amount_cents": projection.total_cents,
        "total_amount_cents": usage.total_amount_cents,
        "taxes_amount_cents": usage.taxes_amount_cents,
        "lago_invoice_id": None,
        "charges_usage": to_lago_charges(usage.charges, currency, ProjectedNumbers(projection)),
    }

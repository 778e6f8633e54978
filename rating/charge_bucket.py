"""A charge bucket: the usage of a charge that one set of terms prices. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from aggregation.quantity import Selection
from catalog.billable_metrics import BillableMetric
from catalog.charge_filters import selections
from catalog.charge_terms import ChargeTerms
from catalog.plans import Charge, ChargeFilter, FilterValues


@dataclass(frozen=True, slots=True)
class ChargeBucket:
    """One filter of a charge, or (None) what no filter takes; each is priced on its own (Lago)."""

    charge: Charge
    filter: ChargeFilter | None = None

    @property
    def key(self) -> str:
        """Return what names the bucket inside its plan."""
        return f"{self.charge.id}/{self.filter.id}" if self.filter else self.charge.id

    @property
    def filter_values(self) -> FilterValues:
        """Return the values that choose the bucket's usage, as the plan gives them."""
        return self.filter.values if self.filter else ()

    @property
    def terms(self) -> ChargeTerms:
        """Return the terms that price this bucket."""
        return (self.filter or self.charge).terms

    @property
    def quantity_included(self) -> Decimal:
        """Return the units that cost nothing."""
        return (self.filter or self.charge).quantity_included

    @property
    def group_keys(self) -> tuple[str, ...]:
        """Return the properties of which every distinct tuple is priced alone."""
        return (self.filter or self.charge).pricing_group_keys

    @property
    def display_name(self) -> str | None:
        """Return what the plan calls this bucket on an invoice, if it does."""
        own = self.filter.invoice_display_name if self.filter else None
        return own or self.charge.invoice_display_name


def charge_buckets(
    charge: Charge, metric: BillableMetric
) -> Sequence[tuple[ChargeBucket, Selection]]:
    """Return every bucket of a charge with the rows it takes; each row is in exactly one."""
    return [
        (ChargeBucket(charge, each), Selection(matching, tuple(ignored)))
        for each, matching, ignored in selections(charge, metric)
    ]

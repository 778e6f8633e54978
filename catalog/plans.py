"""A plan: a service's price list, with a fee and charges. A change makes a new version."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from catalog.charge_terms import CHARGE_MODEL_OF, ChargeModel, ChargeTerms

ALL_FILTER_VALUES = "__ALL_FILTER_VALUES__"

# For every key the texts that the property may have.
FilterValues: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


class PlanInterval(StrEnum):
    """How long a billing period is."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SEMIANNUAL = "semiannual"
    YEARLY = "yearly"


PERIODS_PER_YEAR = {
    PlanInterval.WEEKLY: 52,
    PlanInterval.MONTHLY: 12,
    PlanInterval.QUARTERLY: 4,
    PlanInterval.SEMIANNUAL: 2,
    PlanInterval.YEARLY: 1,
}


@dataclass(frozen=True, slots=True)
class ChargeFilter:
    """The part of a charge's usage whose properties hold certain values, priced on its own.

    `values` is every key with the texts it may have, as given; ALL_FILTER_VALUES among them
    stands for every value that the metric declares.
    """

    id: str
    values: FilterValues
    terms: ChargeTerms
    quantity_included: Decimal = Decimal(0)
    pricing_group_keys: tuple[str, ...] = ()
    invoice_display_name: str | None = None


@dataclass(frozen=True, slots=True)
class PresentationKey:
    """A property by which units are split for display, without pricing the parts alone."""

    key: str
    is_on_invoice: bool = True


@dataclass(frozen=True, slots=True)
class Charge:
    """One metric priced by one charge model, after an included quota (units, 0 for none).

    What no filter takes is the default bucket, priced by the charge's own terms. Every distinct
    tuple of the properties named by `pricing_group_keys` is priced alone. `min_amount_cents` is
    what a whole period costs at least. `parent_id` is the charge that an override began as.
    """

    id: str
    code: str
    metric_id: str
    metric_code: str
    terms: ChargeTerms
    created_at: datetime
    quantity_included: Decimal = Decimal(0)
    invoice_display_name: str | None = None
    filters: tuple[ChargeFilter, ...] = ()
    pricing_group_keys: tuple[str, ...] = ()
    presentation_keys: tuple[PresentationKey, ...] = ()
    is_prorated: bool = False
    is_pay_in_advance: bool = False
    is_invoiceable: bool = True
    regroup_paid_fees: str | None = None
    min_amount_cents: int = 0
    parent_id: str | None = None

    @property
    def charge_model(self) -> ChargeModel:
        """Return the model these terms belong to."""
        return CHARGE_MODEL_OF[type(self.terms)]


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a price list; `version` starts at 1, in force from `valid_from` on.

    The fee of a pay-in-advance plan is due when its period begins. `bills_charges_monthly` closes
    the usage of a year or half-year every month. `minimum_commitment_cents` is what fee and
    usage of a whole period come to at least. `parent_id` is the plan that an override, the plan
    of a single subscription, began as.
    """

    id: str
    service_code: str
    code: str
    name: str
    interval: PlanInterval
    amount_cents: int
    amount_currency: str
    created_at: datetime
    valid_from: datetime
    version: int = 1
    trial_period_days: Decimal = Decimal(0)
    description: str | None = None
    invoice_display_name: str | None = None
    charges: tuple[Charge, ...] = ()
    is_pay_in_advance: bool = False
    bills_charges_monthly: bool = False
    minimum_commitment_cents: int = 0
    minimum_commitment_display_name: str | None = None
    deleted_at: datetime | None = None
    parent_id: str | None = None

    @property
    def yearly_amount_cents(self) -> int:
        """Return what the fee comes to in a year: a change of plan compares it (Lago)."""
        return self.amount_cents * PERIODS_PER_YEAR[self.interval]

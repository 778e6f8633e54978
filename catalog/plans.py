"""A plan: a service's price list, with a fee and charges. A change makes a new version."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from catalog.charge_terms import CHARGE_MODEL_OF, ChargeModel, ChargeTerms


class PlanInterval(StrEnum):
    """How long a billing period is."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SEMIANNUAL = "semiannual"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True)
class Charge:
    """One metric priced by one charge model, after an included quota (units, 0 for none)."""

    id: str
    code: str
    metric_id: str
    metric_code: str
    terms: ChargeTerms
    created_at: datetime
    quantity_included: Decimal = Decimal(0)
    invoice_display_name: str | None = None

    @property
    def charge_model(self) -> ChargeModel:
        """Return the model these terms belong to."""
        return CHARGE_MODEL_OF[type(self.terms)]


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a price list; `version` starts at 1, in force from `valid_from` on."""

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
    deleted_at: datetime | None = None

"""A rated line: a quantity priced for one window, with every step that made its cents."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class LineKind(StrEnum):
    """What a line bills."""

    PLAN_FEE = "plan_fee"
    PLAN_FEE_CREDIT = "plan_fee_credit"
    CHARGE = "charge"
    TRUE_UP = "true_up"
    MINIMUM_COMMITMENT = "minimum_commitment"
    LATE_USAGE = "late_usage"


@dataclass(frozen=True, slots=True)
class Step:
    """One step from units to cents: what was done, on how much, giving what (currency units)."""

    rule: str
    units: Decimal
    unit_amount: Decimal | None
    flat_amount: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """What a charge model answers: the exact amount (currency units) and its steps."""

    amount: Decimal
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class RatedLine:
    """One line of an invoice draft; `amount` is exact, `amount_cents` rounded half-up once.

    `filter_values` and `group` say which part of a charge's usage it prices. `period_days` is the
    length of the whole period in days of `timezone`. A line that is not invoiceable is kept and
    shown, and no invoice carries it. A line of late usage names the line it corrects.
    """

    id: str
    kind: LineKind
    service_code: str
    account_external_id: str
    subscription_external_id: str
    draft_id: str
    plan_code: str
    plan_version: int
    charge_code: str | None
    metric_code: str | None
    metric_version: int | None
    charge_model: str | None
    period_start: datetime
    period_end: datetime
    service_month: date
    quantity: Decimal
    quantity_included: Decimal
    quantity_overage: Decimal
    events_count: int
    amount: Decimal
    amount_cents: int
    currency: str
    description: str
    steps: tuple[Step, ...]
    watermark: str
    inputs_digest: str
    rated_at: datetime
    subscription_id: str = ""
    plan_id: str = ""
    charge_id: str | None = None
    filter_id: str | None = None
    filter_values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    group: tuple[tuple[str, str | None], ...] = ()
    period_days: int = 0
    timezone: str = ""
    is_pay_in_advance: bool = False
    is_invoiceable: bool = True
    corrects_line_id: str | None = None
    corrects_draft_id: str | None = None

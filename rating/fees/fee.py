"""A fee in Lago's sense: a rated line, or what one event of a charge paid in advance costs.

Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid5

from catalog.billable_metrics import BillableMetric
from catalog.plans import Charge, ChargeFilter, Plan
from catalog.subscriptions import Subscription
from rating.rated_line import LineKind, RatedLine

FEE_NAMESPACE = UUID("5a0c9d42-5d53-5f3a-8f2b-0a3c6f6b7d11")
OF_PLAN = (LineKind.PLAN_FEE, LineKind.PLAN_FEE_CREDIT)


class FeeType(StrEnum):
    """What a fee is for, in Lago's words; the last four are never found here."""

    CHARGE = "charge"
    SUBSCRIPTION = "subscription"
    COMMITMENT = "commitment"
    ADD_ON = "add_on"
    CREDIT = "credit"
    FIXED_CHARGE = "fixed_charge"
    PRODUCT = "product"


class PaymentStatus(StrEnum):
    """How far a fee is paid, in Lago's words: Odoo knows it, so that here all are pending."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Fee:
    """One fee: `amount` is exact, in currency units; the window is half-open.

    `event_transaction_id` names the event of a fee in advance. `invoice_id` is our draft's, None
    while no invoice carries the fee. A true-up names the fee it adds to, and that one it.
    """

    id: str | None
    type: FeeType
    subscription: Subscription
    plan: Plan
    amount: Decimal
    amount_cents: int
    unit_amount: Decimal
    units: Decimal
    events_count: int | None
    start: datetime
    end: datetime
    created_at: datetime | None
    charge: Charge | None = None
    filter: ChargeFilter | None = None
    metric: BillableMetric | None = None
    group: tuple[tuple[str, str | None], ...] = ()
    details: Mapping[str, object] | None = None
    description: str | None = None
    invoice_id: str | None = None
    true_up_id: str | None = None
    true_up_parent_id: str | None = None
    is_of_event: bool = False
    event_transaction_id: str | None = None


def fee_type(line: RatedLine) -> FeeType:
    """Return what a line is for; late usage is for what it corrects."""
    if line.kind in OF_PLAN:
        return FeeType.SUBSCRIPTION
    return FeeType.COMMITMENT if line.charge_code is None else FeeType.CHARGE


def event_fee_id(
    subscription_id: str, charge_id: str, transaction_id: str, carried_into: datetime | None
) -> str:
    """Return the id of the fee of an event under a charge: the same however often it is computed.

    What a period finds there when it begins owes a fee in it, too, under the period's own id.
    """
    parts = [subscription_id, charge_id, transaction_id]
    if carried_into is not None:
        parts.append(carried_into.isoformat())
    return str(uuid5(FEE_NAMESPACE, "\0".join(parts)))

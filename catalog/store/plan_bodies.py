"""A plan's version as JSON and back, decimals as text, so that it reads the same for ever."""

from datetime import datetime
from decimal import Decimal
from typing import TypedDict

import msgspec
import sqlalchemy as sa

from catalog.charge_terms import CHARGE_MODEL_OF, ChargeModel, ChargeTerms
from catalog.plans import Charge, Plan, PlanInterval

TERMS_OF: dict[ChargeModel, type[ChargeTerms]] = {
    model: terms for terms, model in CHARGE_MODEL_OF.items()
}


class ChargeBody(TypedDict):
    """One charge of a plan's version, as kept."""

    id: str
    code: str
    metric_id: str
    metric_code: str
    charge_model: ChargeModel
    terms: dict[str, object]
    created_at: datetime
    quantity_included: Decimal
    invoice_display_name: str | None


class PlanBody(TypedDict):
    """One version of a plan, as kept; its identity and validity are columns."""

    name: str
    interval: PlanInterval
    amount_cents: int
    amount_currency: str
    trial_period_days: Decimal
    description: str | None
    invoice_display_name: str | None
    charges: list[ChargeBody]


_DECODER = msgspec.json.Decoder(PlanBody)


def plan_body(plan: Plan) -> str:
    """Return the JSON text of one version of a plan."""
    body = PlanBody(
        name=plan.name,
        interval=plan.interval,
        amount_cents=plan.amount_cents,
        amount_currency=plan.amount_currency,
        trial_period_days=plan.trial_period_days,
        description=plan.description,
        invoice_display_name=plan.invoice_display_name,
        charges=[_charge_body(charge) for charge in plan.charges],
    )
    return msgspec.json.encode(body).decode()


def plan_of_body(row: sa.RowMapping) -> Plan:
    """Return one version of a plan from its joined row."""
    body = _DECODER.decode(row["body"])
    return Plan(
        id=row["id"],
        service_code=row["service_code"],
        code=row["code"],
        created_at=row["created_at"],
        valid_from=row["valid_from"],
        version=row["version"],
        deleted_at=row["deleted_at"],
        name=body["name"],
        interval=body["interval"],
        amount_cents=body["amount_cents"],
        amount_currency=body["amount_currency"],
        trial_period_days=body["trial_period_days"],
        description=body["description"],
        invoice_display_name=body["invoice_display_name"],
        charges=tuple(_charge(charge) for charge in body["charges"]),
    )


def _charge_body(charge: Charge) -> ChargeBody:
    return ChargeBody(
        id=charge.id,
        code=charge.code,
        metric_id=charge.metric_id,
        metric_code=charge.metric_code,
        charge_model=charge.charge_model,
        terms=msgspec.to_builtins(charge.terms),
        created_at=charge.created_at,
        quantity_included=charge.quantity_included,
        invoice_display_name=charge.invoice_display_name,
    )


def _charge(body: ChargeBody) -> Charge:
    return Charge(
        id=body["id"],
        code=body["code"],
        metric_id=body["metric_id"],
        metric_code=body["metric_code"],
        terms=msgspec.convert(body["terms"], TERMS_OF[body["charge_model"]]),
        created_at=body["created_at"],
        quantity_included=body["quantity_included"],
        invoice_display_name=body["invoice_display_name"],
    )

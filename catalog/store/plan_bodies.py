"""A plan's version as JSON and back, decimals as text, so that it reads the same for ever."""

from datetime import datetime
from decimal import Decimal
from typing import NotRequired, TypedDict

import msgspec
import sqlalchemy as sa

from catalog.charge_terms import CHARGE_MODEL_OF, ChargeModel, ChargeTerms
from catalog.plans import Charge, ChargeFilter, Plan, PlanInterval, PresentationKey

TERMS_OF: dict[ChargeModel, type[ChargeTerms]] = {
    model: terms for terms, model in CHARGE_MODEL_OF.items()
}


class FilterBody(TypedDict):
    """One filter of a charge, as kept; its terms are of the charge's model."""

    id: str
    values: list[tuple[str, list[str]]]
    terms: dict[str, object]
    quantity_included: Decimal
    pricing_group_keys: list[str]
    invoice_display_name: str | None


class ChargeBody(TypedDict):
    """One charge of a plan's version, as kept; older versions lack the members not required."""

    id: str
    code: str
    metric_id: str
    metric_code: str
    charge_model: ChargeModel
    terms: dict[str, object]
    created_at: datetime
    quantity_included: Decimal
    invoice_display_name: str | None
    filters: NotRequired[list[FilterBody]]
    pricing_group_keys: NotRequired[list[str]]
    presentation_keys: NotRequired[list[PresentationKey]]
    is_prorated: NotRequired[bool]
    is_pay_in_advance: NotRequired[bool]
    is_invoiceable: NotRequired[bool]
    regroup_paid_fees: NotRequired[str | None]
    min_amount_cents: NotRequired[int]
    parent_id: NotRequired[str | None]


class PlanBody(TypedDict):
    """One version of a plan, as kept; its identity and validity are columns.

    Older versions lack the members not required.
    """

    name: str
    interval: PlanInterval
    amount_cents: int
    amount_currency: str
    trial_period_days: Decimal
    description: str | None
    invoice_display_name: str | None
    charges: list[ChargeBody]
    is_pay_in_advance: NotRequired[bool]
    bills_charges_monthly: NotRequired[bool]
    minimum_commitment_cents: NotRequired[int]
    minimum_commitment_display_name: NotRequired[str | None]


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
        is_pay_in_advance=plan.is_pay_in_advance,
        bills_charges_monthly=plan.bills_charges_monthly,
        minimum_commitment_cents=plan.minimum_commitment_cents,
        minimum_commitment_display_name=plan.minimum_commitment_display_name,
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
        parent_id=row["parent_id"],
        name=body["name"],
        interval=body["interval"],
        amount_cents=body["amount_cents"],
        amount_currency=body["amount_currency"],
        trial_period_days=body["trial_period_days"],
        description=body["description"],
        invoice_display_name=body["invoice_display_name"],
        charges=tuple(_charge(charge) for charge in body["charges"]),
        is_pay_in_advance=body.get("is_pay_in_advance", False),
        bills_charges_monthly=body.get("bills_charges_monthly", False),
        minimum_commitment_cents=body.get("minimum_commitment_cents", 0),
        minimum_commitment_display_name=body.get("minimum_commitment_display_name"),
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
        filters=[_filter_body(one) for one in charge.filters],
        pricing_group_keys=list(charge.pricing_group_keys),
        presentation_keys=list(charge.presentation_keys),
        is_prorated=charge.is_prorated,
        is_pay_in_advance=charge.is_pay_in_advance,
        is_invoiceable=charge.is_invoiceable,
        regroup_paid_fees=charge.regroup_paid_fees,
        min_amount_cents=charge.min_amount_cents,
        parent_id=charge.parent_id,
    )


def _filter_body(one: ChargeFilter) -> FilterBody:
    return FilterBody(
        id=one.id,
        values=[(key, list(texts)) for key, texts in one.values],
        terms=msgspec.to_builtins(one.terms),
        quantity_included=one.quantity_included,
        pricing_group_keys=list(one.pricing_group_keys),
        invoice_display_name=one.invoice_display_name,
    )


def _charge(body: ChargeBody) -> Charge:
    terms = TERMS_OF[body["charge_model"]]
    return Charge(
        id=body["id"],
        code=body["code"],
        metric_id=body["metric_id"],
        metric_code=body["metric_code"],
        terms=msgspec.convert(body["terms"], terms),
        created_at=body["created_at"],
        quantity_included=body["quantity_included"],
        invoice_display_name=body["invoice_display_name"],
        filters=tuple(_filter(one, terms) for one in body.get("filters", ())),
        pricing_group_keys=tuple(body.get("pricing_group_keys", ())),
        presentation_keys=tuple(body.get("presentation_keys", ())),
        is_prorated=body.get("is_prorated", False),
        is_pay_in_advance=body.get("is_pay_in_advance", False),
        is_invoiceable=body.get("is_invoiceable", True),
        regroup_paid_fees=body.get("regroup_paid_fees"),
        min_amount_cents=body.get("min_amount_cents", 0),
        parent_id=body.get("parent_id"),
    )


def _filter(body: FilterBody, terms: type[ChargeTerms]) -> ChargeFilter:
    return ChargeFilter(
        id=body["id"],
        values=tuple((key, tuple(texts)) for key, texts in body["values"]),
        terms=msgspec.convert(body["terms"], terms),
        quantity_included=body["quantity_included"],
        pricing_group_keys=tuple(body["pricing_group_keys"]),
        invoice_display_name=body["invoice_display_name"],
    )

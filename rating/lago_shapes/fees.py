"""Fees as Lago's clients read them, and the filters of their list. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TypeVar

from catalog.errors import ValidationFailed
from catalog.lago_shapes.times import iso_inclusive_end, iso_seconds
from catalog.money import MONEY_CONTEXT, currency_exponent, decimal_text
from catalog.plans import ALL_FILTER_VALUES, ChargeFilter
from rating.fees.fee import Fee, FeeType, PaymentStatus
from rating.fees.fees import FeeFilter
from rating.lago_shapes.usage import to_lago_filter_values

UNIT_AMOUNT_STEP = Decimal(1).scaleb(-15)
SETTLED = ("succeeded_at", "failed_at", "refunded_at")
NO_AMOUNT = "0.0"
E = TypeVar("E", bound=StrEnum)


def to_lago_fee(fee: Fee) -> dict[str, object]:
    """Return the fee object; tax is Odoo's, so that every tax is 0 here."""
    currency = fee.plan.amount_currency
    cents = decimal_text(fee.amount.scaleb(currency_exponent(currency), MONEY_CONTEXT))
    shown: dict[str, object] = {
        "lago_id": fee.id,
        "lago_charge_id": fee.charge and fee.charge.id,
        "lago_charge_filter_id": fee.filter and fee.filter.id,
        "lago_fixed_charge_id": None,
        "lago_invoice_id": fee.invoice_id,
        "lago_true_up_fee_id": fee.true_up_id,
        "lago_true_up_parent_fee_id": fee.true_up_parent_id,
        "lago_original_fee_id": None,
        "lago_subscription_id": fee.subscription.id,
        "external_subscription_id": fee.subscription.external_id,
        "lago_customer_id": fee.subscription.account_id,
        "external_customer_id": fee.subscription.account_external_id,
        "item": _item(fee),
        "pay_in_advance": _is_in_advance(fee),
        "invoiceable": fee.charge is None or fee.charge.is_invoiceable,
        "amount_cents": fee.amount_cents,
        "amount_currency": currency,
        "precise_amount": decimal_text(fee.amount),
        "precise_total_amount": decimal_text(fee.amount),
        "taxes_amount_cents": 0,
        "taxes_precise_amount": NO_AMOUNT,
        "taxes_rate": 0,
        "total_aggregated_units": decimal_text(fee.units),
        "total_amount_cents": fee.amount_cents,
        "total_amount_currency": currency,
        "units": decimal_text(fee.units),
        "description": fee.description,
        "precise_unit_amount": unit_amount_text(fee.unit_amount),
        "precise_coupons_amount_cents": NO_AMOUNT,
        "sub_total_excluding_taxes_amount_cents": fee.amount_cents,
        "sub_total_excluding_taxes_precise_amount_cents": cents,
        "events_count": fee.events_count,
        "payment_status": PaymentStatus.PENDING.value,
        "created_at": iso_seconds(fee.created_at),
        **dict.fromkeys(SETTLED),
        "amount_details": fee.details or {},
        "self_billed": False,
        "pricing_unit_details": None,
        "presentation_breakdowns": [],
        "from_date": iso_seconds(fee.start),
        "to_date": iso_inclusive_end(fee.end),
        "applied_taxes": [],
    }
    return shown | ({"event_transaction_id": fee.event_transaction_id} if fee.is_of_event else {})


def filter_name(one: ChargeFilter | None) -> str | None:
    """Return the name of a filter: its own, else its values; the key where it takes them all."""
    if one is None:
        return None
    if one.invoice_display_name:
        return one.invoice_display_name
    names = [
        text
        for key, values in one.values
        for text in ([key] if values == (ALL_FILTER_VALUES,) else values)
    ]
    return ", ".join(names)


def unit_amount_text(amount: Decimal) -> str:
    """Return an amount for one unit with the 15 decimals that Lago keeps."""
    return decimal_text(amount.quantize(UNIT_AMOUNT_STEP, ROUND_HALF_UP, MONEY_CONTEXT))


def read_fee_filter(query: Mapping[str, str]) -> FeeFilter:
    """Return what a list of fees is narrowed to; ValidationFailed for what can't be meant."""
    times = {
        name: _instant(query.get(name), name)
        for about in ("created_at", *SETTLED)
        for name in (f"{about}_from", f"{about}_to")
    }
    return FeeFilter(
        type=_choice(query, "fee_type", FeeType),
        payment_status=_choice(query, "payment_status", PaymentStatus),
        currency=query.get("currency", "").upper() or None,
        external_subscription_id=query.get("external_subscription_id") or None,
        external_customer_id=query.get("external_customer_id") or None,
        metric_code=query.get("billable_metric_code") or None,
        event_transaction_id=query.get("event_transaction_id") or None,
        created_at_from=times.pop("created_at_from"),
        created_at_to=times.pop("created_at_to"),
        is_settled=any(times.values()),
    )


def _item(fee: Fee) -> dict[str, object]:
    plan, charge, metric = fee.plan, fee.charge, fee.metric
    shown: dict[str, object] = {"type": fee.type.value}
    if charge is None or metric is None:
        name = plan.invoice_display_name or plan.name
        if fee.type is FeeType.COMMITMENT:
            name = plan.minimum_commitment_display_name or "Minimum commitment - True up"
        elif fee.subscription.name:
            name = fee.subscription.name
        return shown | {
            "code": plan.code,
            "name": plan.name,
            "description": plan.description,
            "invoice_display_name": name,
            "filters": None,
            "filter_invoice_display_name": None,
            "lago_item_id": fee.subscription.id,
            "item_type": "Subscription",
            "grouped_by": {},
        }
    return shown | {
        "code": metric.code,
        "name": metric.name,
        "description": metric.description,
        "invoice_display_name": charge.invoice_display_name or metric.name,
        "filters": to_lago_filter_values(fee.filter),
        "filter_invoice_display_name": filter_name(fee.filter),
        "lago_item_id": metric.id,
        "item_type": "BillableMetric",
        "grouped_by": dict(fee.group),
    }


def _is_in_advance(fee: Fee) -> bool:
    if fee.type is FeeType.SUBSCRIPTION:
        return fee.plan.is_pay_in_advance
    return fee.is_of_event


def _choice(query: Mapping[str, str], name: str, choices: type[E]) -> E | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return choices(text)
    except ValueError as error:
        raise ValidationFailed({name: ["value_is_invalid"]}) from error


def _instant(text: str | None, name: str) -> datetime | None:
    """Return an ISO 8601 instant or date; without a zone it is UTC."""
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise ValidationFailed({name: ["invalid_date"]}) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)

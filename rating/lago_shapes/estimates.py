"""Estimates as Lago's clients ask for them and read them. Pure.

Of an estimate by itself most amounts are text, and a unit's is in cents (Lago).
"""

from collections.abc import Iterable
from decimal import Decimal

from catalog.errors import ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from catalog.money import MONEY_CONTEXT, ZERO, decimal_text, rounded_cents
from ingest.usage_event import Faulty, event_from_lago
from rating.estimates.estimates import AskedEvent, InstantFee
from rating.fees.fee import PaymentStatus
from rating.lago_shapes.fees import NO_AMOUNT, filter_name, unit_amount_text
from rating.lago_shapes.usage import to_lago_filter_values

ANY_CODE = "any"


def read_asked_event(raw: JsonValue, new_id: str) -> AskedEvent:
    """Return an event whose price is asked, under `new_id` when it names none."""
    given: JsonObject = raw if isinstance(raw, dict) else {}
    code, transaction_id = (_text(given.get(name)) for name in ("code", "transaction_id"))
    told = {**given, "code": code or ANY_CODE, "transaction_id": transaction_id or new_id}
    try:
        event = event_from_lago(told)
    except Faulty as faulty:
        raise ValidationFailed(faulty.codes) from faulty
    return AskedEvent(
        transaction_id=event.transaction_id,
        code=code,
        external_subscription_id=event.external_subscription_id,
        properties=bytes(event.properties),
        precise_total_amount_cents=event.precise_total_amount_cents,
    )


def read_asked_events(
    raws: JsonValue, new_ids: Iterable[str], *, events_max: int
) -> list[AskedEvent]:
    """Return a batch of events; ValidationFailed with every faulty one at its index."""
    if not isinstance(raws, list) or not raws:
        raise ValidationFailed({"events": ["no_events"]})
    if len(raws) > events_max:
        raise ValidationFailed({"events": ["too_many_events"]})
    events, faults = [], {}
    for index, (raw, new_id) in enumerate(zip(raws, new_ids, strict=False)):
        try:
            events.append(read_asked_event(raw, new_id))
        except ValidationFailed as refusal:
            faults[str(index)] = refusal.details or {}
    if faults:
        raise ValidationFailed(faults)
    return events


def to_lago_instant_fee(fee: InstantFee) -> dict[str, object]:
    """Return what one event costs by itself."""
    subscription, currency = fee.subscription, fee.currency
    cents = rounded_cents(fee.price.amount, currency)
    amount_cents, amount = decimal_text(Decimal(cents)), decimal_text(fee.price.amount)
    return {
        "lago_id": None,
        "lago_charge_id": fee.bucket.charge.id,
        "lago_charge_filter_id": fee.bucket.filter and fee.bucket.filter.id,
        "lago_invoice_id": None,
        "lago_true_up_fee_id": None,
        "lago_true_up_parent_fee_id": None,
        "lago_subscription_id": subscription.id,
        "external_subscription_id": subscription.external_id,
        "lago_customer_id": subscription.account_id,
        "external_customer_id": subscription.account_external_id,
        "item": _item(fee),
        "pay_in_advance": True,
        "invoiceable": fee.bucket.charge.is_invoiceable,
        "amount_cents": amount_cents,
        "amount_currency": currency,
        "precise_amount": amount,
        "precise_total_amount": amount,
        "taxes_amount_cents": 0,
        "taxes_precise_amount": 0,
        "taxes_rate": 0,
        "total_amount_cents": amount_cents,
        "total_amount_currency": currency,
        "units": decimal_text(fee.units),
        "description": None,
        "precise_unit_amount": unit_amount_text(_cents_of_unit(cents, fee.units)),
        "precise_coupons_amount_cents": NO_AMOUNT,
        "events_count": 1,
        "payment_status": PaymentStatus.PENDING.value,
        "created_at": None,
        "succeeded_at": None,
        "failed_at": None,
        "refunded_at": None,
        "amount_details": None,
        "event_transaction_id": fee.transaction_id,
    }


def _item(fee: InstantFee) -> dict[str, object]:
    metric, charge, one = fee.metric, fee.bucket.charge, fee.bucket.filter
    return {
        "type": "charge",
        "code": metric.code,
        "name": metric.name,
        "description": metric.description,
        "invoice_display_name": charge.invoice_display_name or metric.name,
        "filters": to_lago_filter_values(one),
        "filter_invoice_display_name": filter_name(one),
        "lago_item_id": metric.id,
        "item_type": "BillableMetric",
        "grouped_by": {},
    }


def _cents_of_unit(cents: int, units: Decimal) -> Decimal:
    return MONEY_CONTEXT.divide(Decimal(cents), units) if cents and units else ZERO


def _text(value: JsonValue) -> str | None:
    """Return text, or a whole number's digits; None for anything blank."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None

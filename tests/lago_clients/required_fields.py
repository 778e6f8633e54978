"""The members that Lago's Python client cannot do without, for answers to any client.

The first word of a key is the root of an answer, or its list; then the way below it, where `*`
goes through a list.
"""

from collections.abc import Iterator, Mapping
from typing import Any

AMOUNTS = "amount_cents total_amount_cents taxes_amount_cents"
USAGE = f"from_datetime to_datetime issuing_date currency {AMOUNTS} charges_usage"
CHARGE_USAGE = "units events_count amount_cents amount_currency charge billable_metric filters"
PRICE = "units amount_cents events_count"
INVOICE = (
    "lago_id number payment_overdue net_payment_term invoice_type version_number status "
    "payment_status currency fees_amount_cents coupons_amount_cents taxes_amount_cents "
    "credit_notes_amount_cents progressive_billing_credit_amount_cents "
    "sub_total_excluding_taxes_amount_cents sub_total_including_taxes_amount_cents "
    "total_amount_cents total_due_amount_cents prepaid_credit_amount_cents"
)
PERIOD = (
    "lago_subscription_id external_subscription_id lago_plan_id subscription_from_datetime "
    "subscription_to_datetime charges_from_datetime charges_to_datetime invoicing_reason"
)
EVENT = "transaction_id external_subscription_id code timestamp"
CUSTOMER = "lago_id external_id created_at updated_at applicable_timezone"
METRIC = "lago_id name code created_at filters"
PLAN = "lago_id name created_at code"
METRIC_NAMED = "lago_id name code aggregation_type"
ENDPOINT = "lago_id lago_organization_id webhook_url created_at"
CREDIT_NOTE = (
    "currency total_amount_cents credit_amount_cents balance_amount_cents refund_amount_cents "
    "offset_amount_cents taxes_amount_cents taxes_rate sub_total_excluding_taxes_amount_cents "
    "coupons_adjustment_amount_cents"
)
PAYMENT = (
    "lago_id invoice_ids invoice_numbers amount_cents amount_currency payment_status type "
    "reference created_at"
)
TAX = "lago_id name code rate created_at"
REQUIRED: dict[str, str] = {
    "event": EVENT,
    "events *": EVENT,
    "customer": CUSTOMER,
    "customers *": CUSTOMER,
    "subscription": "lago_id",
    "subscriptions *": "lago_id",
    "billable_metric": METRIC,
    "billable_metrics *": METRIC,
    "plan": PLAN,
    "plans *": PLAN,
    "customer_usage": USAGE,
    "customer_usage charges_usage *": f"{CHARGE_USAGE} total_aggregated_units",
    "customer_usage charges_usage * charge": "lago_id charge_model",
    "customer_usage charges_usage * billable_metric": METRIC_NAMED,
    "customer_usage charges_usage * filters *": f"{PRICE} total_aggregated_units",
    "usage_periods *": USAGE,
    "usage_periods * charges_usage *": f"{CHARGE_USAGE} total_aggregated_units",
    "invoice": INVOICE,
    "invoices *": INVOICE,
    "invoice billing_periods *": PERIOD,
    "credit_note": CREDIT_NOTE,
    "credit_notes *": CREDIT_NOTE,
    "payment": PAYMENT,
    "payments *": PAYMENT,
    "tax": TAX,
    "taxes *": TAX,
    "lifetime_usage": "lago_id lago_subscription_id external_subscription_id "
    "external_historical_usage_amount_cents invoiced_usage_amount_cents "
    "current_usage_amount_cents",
    "webhook_endpoint": ENDPOINT,
    "webhook_endpoints *": ENDPOINT,
    "webhook": "public_key",
}


def lacking(body: Mapping[str, Any]) -> set[str]:
    """Return the members that an answer lacks, each with the way to it."""
    return {
        f"{way}: {name}"
        for way, names in REQUIRED.items()
        for found in _found(body, way.split())
        for name in names.split()
        if found.get(name) is None
    }


def ways_of(body: Mapping[str, Any]) -> set[str]:
    """Return the ways of the table that an answer has."""
    return {way for way in REQUIRED if any(True for _ in _found(body, way.split()))}


def _found(value: Any, way: list[str]) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - any JSON
    if not way:
        yield value
    elif way[0] == "*":
        for each in value:
            yield from _found(each, way[1:])
    elif value.get(way[0]) is not None:
        yield from _found(value[way[0]], way[1:])

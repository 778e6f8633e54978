"""What Lago has and we don't: asked for, counted, and told with what to do about it."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from catalog.exact_json import JsonObject
from fusion_billing.lago_import.catalogue_fields import objects
from fusion_billing.lago_import.lists import count_of
from fusion_billing.lago_import.report import LeftBehind
from fusion_billing.lago_import.source import LagoSource, NotOffered

TAXES = "Taxes are Odoo's: set them there."
INVOICED = "They stay with the system that made them: Lago's periods are Lago's."
LISTS = {
    "wallets": "There are no wallets: let prepaid credit be used up, or pay it back, in Lago.",
    "coupons": "There are no coupons: give the discount in Odoo.",
    "applied_coupons": "There are no coupons: give what is left of them in Odoo.",
    "add_ons": "They are products of Odoo: sell them there.",
    "taxes": TAXES,
    "features": "Entitlements stay with your app: there are none here.",
    "payment_requests": "Odoo's follow-ups ask for payment.",
    "invoices": INVOICED,
    "credit_notes": INVOICED,
    "payments": INVOICED,
    "payment_receipts": INVOICED,
    "billing_entities": "A service is one billing entity: run the import for each of several.",
    "webhook_endpoints": "Create them here when your apps are to hear from us, not from both.",
}
IN_PLANS = {
    "taxes": TAXES,
    "entitlements": "Entitlements stay with your app: there are none here.",
    "metadata": "It is not kept here.",
}
IN_CUSTOMERS = {
    "metadata": "It is not kept here.",
    "taxes": TAXES,
    "integration_customers": "Odoo is the only integration: link the customer there.",
    "shipping_address": "Enter it on the partner in Odoo.",
    "net_payment_term": "Set the payment terms on the partner in Odoo.",
    "external_salesforce_id": "It is not kept here.",
    "logo_url": "It is not kept here.",
}
IN_BILLING = {
    "invoice_grace_period": "FUSION_BILL_GRACE_SECONDS is one for all services.",
    "payment_provider": "Odoo collects payment: connect it there.",
    "document_locale": "Odoo writes invoices in the partner's language.",
}
IN_SUBSCRIPTIONS = {
    "purchase_order_number": "Write it on the order in Odoo.",
    "entitlements": "Entitlements stay with your app: there are none here.",
    "progressive_billing_disabled": "There is no progressive billing here.",
}
ENDED_EARLIER = LeftBehind(
    "subscriptions that ended before the open period", 1, "Lago has billed them to their end."
)


def left_lists(
    source: LagoSource,
    customers: Sequence[JsonObject],
    watch: Callable[[int, int], None] = lambda _done, _all: None,
) -> Iterator[LeftBehind]:
    """Yield how much of each thing Lago has that we don't; nothing where it has none."""
    for number, (name, advice) in enumerate(LISTS.items(), 1):
        count = _count(source, name, customers)
        watch(number, len(LISTS))
        if count is None or count > (1 if name == "billing_entities" else 0):
            yield LeftBehind(name, count, advice)


def left_of_plans(plans: Iterable[JsonObject]) -> Iterator[LeftBehind]:
    """Yield what plans and their charges have that stays in Lago."""
    for plan in plans:
        yield from _left(plan, "plans with", IN_PLANS)
        for charge in objects(plan, "charges"):
            yield from _left(charge, "charges with", {"taxes": TAXES})


def left_of_customers(customers: Iterable[JsonObject]) -> Iterator[LeftBehind]:
    """Yield what customers have that stays in Lago."""
    for customer in customers:
        yield from _left(customer, "customers with", IN_CUSTOMERS)
        billing = customer.get("billing_configuration")
        if isinstance(billing, dict):
            yield from _left(billing, "customers with", IN_BILLING)


def left_of_subscriptions(subscriptions: Iterable[JsonObject]) -> Iterator[LeftBehind]:
    """Yield what subscriptions have that stays in Lago."""
    for subscription in subscriptions:
        yield from _left(subscription, "subscriptions with", IN_SUBSCRIPTIONS)


def _left(lago: JsonObject, whose: str, members: dict[str, str]) -> Iterator[LeftBehind]:
    for name, advice in members.items():
        value = lago.get(name)
        is_blank = isinstance(value, dict) and not any(value.values())
        if value and not is_blank:
            yield LeftBehind(f"{whose} {name}", 1, advice)


def _count(source: LagoSource, name: str, customers: Sequence[JsonObject]) -> int | None:
    """Return how many there are; 0 where this Lago has no such list, None where it won't say."""
    try:
        return count_of(source, name)
    except NotOffered as refusal:
        if name != "wallets":
            return None if refusal.is_forbidden else 0
    # Older releases list the wallets of one customer only.
    try:
        counts = [
            count_of(source, name, {"external_customer_id": str(one.get("external_id"))})
            for one in customers
        ]
    except NotOffered as refusal:
        return None if refusal.is_forbidden else 0
    return sum(count or 0 for count in counts)

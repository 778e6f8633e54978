"""What a preview of an invoice asks for, in Lago's words. Pure."""

from catalog.errors import NOT_SUPPORTED_YET, ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from catalog.lago_shapes.fields import MANDATORY, Fields
from catalog.subscriptions import BillingTime
from odoo_bridge.answers.preview import SUBSCRIPTIONS, PreviewOrder

# Previews of an end or a change of plan, which rating can't imagine yet.
NOT_YET = ("plan_code", "terminated_at")


def read_preview_order(given: JsonObject) -> PreviewOrder:
    """Return whose next invoice is meant; ValidationFailed names every faulty field."""
    fields = Fields(given)
    customer = Fields(_object(given, "customer"))
    subscriptions = _object(given, SUBSCRIPTIONS)
    fields.refuse("coupons")
    for name in NOT_YET:
        if subscriptions.get(name):
            fields.fault(SUBSCRIPTIONS, NOT_SUPPORTED_YET)
    order = PreviewOrder(
        account_external_id=customer.text("external_id"),
        subscription_external_ids=_external_ids(fields, subscriptions),
        plan_code=fields.text("plan_code"),
        billing_time=fields.choice("billing_time", BillingTime, None) or BillingTime.CALENDAR,
        subscription_at=fields.instant("subscription_at"),
        timezone=customer.timezone("timezone", None),
    )
    if order.account_external_id is None and order.plan_code is None:
        fields.fault("customer", MANDATORY)
    if order.subscription_external_ids and order.plan_code:
        fields.fault("plan_code", NOT_SUPPORTED_YET)
    more = {"customer": customer.faults} if customer.faults else None
    if fields.faults or more:
        raise ValidationFailed({**fields.faults, **(more or {})})
    return order


def _object(given: JsonObject, name: str) -> JsonObject:
    value: JsonValue = given.get(name)
    return value if isinstance(value, dict) else {}


def _external_ids(fields: Fields, subscriptions: JsonObject) -> list[str]:
    ids = subscriptions.get("external_ids") or []
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        fields.fault(SUBSCRIPTIONS, "value_is_invalid")
        return []
    return [str(one) for one in ids]

"""Enterprise or Community: whether subscriptions are here, and in the shape that we rely on.

The list is from Odoo's documentation and public modules; a customer's server is the judge of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from odoo_bridge.checks.finding import Finding, fail, ok, warn
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import Misconfigured

CONSOLIDATION_PARAMETER = "sale_subscription.invoice_consolidation"
FALSE_TEXTS = {"", "0", "False", "false"}


@dataclass(frozen=True, slots=True)
class NeededShape:
    """The fields and public methods that the bridge relies on in one model."""

    model: str
    fields: tuple[str, ...]
    methods: tuple[str, ...] = ()


NEEDED_SHAPES = (
    NeededShape(
        "sale.order",
        (
            *("plan_id", "is_subscription", "subscription_state", "start_date"),
            *("next_invoice_date", "end_date", "close_reason_id", "payment_exception"),
        ),
        ("action_confirm", "set_close", "pause_subscription", "resume_subscription"),
    ),
    NeededShape(
        "sale.subscription.plan",
        ("name", "active", "billing_period_value", "billing_period_unit"),
    ),
    NeededShape("sale.order.close.reason", ("name",)),
    NeededShape("product.template", ("recurring_invoice",)),
    NeededShape("account.move.line", ("subscription_id", "deferred_start_date")),
)


def look_at_subscriptions(odoo: OdooConnection) -> Iterator[Finding]:
    """Yield which edition it is and, on Enterprise, whether it has what the bridge needs."""
    if not has_subscriptions(odoo):
        yield ok("Community: no subscriptions here, our own clock bills plain orders")
        return
    yield ok("Enterprise: subscriptions are orders with a plan")
    for needed in NEEDED_SHAPES:
        yield _shape(odoo, needed)
    yield _consolidation(odoo)


def has_subscriptions(odoo: OdooConnection) -> bool:
    """Say whether Odoo has subscriptions, which Community has not; any user may ask."""
    return bool(odoo.call("sale.order", "fields_get", ["plan_id"], ["type"]))


def _shape(odoo: OdooConnection, needed: NeededShape) -> Finding:
    told = odoo.documentation(needed.model)
    if told is not None:
        methods = [f"{name}()" for name in needed.methods if name not in told["methods"]]
        return _compared(needed, told["fields"], methods, "fields and methods are as we need them")
    try:
        fields = odoo.call(needed.model, "fields_get", list(needed.fields), ["type"])
    except Misconfigured as fault:
        return fail(f"{needed.model} can't be seen: {fault.words}", "install Subscriptions")
    words = "fields are as we need them"
    if needed.methods:
        words += ", methods can't be seen (they can with Odoo's module api_doc and an API key)"
    return _compared(needed, fields, [], words)


def _compared(
    needed: NeededShape, fields: object, missing_methods: list[str], words: str
) -> Finding:
    known = fields if isinstance(fields, dict) else {}
    missing = [name for name in needed.fields if name not in known] + missing_methods
    if not missing:
        return ok(f"{needed.model}: {words}")
    return fail(
        f"{needed.model} lacks {', '.join(missing)}",
        "this Enterprise differs from the one we know: bill by drafts only, and report this",
    )


def _consolidation(odoo: OdooConnection) -> Finding:
    """Return whether Odoo would put several services of a client on one invoice."""
    where = "Settings, Subscriptions, 'Invoice Consolidation'"
    try:
        told = odoo.call("ir.config_parameter", "get_param", key=CONSOLIDATION_PARAMETER)
    except Misconfigured:
        words = "this user can't see whether invoices are consolidated"
        return warn(words, f"look at {where}: it must be off; or check as an administrator")
    if str(told or "") in FALSE_TEXTS:
        return ok("consolidated invoicing is off: one invoice for each service")
    return fail("consolidated invoicing is on: services would share invoices", f"{where}: off")

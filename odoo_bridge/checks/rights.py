"""What the integration user may do: the least that suffices, and no more."""

from collections.abc import Iterator
from dataclasses import dataclass

from odoo_bridge.checks.finding import Finding, fail, ok, warn
from odoo_bridge.connection import OdooConnection
from odoo_bridge.fields import SETUP_COMMAND, missing_fields

ADMINISTRATOR = "base.group_system"


@dataclass(frozen=True, slots=True)
class NeededRight:
    """A group, its name in Odoo's settings, and what it lets the bridge do."""

    group: str
    label: str
    model: str
    operation: str


NEEDED_RIGHTS = (
    NeededRight("base.group_user", "User type: Internal User", "res.users", "read"),
    NeededRight("base.group_partner_manager", "Contact: Creation", "res.partner", "create"),
    NeededRight("product.group_product_manager", "Product: Creation", "product.product", "create"),
    NeededRight(
        *("sales_team.group_sale_salesman_all_leads", "Sales: User: All Documents"),
        *("sale.order", "create"),
    ),
    NeededRight(
        *("account.group_account_invoice", "Invoicing: Invoicing (Billing)"),
        *("account.move", "create"),
    ),
    NeededRight(
        *("account.group_account_invoice", "Invoicing: Invoicing (Billing)"),
        *("account.move.line", "create"),
    ),
)


def look_at_rights(odoo: OdooConnection) -> Iterator[Finding]:
    """Yield what the user may and may not do."""
    for needed in NEEDED_RIGHTS:
        yield _right(odoo, needed)
    if odoo.call("res.users", "has_group", [odoo.user_id], ADMINISTRATOR):
        words = f"{odoo.settings.login} is an administrator: sending needs much less"
        yield warn(words, "give the bridge a user of its own with the rights named here")


def look_at_fields(odoo: OdooConnection) -> Iterator[Finding]:
    """Yield whether `odoo setup` has been run."""
    missing = missing_fields(odoo)
    if missing:
        named = ", ".join(f"{needed.model}.{needed.name}" for needed in missing)
        remedy = f"run `{SETUP_COMMAND}` as an administrator"
        yield fail(f"fields are missing: {named}", remedy)
    else:
        yield ok("every x_fc_ field is there")


def _right(odoo: OdooConnection, needed: NeededRight) -> Finding:
    told = f"{needed.operation} {needed.model}"
    remedy = f"give {odoo.settings.login} the right {needed.label!r} in Odoo's settings"
    if not odoo.call(needed.model, "has_access", [], needed.operation):
        return fail(f"the user may not {told}", remedy)
    if not odoo.call("res.users", "has_group", [odoo.user_id], needed.group):
        return warn(f"the user may {told}, perhaps not all of them", remedy)
    return ok(f"the user may {told}")

"""The product that stands for a plan on orders: a person's, or ours.

On Enterprise it may bill the fee, which our invoices then leave out; on Community it must not.
"""

from catalog.plans import Plan
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.loading import created_once, resolved_id
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.orders.order_rows import own_product_external_id, to_odoo_plan_product

MODEL = "product.product"
BY_DELIVERY = "delivery"


def order_product_id(
    odoo: OdooConnection, plan: Plan, template_id: int | None, *, is_recurring: bool
) -> int:
    """Return the product of a plan's order line: the catalogue's in Odoo, else one of ours.

    Raises NeedsHuman for one with which Odoo would bill the fee a second time.
    """
    if template_id is not None:
        product_id = _variant_id(odoo, template_id)
    else:
        product_id = _own_product_id(odoo, plan, is_recurring=is_recurring)
    fields = ["active", "display_name", "invoice_policy"]
    fields += ["recurring_invoice"] if is_recurring else []
    product = odoo.call(MODEL, "read", [product_id], fields)[0]
    problem = product_fault(product, is_recurring=is_recurring)
    if problem:
        raise NeedsHuman(f"product {product['display_name']} (#{product_id}) {problem}")
    return product_id


def product_fault(product: OdooValue, *, is_recurring: bool) -> str | None:
    """Return why a product must not stand on an order, or None."""
    if not product["active"]:
        return "is archived in Odoo: unarchive it"
    if not is_recurring and product["invoice_policy"] != BY_DELIVERY:
        return (
            "is invoiced by ordered quantities, so that Odoo would bill the fee a second time: set "
            "its Invoicing Policy to 'Delivered quantities'"
        )
    if is_recurring and not product["recurring_invoice"]:
        return "is no subscription product: tick 'Subscriptions' on it"
    return None


def _variant_id(odoo: OdooConnection, template_id: int) -> int:
    of_template = [("product_tmpl_id", "=", template_id)]
    context = {"active_test": False}
    found = odoo.call(MODEL, "search", of_template, order="id", limit=1, context=context)
    if not found:
        raise NeedsHuman(f"the product of the plan (#{template_id}) has no variant in Odoo")
    return int(found[0])


def _own_product_id(odoo: OdooConnection, plan: Plan, *, is_recurring: bool) -> int:
    external_id = own_product_external_id(plan, is_recurring=is_recurring)
    found = resolved_id(odoo, MODEL, external_id)
    if found is not None:
        return found
    cells = to_odoo_plan_product(plan, is_recurring=is_recurring)
    return created_once(odoo, MODEL, external_id, list(cells), [list(cells.values())])

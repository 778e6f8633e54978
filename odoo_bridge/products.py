"""The products that invoice lines name: one service product per charge, one per plan fee.

Created once and never rewritten: its name, accounts and taxes belong to the people in Odoo.
"""

from collections.abc import Iterable

from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.loading import created_once, resolved_id
from odoo_bridge.product_rows import ProductKey, to_odoo_product

MODEL = "product.product"


def product_ids_of(odoo: OdooConnection, keys: Iterable[ProductKey]) -> dict[ProductKey, int]:
    """Return the product of each key, created if need be."""
    return {key: _product_id(odoo, key) for key in keys}


def _product_id(odoo: OdooConnection, key: ProductKey) -> int:
    found = resolved_id(odoo, MODEL, key.external_id)
    if found is None:
        columns, row = to_odoo_product(key)
        return created_once(odoo, MODEL, key.external_id, columns, [row])
    product = odoo.call(MODEL, "read", [found], ["active", "display_name"])[0]
    if not product["active"]:
        raise NeedsHuman(
            f"product {product['display_name']} (#{found}) is archived in Odoo: "
            "unarchive it, then send again"
        )
    return found

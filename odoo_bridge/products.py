"""The products that invoice lines name: one service product per charge, one per plan fee.

Created once and never rewritten: its name, accounts and taxes belong to the people in Odoo.
"""

from collections.abc import Iterable, Sequence

from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.loading import created_once, resolved_id
from odoo_bridge.product_rows import ProductKey, to_odoo_product

MODEL = "product.product"


def product_ids_of(odoo: OdooConnection, keys: Iterable[ProductKey]) -> dict[ProductKey, int]:
    """Return the product of each key, created if need be; NeedsHuman for one that is archived."""
    found: dict[ProductKey, int] = {}
    made: dict[ProductKey, int] = {}
    for key in keys:
        held = resolved_id(odoo, MODEL, key.external_id)
        if held is not None:
            found[key] = held
            continue
        columns, row = to_odoo_product(key)
        made[key] = created_once(odoo, MODEL, key.external_id, columns, [row])
    _refuse_archived(odoo, sorted(found.values()))
    return found | made


def _refuse_archived(odoo: OdooConnection, product_ids: Sequence[int]) -> None:
    """Raise NeedsHuman when a product is archived; asks once for all."""
    fields = ["active", "display_name"]
    read = odoo.call(MODEL, "read", list(product_ids), fields) if product_ids else []
    for product in read:
        if not product["active"]:
            raise NeedsHuman(
                f"product {product['display_name']} (#{product['id']}) is archived in Odoo: "
                "unarchive it, then send again"
            )

"""The products that invoice lines name: one service product per charge, one per plan fee.

Created once and never rewritten: its name, accounts and taxes belong to the people in Odoo.
"""

from collections.abc import Collection, Iterable, Sequence

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


def fit_product_ids(odoo: OdooConnection, keys: Collection[ProductKey]) -> dict[ProductKey, int]:
    """Return the products of some keys that are there and active, in two calls for all.

    They are looked for by the charge that each carries; whose they are, their external ids say.
    All others are for `product_ids_of`, which makes them or says what is wrong.
    """
    carried = [
        ["x_fc_service", "in", sorted({key.service_code for key in keys})],
        ["x_fc_charge_code", "in", [*sorted({key.charge_code or "" for key in keys}), False]],
    ]
    product_ids = odoo.call(MODEL, "search", carried) if keys else []
    named = odoo.call(MODEL, "get_external_id", product_ids) if product_ids else {}
    held = {str(external_id): int(product_id) for product_id, external_id in named.items()}
    return {key: held[key.external_id] for key in keys if key.external_id in held}


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

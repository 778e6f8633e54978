"""External ids: the names under which Odoo keeps our records unique. Pure.

The prefix can never be a module's name, or Odoo would delete our records at that module's update.
"""

import hashlib
from uuid import UUID

PREFIX = "__fb__"
DIGEST_DIGITS = 32


def invoice_external_id(draft_id: str) -> str:
    """Return the external id of a draft's invoice."""
    return f"{PREFIX}.inv_{_word(draft_id)}"


def line_external_id(draft_id: str, number: int) -> str:
    """Return the external id of a line of a draft's invoice; lines are numbered from 1."""
    return f"{invoice_external_id(draft_id)}_l{number}"


def one_time_line_external_id(draft_id: str, number: int) -> str:
    """Return the external id of a draft's line on its subscription's order."""
    return f"{invoice_external_id(draft_id)}_o{number}"


def client_external_id(client_key: str) -> str:
    """Return the external id of a partner that we create for a client."""
    return f"{PREFIX}.acct_{_word(client_key)}"


def product_external_id(service_code: str, charge_code: str | None) -> str:
    """Return the external id of a charge's product; without a charge, of the plan fee's."""
    if charge_code is None:
        return f"{PREFIX}.fee_{digest(service_code)}"
    return f"{PREFIX}.charge_{digest(service_code, charge_code)}"


def plan_product_external_id(service_code: str, plan_code: str) -> str:
    """Return the external id of the product that stands on orders for a plan."""
    return f"{PREFIX}.plan_{digest(service_code, plan_code)}"


def fee_product_external_id(service_code: str, plan_code: str) -> str:
    """Return the external id of the product with which Odoo's own clock bills a plan's fee."""
    return f"{PREFIX}.planfee_{digest(service_code, plan_code)}"


def catalogue_product_external_id(service_code: str, plan_code: str, charge_code: str) -> str:
    """Return the external id of a product made for a plan's code, or for one charge of it."""
    return f"{PREFIX}.cat_{digest(service_code, plan_code, charge_code)}"


def order_external_id(first_subscription_id: str) -> str:
    """Return the external id of the order of a subscription and of those that followed it."""
    return f"{PREFIX}.order_{_word(first_subscription_id)}"


def order_line_external_id(order_id: int, subscription_id: str) -> str:
    """Return the external id of the line of an order that shows a subscription's plan.

    It names the order in Odoo, for the ids of its lines outlive a deleted order there.
    """
    return f"{PREFIX}.order_{order_id}_line_{_word(subscription_id)}"


def order_note_external_id(order_id: int) -> str:
    """Return the external id of an order's note, to which our invoices are tied."""
    return f"{PREFIX}.order_{order_id}_note"


def digest(*parts: str) -> str:
    """Return a short digest of texts; no two sequences of texts run into each other."""
    told = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(told.encode()).hexdigest()[:DIGEST_DIGITS]


def _word(key: str) -> str:
    """Return a UUID's digits, or a digest of any other text: letters and digits only."""
    try:
        return UUID(key).hex
    except ValueError:
        return digest(key)

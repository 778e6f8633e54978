"""The cards that a client has given to Odoo; what changes them happens there."""

from dataclasses import dataclass
from datetime import datetime

from catalog.errors import MethodNotAllowed, NotFound
from odoo_bridge.answers.lago_ids import odoo_lago_id
from odoo_bridge.answers.portal import known_partner
from odoo_bridge.answers.sources import Asked
from odoo_bridge.odoo_value import from_odoo_instant

CARD_MODEL = "payment.token"
CARD_FIELDS = ["payment_details", "provider_id", "provider_code", "create_date"]
RESOURCE = "payment_method"
CHANGED_IN_ODOO = "payment_methods_are_changed_in_odoo"


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """One saved card, by the few digits that Odoo shows; its secret is never read."""

    lago_id: str
    details: str
    provider_code: str
    provider_name: str
    created_at: datetime


def payment_methods(asked: Asked, account_external_id: str) -> list[PaymentMethod]:
    """Return the cards of an account's client, newest first; errors as for its portal."""
    _, odoo, partner_id = known_partner(asked, account_external_id)
    of_client = [["partner_id.commercial_partner_id", "=", partner_id]]
    read = odoo.call(CARD_MODEL, "search_read", of_client, CARD_FIELDS, order="id desc")
    database = odoo.settings.database
    return [
        PaymentMethod(
            lago_id=odoo_lago_id(database, CARD_MODEL, int(one["id"])),
            details=str(one["payment_details"] or ""),
            provider_code=str(one["provider_code"] or ""),
            provider_name=str(one["provider_id"][1]),
            created_at=from_odoo_instant(one["create_date"]),
        )
        for one in read
    ]


def refuse_change(asked: Asked, account_external_id: str, lago_id: str) -> MethodNotAllowed:
    """Return why a card is not changed here; NotFound for one that the client has not.

    The bridge's user may not write cards, and a client's services share them.
    """
    known = payment_methods(asked, account_external_id)
    if all(one.lago_id != lago_id for one in known):
        raise NotFound(RESOURCE)
    return MethodNotAllowed(CHANGED_IN_ODOO)

"""What Odoo knows of an invoice's cards and payments, and the one call that charges a card."""

from dataclasses import dataclass

from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.odoo_value import OdooValue

MOVE, REGISTER, PAYMENT = "account.move", "account.payment.register", "account.payment"
CARD, METHOD_LINE = "payment.token", "account.payment.method.line"
MOVE_FIELDS = ["name", "state", "payment_state", "partner_id", "commercial_partner_id"]
PAYMENT_FIELDS = ["state", "payment_transaction_id"]
POSTED, CANCELLED = "posted", "cancel"
UNPAID = ("not_paid", "partial")
CHARGED_STATES = ("paid", "in_process")


@dataclass(frozen=True, slots=True)
class Card:
    """One saved card and the journal's line by which its provider pays."""

    card_id: int
    details: str
    journal_id: int
    method_line_id: int


def invoice_of(odoo: OdooConnection, move_id: int) -> OdooValue | None:
    """Return an invoice as it is now; None when it is gone."""
    read = odoo.call(MOVE, "search_read", [["id", "=", move_id]], MOVE_FIELDS)
    return read[0] if read else None


def card_of(odoo: OdooConnection, move: OdooValue) -> Card | None:
    """Return the card of an invoice's partner, None without one; a choice is a person's."""
    partners = sorted({move["partner_id"][0], move["commercial_partner_id"][0]})
    mine = [["partner_id", "in", partners]]
    cards = odoo.call(CARD, "search_read", mine, ["payment_details", "provider_id"], order="id")
    if not cards:
        return None
    if len(cards) > 1:
        raise NeedsHuman(
            f"the client has {len(cards)} saved cards, and which to charge is a person's choice: "
            "register the payment in Odoo, or archive all but one"
        )
    (card,) = cards
    by = [["payment_provider_id", "=", card["provider_id"][0]], ["journal_id", "!=", False]]
    lines = odoo.call(METHOD_LINE, "search_read", by, ["journal_id"], order="id", limit=1)
    if not lines:
        raise NeedsHuman(
            f"no journal takes payments of {card['provider_id'][1]}: give its provider a journal"
        )
    details = str(card["payment_details"] or f"#{card['id']}")
    return Card(int(card["id"]), details, int(lines[0]["journal_id"][0]), int(lines[0]["id"]))


def payment_of(odoo: OdooConnection, memo: str, after_id: int) -> OdooValue | None:
    """Return the newest payment that was made under our words, later than a known one."""
    wanted = [["memo", "=", memo], ["id", ">", after_id]]
    found = odoo.call(PAYMENT, "search_read", wanted, PAYMENT_FIELDS, order="id desc", limit=1)
    return found[0] if found else None


def wizard_of(odoo: OdooConnection, move_id: int, card: Card, memo: str) -> int:
    """Return the form that would charge a card for what is open of an invoice; charges nothing."""
    asked = {
        "journal_id": card.journal_id,
        "payment_method_line_id": card.method_line_id,
        "payment_token_id": card.card_id,
        "communication": memo,
    }
    return int(odoo.call(REGISTER, "create", asked, context=_of(move_id)))


def charge(odoo: OdooConnection, move_id: int, wizard_id: int) -> None:
    """Send the form: Odoo asks the provider. Whatever comes back, it is not sent again."""
    odoo.call_once(REGISTER, "action_create_payments", [wizard_id], context=_of(move_id))


def refusal_of(odoo: OdooConnection, payment: OdooValue) -> str:
    """Return the provider's words for a payment that it did not make."""
    known = payment["payment_transaction_id"]
    read = odoo.call("payment.transaction", "read", [known[0]], ["state_message"]) if known else []
    return str(read[0]["state_message"] or "") if read else ""


def _of(move_id: int) -> dict[str, OdooValue]:
    return {"active_model": MOVE, "active_ids": [move_id]}

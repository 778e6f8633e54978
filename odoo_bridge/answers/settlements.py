"""What settled invoices and credit notes: payments, or one another. In integer cents."""

from collections.abc import Sequence

from odoo_bridge.answers.domains import any_of
from odoo_bridge.answers.move import Move, Settlement, cents_of
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue

MODEL = "account.partial.reconcile"
FIELDS = [
    *("debit_move_id", "credit_move_id", "debit_amount_currency", "credit_amount_currency"),
    *("debit_currency_id", "credit_currency_id"),
]


def settlements_of(odoo: OdooConnection, moves: Sequence[Move]) -> dict[int, list[Settlement]]:
    """Return the matchings of each move of which something is settled."""
    matched = {move.move_id for move in moves if move.residual_cents != move.total_cents}
    if not matched:
        return {}
    ids = sorted(matched)
    either = any_of([["debit_move_id.move_id", "in", ids]], [["credit_move_id.move_id", "in", ids]])
    partials = odoo.call(MODEL, "search_read", either, FIELDS)
    owners = line_owners(odoo, partials)
    found: dict[int, list[Settlement]] = {}
    for partial in partials:
        for side, other in (("debit", "credit"), ("credit", "debit")):
            one = from_odoo_partial(partial, owners, side, other)
            if one.move_id in matched:
                found.setdefault(one.move_id, []).append(one)
    return found


def line_owners(odoo: OdooConnection, partials: Sequence[OdooValue]) -> dict[int, tuple[int, str]]:
    """Return the move and its kind of each line that matchings name."""
    sides = ("debit_move_id", "credit_move_id")
    lines = sorted({int(partial[side][0]) for partial in partials for side in sides})
    if not lines:
        return {}
    read = odoo.call("account.move.line", "read", lines, ["move_id", "move_type"])
    return {int(line["id"]): (int(line["move_id"][0]), str(line["move_type"])) for line in read}


def from_odoo_partial(
    partial: OdooValue, owners: dict[int, tuple[int, str]], side: str, other: str
) -> Settlement:
    """Return a matching as one of its two sides sees it."""
    move_id, _ = owners[int(partial[f"{side}_move_id"][0])]
    other_id, other_kind = owners[int(partial[f"{other}_move_id"][0])]
    currency = str(partial[f"{side}_currency_id"][1])
    cents = cents_of(partial[f"{side}_amount_currency"], currency)
    return Settlement(move_id, other_id, other_kind, cents)

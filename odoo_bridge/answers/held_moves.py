"""Invoices and credit notes read from Odoo, a page in a constant number of calls."""

from collections.abc import Collection, Sequence
from decimal import Decimal

from odoo_bridge.answers.domains import Domain
from odoo_bridge.answers.lago_ids import odoo_lago_id
from odoo_bridge.answers.move import (
    MODEL,
    MOVE_FIELDS,
    AppliedTax,
    Move,
    cents_of,
    from_odoo_move,
)
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue

NEWEST_FIRST = "invoice_date desc, id desc"
TAX_LINE_FIELDS = ["move_id", "tax_line_id", "amount_currency", "tax_base_amount", "currency_id"]


def moves_count(odoo: OdooConnection, domain: Domain) -> int:
    """Return how many moves a domain means."""
    return int(odoo.call(MODEL, "search_count", domain))


def moves_page(odoo: OdooConnection, domain: Domain, *, limit: int, offset: int) -> list[Move]:
    """Return a page of the moves that a domain means, newest first."""
    if not limit:
        return []
    read = odoo.call(
        MODEL, "search_read", domain, MOVE_FIELDS, order=NEWEST_FIRST, limit=limit, offset=offset
    )
    return [from_odoo_move(one) for one in read]


def move_of_lago_id(odoo: OdooConnection, domain: Domain, lago_id: str) -> Move | None:
    """Return the move of a domain that an app knows by this id, or None.

    Ours carries its draft's id; of the others only ids are read, to find whose this is.
    """
    ours = moves_page(odoo, [*domain, ["x_fc_draft_id", "=", lago_id]], limit=1, offset=0)
    if ours:
        return ours[0]
    others = odoo.call(MODEL, "search", [*domain, ["x_fc_draft_id", "=", False]])
    database = odoo.settings.database
    for move_id in others:
        if odoo_lago_id(database, MODEL, int(move_id)) == lago_id:
            return moves_page(odoo, [*domain, ["id", "=", move_id]], limit=1, offset=0)[0]
    return None


def moves_of_ids(odoo: OdooConnection, move_ids: Collection[int]) -> dict[int, Move]:
    """Return moves by id; the caller has seen that the service may know them."""
    if not move_ids:
        return {}
    read = odoo.call(MODEL, "read", sorted(move_ids), MOVE_FIELDS)
    return {move.move_id: move for move in map(from_odoo_move, read)}


def move_lago_id(odoo: OdooConnection, move: Move) -> str:
    """Return the id that an app knows a move by: its draft's, else one made from Odoo's."""
    return move.draft_id or odoo_lago_id(odoo.settings.database, MODEL, move.move_id)


def taxes_of(odoo: OdooConnection, moves: Sequence[Move]) -> dict[int, list[AppliedTax]]:
    """Return the taxes of each move, as Odoo's tax lines have them."""
    taxed = [move.move_id for move in moves if move.tax_cents]
    if not taxed:
        return {}
    lines = odoo.call(
        *("account.move.line", "search_read"),
        [["move_id", "in", taxed], ["tax_line_id", "!=", False]],
        TAX_LINE_FIELDS,
        order="id",
    )
    tax_ids = sorted({int(line["tax_line_id"][0]) for line in lines})
    fields = ["name", "amount", "description"]
    read = {tax["id"]: tax for tax in odoo.call("account.tax", "read", tax_ids, fields)}
    found: dict[int, list[AppliedTax]] = {}
    for line in lines:
        tax = from_odoo_tax_line(line, read[line["tax_line_id"][0]])
        found.setdefault(int(line["move_id"][0]), []).append(tax)
    return {move_id: _summed(taxes) for move_id, taxes in found.items()}


def from_odoo_tax_line(line: OdooValue, tax: OdooValue) -> AppliedTax:
    """Return a tax line of a move with what its tax is called; credit notes have other signs."""
    currency = str(line["currency_id"][1])
    return AppliedTax(
        tax_id=int(tax["id"]),
        name=str(tax["name"]),
        description=str(tax["description"]) if tax["description"] else None,
        rate=Decimal(repr(tax["amount"])),
        base_cents=abs(cents_of(line["tax_base_amount"], currency)),
        amount_cents=abs(cents_of(line["amount_currency"], currency)),
    )


def _summed(taxes: Sequence[AppliedTax]) -> list[AppliedTax]:
    """Return one tax for each, where several lines of a move carry the same."""
    by_id: dict[int, list[AppliedTax]] = {}
    for tax in taxes:
        by_id.setdefault(tax.tax_id, []).append(tax)
    return [
        AppliedTax(
            *(tax_id, same[0].name, same[0].description, same[0].rate),
            base_cents=sum(tax.base_cents for tax in same),
            amount_cents=sum(tax.amount_cents for tax in same),
        )
        for tax_id, same in by_id.items()
    ]

"""Whose a credit note is that was made in Odoo: of the service whose invoice it reverses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from odoo_bridge.answers.move import MODEL
from odoo_bridge.change_feed.feed_store import seen_moves
from odoo_bridge.change_feed.seen_move import SeenMove, Sight
from odoo_bridge.connection import OdooConnection
from storage.state import State

OWNER_FIELDS = ["x_fc_service", "x_fc_account_id"]


def with_owners(
    state: State, odoo: OdooConnection, page: Sequence[Sight], known: Mapping[int, SeenMove]
) -> list[Sight]:
    """Return a page with the service and account of every move; known ones cost no call."""
    strays = [one for one in page if not one.seen.service_code]
    if not strays:
        return list(page)
    owners = {
        one.seen.move_id: _owner(known[one.seen.move_id])
        for one in strays
        if one.seen.move_id in known
    }
    new = {one.seen.move_id: one.seen.reversed_id or 0 for one in strays}
    reversed_ids = sorted({new[move_id] for move_id in new if move_id not in owners})
    by_invoice = _owners_of(state, odoo, reversed_ids) if reversed_ids else {}
    for move_id, reversed_id in new.items():
        if move_id not in owners and reversed_id in by_invoice:
            owners[move_id] = by_invoice[reversed_id]
    return [
        _owned(one, owners) for one in page if one.seen.service_code or one.seen.move_id in owners
    ]


def _owners_of(
    state: State, odoo: OdooConnection, move_ids: Sequence[int]
) -> dict[int, tuple[str, str]]:
    with state.read() as connection:
        seen = seen_moves(connection, odoo.settings.database, move_ids)
    found = {move_id: _owner(one) for move_id, one in seen.items()}
    unseen = [move_id for move_id in move_ids if move_id not in found]
    for read in odoo.call(MODEL, "read", unseen, OWNER_FIELDS) if unseen else ():
        if read["x_fc_service"]:
            found[int(read["id"])] = (read["x_fc_service"], str(read["x_fc_account_id"] or ""))
    return found


def _owner(seen: SeenMove) -> tuple[str, str]:
    return seen.service_code, seen.account_external_id


def _owned(one: Sight, owners: Mapping[int, tuple[str, str]]) -> Sight:
    if one.seen.service_code:
        return one
    code, account = owners[one.seen.move_id]
    return Sight(replace(one.seen, service_code=code, account_external_id=account), one.move)

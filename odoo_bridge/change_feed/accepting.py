"""Taking an invoice that people changed in Odoo as it is: they decide, we remember that."""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from catalog.errors import NotFound
from odoo_bridge.change_feed.feed_store import keep_problem, keep_seen, seen_moves
from odoo_bridge.change_feed.seen_move import DELETED, SENT, SeenMove
from storage.feed_tables import odoo_move


def accept_change(
    connection: sa.Connection, database: str, draft_id: str, at: datetime
) -> SeenMove:
    """Take the amount that a draft's invoice was last seen with; told again when it changes.

    NotFound for a draft whose invoice the feed has not seen, or saw deleted.
    """
    wanted = sa.select(odoo_move.c.move_id).where(
        odoo_move.c.odoo_database == database,
        odoo_move.c.draft_id == draft_id,
        odoo_move.c.state.not_in((SENT, DELETED)),
    )
    move_id = connection.scalar(wanted)
    if move_id is None:
        raise NotFound("invoice")
    seen = seen_moves(connection, database, [move_id])[move_id]
    accepted = replace(seen, accepted_cents=seen.untaxed_cents)
    keep_seen(connection, database, [accepted], at)
    keep_problem(connection, draft_id, move_id, None)
    return accepted

"""Taking an invoice that people changed in Odoo as it is: they decide, we remember that."""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from odoo_bridge.change_feed.feed_store import keep_problem, keep_seen, seen_moves
from odoo_bridge.change_feed.seen_move import DELETED, SENT, SeenMove
from rating.draft_store import draft_of_id
from storage.feed_tables import odoo_move


class NothingToAcceptError(ValueError):
    """There is no invoice to take; the words say why, and what to do instead."""


def accept_change(
    connection: sa.Connection, database: str, draft_id: str, at: datetime
) -> SeenMove:
    """Take the amount that a draft's invoice was last seen with; told again when it changes.

    NothingToAcceptError for a draft whose invoice the feed has not seen, or saw deleted.
    """
    wanted = sa.select(odoo_move.c.move_id, odoo_move.c.state).where(
        odoo_move.c.odoo_database == database, odoo_move.c.draft_id == draft_id
    )
    rows = connection.execute(wanted).all()
    move_id = next((row.move_id for row in rows if row.state not in {SENT, DELETED}), None)
    if move_id is None:
        states = {str(row.state) for row in rows}
        raise NothingToAcceptError(_why_nothing(connection, draft_id, states))
    seen = seen_moves(connection, database, [move_id])[move_id]
    accepted = replace(seen, accepted_cents=seen.untaxed_cents)
    keep_seen(connection, database, [accepted], at)
    keep_problem(connection, draft_id, move_id, None)
    return accepted


def _why_nothing(connection: sa.Connection, draft_id: str, states: set[str]) -> str:
    """Return why a draft has no invoice to take, and what to do."""
    draft = draft_of_id(connection, draft_id)
    if draft is None:
        return (
            f"there is no invoice draft {draft_id!r}: take the id from the problem, as it is told "
            "by `fusion-billing odoo feed` or on the draft's page"
        )
    if DELETED in states:
        return (
            f"the invoice of draft {draft_id} was deleted in Odoo, so there is nothing to take: "
            "leave it so, or make it anew with `fusion-billing odoo sync --recreate`"
        )
    if SENT in states or draft.odoo_move_id is not None:
        return (
            f"what the invoice of draft {draft_id} is now has not been read from Odoo: run "
            "`fusion-billing odoo feed`, look at what it tells, then accept"
        )
    return (
        f"draft {draft_id} has no invoice in this Odoo (it is {draft.status}): send it with "
        "`fusion-billing odoo sync`; one that is parked says on its page why"
    )

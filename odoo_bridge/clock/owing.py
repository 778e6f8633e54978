"""What Odoo's clock still has to bill of an order, which is left as it is until that is done."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from odoo_bridge.clock.order_clock import order_clock
from odoo_bridge.clock.share import ClockShare
from odoo_bridge.clock.share_store import owed_shares
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman
from rating.draft_store import draft_of_id

WAITS = "waits until Odoo's own clock has billed {day}"


@dataclass(frozen=True, slots=True)
class Owed:
    """A share that no invoice of the clock was seen for, and its currency."""

    share: ClockShare
    currency: str


def owed_of(connection: sa.Connection, odoo: OdooConnection, order_id: int | None) -> list[Owed]:
    """Return what the clock owes of an order as far as was seen, oldest first; none without one."""
    if order_id is None:
        return []
    shares = owed_shares(connection, odoo.settings.database, order_id)
    drafts = [(share, draft_of_id(connection, share.draft_id)) for share in shares]
    return [Owed(share, draft.currency) for share, draft in drafts if draft is not None]


def waits_for(odoo: OdooConnection, owed: Iterable[Owed]) -> str:
    """Return which day the clock is still to bill, in words, asking Odoo; empty for none.

    A day that it went past, or an order that is gone, is told of otherwise and holds nothing.
    """
    for one in owed:
        if _is_to_come(odoo, one):
            return WAITS.format(day=one.share.day.isoformat())
    return ""


def _is_to_come(odoo: OdooConnection, owed: Owed) -> bool:
    share = owed.share
    try:
        return order_clock(odoo, share.order_id, share.day, owed.currency).is_due
    except NeedsHuman:
        return False

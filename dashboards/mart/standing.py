"""Where the drafts stand that carry rated lines: with us, or in Odoo as it was last seen."""

import polars as pl
import sqlalchemy as sa

from dashboards.margin.revenue_bridge import (
    CANCELLED,
    PARKED,
    POSTED,
    SHADOW,
    UNPOSTED,
    WAITING,
)
from odoo_bridge.change_feed import seen_move
from rating.invoice_draft import DraftStatus
from storage.feed_tables import odoo_move
from storage.state import State
from storage.tables import invoice_draft

SCHEMA = {"draft_id": pl.String(), "standing": pl.String()}


def read_standings(state: State, service: str | None) -> pl.DataFrame:
    """Return where each draft stands, of a service or of all."""
    draft, move = invoice_draft.c, odoo_move.c
    of_draft = sa.and_(move.draft_id == draft.id, move.move_id == draft.odoo_move_id)
    where = sa.case(
        (move.state == seen_move.POSTED, POSTED),
        (move.state.in_((seen_move.CANCELLED, seen_move.DELETED)), CANCELLED),
        (draft.status == DraftStatus.PARKED, PARKED),
        (draft.status == DraftStatus.SHADOW, SHADOW),
        (draft.status == DraftStatus.SENT, UNPOSTED),
        else_=WAITING,
    )
    asked = sa.select(draft.id, where).select_from(invoice_draft.outerjoin(odoo_move, of_draft))
    if service is not None:
        asked = asked.where(draft.service_code == service)
    with state.read() as connection:
        rows = [tuple(row) for row in connection.execute(asked)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def standings_stamp(state: State) -> tuple[object, ...]:
    """Return a value that changes whenever a draft may stand elsewhere."""
    draft, move = invoice_draft.c, odoo_move.c
    drafts = sa.select(draft.status, sa.func.count(), sa.func.max(draft.sent_at))
    moves = sa.select(move.state, sa.func.count(), sa.func.max(move.seen_at))
    with state.read() as connection:
        return tuple(
            tuple(row)
            for question in (drafts.group_by(draft.status), moves.group_by(move.state))
            for row in connection.execute(question.order_by(sa.text("1")))
        )

"""One look of the feed: what was written, what fell due and, in a sweep, what is open or gone.

It may end anywhere: the mark moves last, and what was seen before is known again.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from catalog.services import Service
from odoo_bridge.change_feed import polling
from odoo_bridge.change_feed.event_bodies import local_day
from odoo_bridge.change_feed.feed_report import FeedReport
from odoo_bridge.change_feed.feed_store import (
    FeedMark,
    feed_mark,
    keep_feed_mark,
    newly_due_ids,
    open_move_ids,
    seen_moves,
    settled_move_ids,
)
from odoo_bridge.change_feed.glance import says_more
from odoo_bridge.change_feed.polling import (
    first_changed,
    glances_since,
    gone,
    is_sweep_due,
    mark_after,
    moves_now,
    read_since,
)
from odoo_bridge.change_feed.taking import Taking
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import OurBug
from odoo_bridge.fields import refuse_missing_fields
from odoo_bridge.odoo_value import from_odoo_instant
from storage.state import State

OUR_FIELDS = "x_fc_"
NOTHING = FeedReport(0, 0, 0, (), (), is_sweep=False)


def read_changes(
    state: State,
    odoo: OdooConnection,
    services: Sequence[Service],
    *,
    at: datetime,
    sweep: bool = False,
) -> FeedReport:
    """Look at the moves of some services once; Misconfigured where Odoo lacks our fields."""
    if not services:
        return NOTHING
    database = odoo.settings.database
    with state.read() as connection:
        mark = feed_mark(connection, database)
        due = _newly_due(connection, database, services, at)
    is_sweep = sweep or is_sweep_due(mark, at)
    taking = Taking(state, odoo, services, at, is_first=mark is None)
    codes = sorted(service.code for service in services)
    try:
        newest = _take_changed(state, taking, odoo, codes, read_since(mark, is_sweep=is_sweep))
        for page in moves_now(odoo, due):
            taking.take(page)
        if is_sweep:
            _sweep(state, odoo, taking)
    except OurBug as fault:
        if OUR_FIELDS in fault.words:
            refuse_missing_fields(odoo)
        raise
    after: FeedMark = mark_after(mark, newest, at, is_sweep=is_sweep)
    with state.write() as connection:
        keep_feed_mark(connection, database, after)
    return taking.report(is_sweep=is_sweep)


def _newly_due(
    connection: sa.Connection, database: str, services: Sequence[Service], at: datetime
) -> list[int]:
    return [
        move_id
        for service in services
        for move_id in newly_due_ids(connection, database, service.code, local_day(service, at))
    ]


def _take_changed(
    state: State, taking: Taking, odoo: OdooConnection, codes: Sequence[str], since: datetime
) -> datetime | None:
    """Take what was written since an instant, and return the newest such instant."""
    page = first_changed(odoo, codes, since)
    taking.take(page)
    written = [one.seen.written_at for one in page]
    if len(page) < polling.PAGE_MOVES_MAX:
        return max(written, default=None)
    for glances in glances_since(odoo, codes, since, page[-1].seen.move_id):
        written += [from_odoo_instant(one["write_date"]) for one in glances]
        ids = [int(one["id"]) for one in glances]
        with state.read() as connection:
            known = seen_moves(connection, odoo.settings.database, ids)
        changed = [int(one["id"]) for one in glances if says_more(one, known)]
        taking.pass_by(len(glances) - len(changed))
        for one_page in moves_now(odoo, changed):
            taking.take(one_page)
    return max(written)


def _sweep(state: State, odoo: OdooConnection, taking: Taking) -> None:
    """Read what is open and was not read yet, and look whether all that was there still is."""
    database = odoo.settings.database
    with state.read() as connection:
        open_ids = [one for one in open_move_ids(connection, database) if one not in taking.taken]
        settled_ids = settled_move_ids(connection, database)
    found: set[int] = set()
    for page in moves_now(odoo, open_ids):
        found |= {one.seen.move_id for one in page}
        taking.take(page)
    lost = [move_id for move_id in open_ids if move_id not in found]
    for move_id in [*lost, *gone(odoo, settled_ids)]:
        taking.forget(move_id)

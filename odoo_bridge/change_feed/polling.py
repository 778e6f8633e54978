"""Reads from Odoo which of our moves changed since the last look; asks only.

By write_date with an overlap, for a transaction may end long after it began (Odoo stamps rows with
its beginning).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from odoo_bridge.answers.domains import Domain, any_of
from odoo_bridge.answers.move import CREDIT_NOTE, INVOICE, MODEL
from odoo_bridge.change_feed.feed_store import FeedMark
from odoo_bridge.change_feed.glance import GLANCE_FIELDS
from odoo_bridge.change_feed.seen_move import FEED_FIELDS, NEVER, Sight, from_odoo_feed
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue

OVERLAP = timedelta(minutes=10)
SWEEP_OVERLAP = timedelta(days=2)
SWEEP_AFTER = timedelta(days=1)
PAGE_MOVES_MAX = 500
GLANCES_MAX = 5_000
IDS_PER_CALL_MAX = 5_000


def first_changed(odoo: OdooConnection, codes: Sequence[str], since: datetime) -> list[Sight]:
    """Return the first page, by id, of some services' moves written since an instant."""
    read = odoo.call(
        *(MODEL, "search_read", _written(codes, since, 0), FEED_FIELDS),
        order="id",
        limit=PAGE_MOVES_MAX,
    )
    return [from_odoo_feed(one) for one in read]


def glances_since(
    odoo: OdooConnection, codes: Sequence[str], since: datetime, last_id: int
) -> Iterator[list[OdooValue]]:
    """Yield pages of glances at what else was written, after an id; most of it is known."""
    is_more = True
    while is_more:
        domain = _written(codes, since, last_id)
        read = odoo.call(
            *(MODEL, "search_read", domain, GLANCE_FIELDS), order="id", limit=GLANCES_MAX
        )
        is_more = len(read) == GLANCES_MAX
        if read:
            last_id = int(read[-1]["id"])
            yield read


def _written(codes: Sequence[str], since: datetime, last_id: int) -> Domain:
    # Odoo shows whole seconds and keeps microseconds: only >= finds what the second holds.
    written: Domain = [["write_date", ">=", f"{since:%Y-%m-%d %H:%M:%S}"]]
    return [*of_services(codes), *written, ["id", ">", last_id]]


def moves_now(odoo: OdooConnection, move_ids: Sequence[int]) -> Iterator[list[Sight]]:
    """Yield pages of some moves as they are now; those that are gone are in none."""
    for start in range(0, len(move_ids), PAGE_MOVES_MAX):
        asked = list(move_ids[start : start + PAGE_MOVES_MAX])
        read = odoo.call(MODEL, "search_read", [["id", "in", asked]], FEED_FIELDS, order="id")
        yield [from_odoo_feed(one) for one in read]


def gone(odoo: OdooConnection, move_ids: Sequence[int]) -> list[int]:
    """Return which moves Odoo does not show any more."""
    found: set[int] = set()
    for start in range(0, len(move_ids), IDS_PER_CALL_MAX):
        asked = list(move_ids[start : start + IDS_PER_CALL_MAX])
        found |= set(odoo.call(MODEL, "search", [["id", "in", asked]]))
    return [move_id for move_id in move_ids if move_id not in found]


def of_services(codes: Sequence[str]) -> Domain:
    """Return the domain of services' invoices and credit notes, and of credit notes of those.

    A credit note made in Odoo copies none of our keys; it names the invoice that it reverses.
    """
    ours: Domain = [["x_fc_service", "in", list(codes)]]
    reversing: Domain = [["reversed_entry_id", "any", ours]]
    return [["move_type", "in", [INVOICE, CREDIT_NOTE]], *any_of(ours, reversing)]


def is_sweep_due(mark: FeedMark | None, at: datetime) -> bool:
    """Say whether all must be looked at, not only what was written."""
    return mark is None or at - mark.swept_at >= SWEEP_AFTER


def read_since(mark: FeedMark | None, *, is_sweep: bool) -> datetime:
    """Return from which instant of Odoo's clock on moves are read."""
    if mark is None:
        return NEVER
    return mark.read_until - (SWEEP_OVERLAP if is_sweep else OVERLAP)


def mark_after(
    mark: FeedMark | None, newest: datetime | None, at: datetime, *, is_sweep: bool
) -> FeedMark:
    """Return the mark after a look: Odoo's clock showed at least `newest`, and went on since.

    What passed between two looks is measured by our clock alone, so both clocks may differ.
    """
    if mark is None:
        return FeedMark(newest or NEVER, at, at)
    passed = max(at - mark.polled_at, timedelta(0))
    read_until = max(newest or NEVER, mark.read_until + passed)
    return FeedMark(read_until, at, at if is_sweep else mark.swept_at)

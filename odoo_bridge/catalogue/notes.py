"""Tells people in Odoo why their product is not taken over: one note a problem, on the product.

A note carries a mark of its own, so that one whose answer got lost is found and not posted again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from odoo_bridge.catalogue.product import SeenProduct
from odoo_bridge.catalogue.pulling import MODEL
from odoo_bridge.catalogue.snapshot import keep_seen
from odoo_bridge.connection import OdooConnection
from odoo_bridge.external_ids import digest
from odoo_bridge.faults import NeedsHuman
from storage.state import State

MARK_DIGITS = 12
NOTE_SUBTYPE = "mail.mt_note"


def settled_problems(
    seen: Iterable[SeenProduct], problems: Mapping[int, str], at: datetime
) -> list[SeenProduct]:
    """Return the products whose problem is new, another one, or mended."""
    return [
        replace(
            one,
            problem=problems.get(one.product.product_id),
            problem_since=at if one.product.product_id in problems else None,
            noted_at=None,
        )
        for one in seen
        if one.problem != problems.get(one.product.product_id)
    ]


def post_notes(
    state: State,
    odoo: OdooConnection,
    seen: Iterable[SeenProduct],
    live_service_codes: frozenset[str],
    at: datetime,
) -> int:
    """Post what no product's note says yet, for live services only; return how many it were."""
    posted = 0
    for one in seen:
        is_live = one.product.service_code in live_service_codes
        if one.problem is None or one.noted_at is not None or not is_live:
            continue
        posted += _post_once(odoo, one)
        with state.write() as connection:
            keep_seen(connection, odoo.settings.database, [replace(one, noted_at=at)])
    return posted


def note_mark(one: SeenProduct) -> str:
    """Return what tells this note from all others."""
    since = one.problem_since.isoformat() if one.problem_since else ""
    return digest(one.product.source, one.problem or "", since)[:MARK_DIGITS]


def _post_once(odoo: OdooConnection, one: SeenProduct) -> bool:
    mark = note_mark(one)
    product_id = one.product.product_id
    of_ours = [("model", "=", MODEL), ("res_id", "=", product_id), ("body", "like", mark)]
    try:
        if odoo.call("mail.message", "search_count", of_ours):
            return False
        body = (
            f"Fusion Billing does not take this over: {one.problem}. "
            f"The last good prices stay in force until it is mended. (note {mark})"
        )
        odoo.call(MODEL, "message_post", [product_id], body=body, subtype_xmlid=NOTE_SUBTYPE)
    except NeedsHuman:
        # The product went away meanwhile, and whoever deleted it needs no note.
        return False
    return True

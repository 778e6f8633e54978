"""Lines of posted moves on their way to the lake: read from Odoo, kept with what was seen.

A move has one row without a line once it is posted no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from odoo_bridge.answers.move import CREDIT_NOTE, cents_of
from odoo_bridge.change_feed.changed_by_hand import DraftOfMove
from odoo_bridge.change_feed.seen_move import POSTED, SeenMove
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from storage.feed_tables import invoice_line_outbox

MODEL = "account.move.line"
LINE_FIELDS = [
    *("move_id", "name", "price_subtotal", "x_fc_rated_line_id", "x_fc_metric_code"),
    "x_fc_quantity",
]
ORDER_LOCK = 0x66_62_69_6C_69_6E_65_73


class MirroredLine(msgspec.Struct, frozen=True):
    """One row of the mirror, its dates as ISO text; cents are negative on credit notes."""

    service: str
    account_id: str
    subscription_id: str | None
    plan_code: str | None
    charge_code: str | None
    metric_code: str | None
    odoo_database: str
    move_id: int
    move_name: str
    move_type: str
    reversed_move_id: int | None
    line_id: int | None
    invoice_date: str
    accounting_date: str
    description: str | None
    quantity: str | None
    untaxed_cents: int
    currency: str
    draft_id: str | None
    rated_line_id: str | None
    state: str
    revision: int
    seen_at: datetime


def lines_of_moves(odoo: OdooConnection, move_ids: Sequence[int]) -> dict[int, list[OdooValue]]:
    """Return the lines with an amount of some moves, in one call; texts between them have none."""
    if not move_ids:
        return {}
    wanted = [["move_id", "in", list(move_ids)], ["display_type", "=", "product"]]
    found: dict[int, list[OdooValue]] = {}
    for line in odoo.call(MODEL, "search_read", wanted, LINE_FIELDS, order="id"):
        found.setdefault(int(line["move_id"][0]), []).append(line)
    return found


def mirrored_lines(
    seen: SeenMove,
    lines: Iterable[OdooValue],
    draft: DraftOfMove | None,
    database: str,
    at: datetime,
) -> list[MirroredLine]:
    """Return a move's rows of its next revision: its lines, or that it is posted no more."""
    if seen.state != POSTED:
        return [_row(seen, None, draft, database, at)]
    return [_row(seen, line, draft, database, at) for line in lines]


def keep_lines(connection: sa.Connection, lines: Sequence[MirroredLine]) -> None:
    """Keep rows in the same transaction as what was seen of their moves."""
    if not lines:
        return
    if connection.dialect.name == "postgresql":
        # Ids must become visible in order, for what is below the mark counts as shipped.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ORDER_LOCK)))
    bodies = [{"body": msgspec.json.encode(line).decode()} for line in lines]
    connection.execute(invoice_line_outbox.insert(), bodies)


def _row(
    seen: SeenMove, line: OdooValue | None, draft: DraftOfMove | None, database: str, at: datetime
) -> MirroredLine:
    told: Mapping[str, OdooValue] = line or {}
    rated_line_id = told.get("x_fc_rated_line_id") or None
    cents = cents_of(told["price_subtotal"], seen.currency) if line else 0
    return MirroredLine(
        service=seen.service_code,
        account_id=seen.account_external_id,
        subscription_id=draft.subscription_external_id if draft else None,
        plan_code=draft.plan_code if draft else None,
        charge_code=draft.charge_codes.get(rated_line_id or "") if draft else None,
        metric_code=told.get("x_fc_metric_code") or None,
        odoo_database=database,
        move_id=seen.move_id,
        move_name=seen.name,
        move_type=seen.move_type,
        reversed_move_id=seen.reversed_id,
        line_id=int(told["id"]) if line else None,
        invoice_date=seen.invoice_date or seen.accounting_date or at.date().isoformat(),
        accounting_date=seen.accounting_date or seen.invoice_date or at.date().isoformat(),
        description=told.get("name") or None,
        quantity=told.get("x_fc_quantity") or None,
        untaxed_cents=-cents if seen.move_type == CREDIT_NOTE else cents,
        currency=seen.currency,
        draft_id=seen.draft_id,
        rated_line_id=rated_line_id,
        state=seen.state,
        revision=seen.lines_revision,
        seen_at=at,
    )

"""What we remember of our moves in Odoo, and how far the feed has read: rows of the state."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from odoo_bridge.answers.move import OPEN_STATES
from odoo_bridge.change_feed.changed_by_hand import DraftOfMove
from odoo_bridge.change_feed.seen_move import DELETED, DRAFT, POSTED, SENT, SeenMove
from odoo_bridge.clock.share_store import invoiced_sums
from odoo_bridge.readback import OdooInvoice
from rating.invoice_draft import DraftStatus, InvoiceDraft
from storage.feed_tables import odoo_move, odoo_move_mark
from storage.tables import invoice_draft, subscription

IDS_PER_QUESTION_MAX = 500
_NAMES = [one.name for one in fields(SeenMove)]
_COLUMNS = [odoo_move.c[name] for name in _NAMES]


@dataclass(frozen=True, slots=True)
class FeedMark:
    """How far was read by Odoo's clock, and when, by ours, it was looked and all was swept."""

    read_until: datetime
    polled_at: datetime
    swept_at: datetime


class _Line(msgspec.Struct):
    rated_line_id: str
    charge_code: str | None


_lines = msgspec.json.Decoder(list[_Line])


def feed_mark(connection: sa.Connection, database: str) -> FeedMark | None:
    """Return how far a database was read, or None when it never was."""
    row = connection.execute(
        sa.select(odoo_move_mark).where(odoo_move_mark.c.odoo_database == database)
    ).one_or_none()
    return None if row is None else FeedMark(row.read_until, row.polled_at, row.swept_at)


def keep_feed_mark(connection: sa.Connection, database: str, mark: FeedMark) -> None:
    """Remember how far a database was read."""
    values = asdict(mark)
    connection.execute(
        _inserting(connection, odoo_move_mark)
        .values(odoo_database=database, **values)
        .on_conflict_do_update(index_elements=["odoo_database"], set_=values)
    )


def seen_moves(
    connection: sa.Connection, database: str, move_ids: Sequence[int]
) -> dict[int, SeenMove]:
    """Return what is remembered of some moves, by id."""
    found: dict[int, SeenMove] = {}
    for start in range(0, len(move_ids), IDS_PER_QUESTION_MAX):
        asked = move_ids[start : start + IDS_PER_QUESTION_MAX]
        rows = connection.execute(
            sa.select(*_COLUMNS).where(
                odoo_move.c.odoo_database == database, odoo_move.c.move_id.in_(asked)
            )
        )
        found |= {row.move_id: SeenMove(*row) for row in rows}
    return found


def keep_seen(
    connection: sa.Connection, database: str, moves: Iterable[SeenMove], at: datetime
) -> None:
    """Write moves over their rows."""
    both = {"odoo_database": database, "seen_at": at}
    # By name, where asdict would copy every value.
    rows = [{name: getattr(one, name) for name in _NAMES} | both for one in moves]
    if not rows:
        return
    insert = _inserting(connection, odoo_move)
    changed = {
        name: insert.excluded[name] for name in rows[0] if name not in ("odoo_database", "move_id")
    }
    keys = ["odoo_database", "move_id"]
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def remember_sent(
    connection: sa.Connection,
    database: str,
    draft: InvoiceDraft,
    held: OdooInvoice,
    at: datetime,
) -> None:
    """Remember a move that was just sent, so that its deletion is seen; known ones stay."""
    cents = abs(draft.amount_cents)
    sent = SeenMove(
        move_id=held.move_id,
        service_code=draft.service_code,
        account_external_id=draft.account_external_id,
        draft_id=draft.id,
        move_type=held.move_type,
        state=SENT,
        payment_state="not_paid",
        name="",
        currency=draft.currency,
        untaxed_cents=cents,
        total_cents=cents,
        residual_cents=cents,
        lines_count=held.lines_count,
        invoice_date=None,
        due_date=None,
        accounting_date=None,
        reversed_id=None,
    )
    values = asdict(sent) | {"odoo_database": database, "seen_at": at}
    insert = _inserting(connection, odoo_move).values(values)
    connection.execute(insert.on_conflict_do_nothing())


def open_move_ids(connection: sa.Connection, database: str) -> list[int]:
    """Return the moves that can still change by themselves: drafts, and posted ones not paid."""
    is_owed = sa.and_(odoo_move.c.state == POSTED, odoo_move.c.payment_state.in_(OPEN_STATES))
    return _ids(connection, database, odoo_move.c.state.in_((SENT, DRAFT)) | is_owed)


def settled_move_ids(connection: sa.Connection, database: str) -> list[int]:
    """Return the other moves that were there when last looked at."""
    still_open = set(open_move_ids(connection, database))
    there = _ids(connection, database, odoo_move.c.state != DELETED)
    return [move_id for move_id in there if move_id not in still_open]


def newly_due_ids(
    connection: sa.Connection, database: str, service_code: str, today: date
) -> list[int]:
    """Return a service's invoices whose due day is over on a day, which nobody was told yet."""
    return _ids(
        *(connection, database),
        sa.and_(
            odoo_move.c.service_code == service_code,
            odoo_move.c.state == POSTED,
            odoo_move.c.payment_state.in_(OPEN_STATES),
            odoo_move.c.due_date < today.isoformat(),
            odoo_move.c.is_overdue_told.is_(sa.false()),
            odoo_move.c.move_type == "out_invoice",
        ),
    )


def drafts_of_moves(
    connection: sa.Connection, draft_ids: Collection[str]
) -> dict[str, DraftOfMove]:
    """Return what is known here of some drafts, by id: as the invoice of each has it."""
    draft, asked = invoice_draft.c, sorted(draft_ids)
    sums = invoiced_sums(connection, asked)
    found: dict[str, DraftOfMove] = {}
    for start in range(0, len(asked), IDS_PER_QUESTION_MAX):
        rows = connection.execute(
            sa.select(
                *(draft.id, draft.service_code, draft.account_id, draft.amount_cents),
                *(draft.currency, draft.subscription_external_id, subscription.c.plan_code),
                *(draft.status, draft.problem, draft.lines),
            )
            .select_from(
                invoice_draft.join(subscription, subscription.c.id == draft.subscription_id)
            )
            .where(draft.id.in_(asked[start : start + IDS_PER_QUESTION_MAX]))
        )
        for row in rows:
            known = row._asdict()
            lines = _lines.decode(known.pop("lines"))
            codes = {one.rated_line_id: one.charge_code for one in lines}
            cents, count = sums.get(row.id, (row.amount_cents, len(lines)))
            known["amount_cents"] = cents
            found[row.id] = DraftOfMove(**known, lines_count=count, charge_codes=codes)
    return found


def keep_problem(
    connection: sa.Connection, draft_id: str, move_id: int, problem: str | None
) -> None:
    """Say of a draft that Odoo holds what is wrong with its invoice, or that nothing is."""
    values = {"status": DraftStatus.SENT, "odoo_move_id": move_id, "problem": problem}
    connection.execute(invoice_draft.update().where(invoice_draft.c.id == draft_id).values(values))


def _ids(connection: sa.Connection, database: str, condition: sa.ColumnElement[bool]) -> list[int]:
    wanted = sa.select(odoo_move.c.move_id).where(odoo_move.c.odoo_database == database, condition)
    return list(connection.scalars(wanted.order_by(odoo_move.c.move_id)))


def _inserting(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Return an insert that can say what to do about a row that is there."""
    is_sqlite = connection.dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)

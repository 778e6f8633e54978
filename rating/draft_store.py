"""Invoice drafts in the state database: one for each subscription and closing, never two."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from catalog.services import ServiceMode
from rating.closing import NOTHING_BILLED, Billed
from rating.invoice_draft import DraftLine, DraftStatus, InvoiceDraft
from storage.tables import invoice_draft, service

_lines = msgspec.json.Decoder(tuple[DraftLine, ...])
_COLUMNS = [column for column in invoice_draft.c if column.name != "billing_run_id"]
_TO_SERVICE = invoice_draft.join(service, service.c.code == invoice_draft.c.service_code)
_IS_WAITING = (
    invoice_draft.c.status == DraftStatus.DRAFT,
    service.c.mode == ServiceMode.LIVE,
)


def insert_draft(connection: sa.Connection, draft: InvoiceDraft, billing_run_id: str) -> bool:
    """Keep a new draft; False when this closing was billed already (nothing is changed then)."""
    values = {name: getattr(draft, name) for name in InvoiceDraft.__slots__ if name != "lines"} | {
        "lines": msgspec.json.encode(draft.lines).decode(),
        "billing_run_id": billing_run_id,
    }
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    statement = insert(invoice_draft).values(values).on_conflict_do_nothing()
    kept = connection.execute(statement.returning(invoice_draft.c.id)).first()
    return kept is not None


def billed_of(
    connection: sa.Connection, service_code: str, subscription_id: str | None = None
) -> dict[str, Billed]:
    """Return how far each subscription of a service is billed, or one; none that is not."""
    draft = invoice_draft.c
    rows = (
        sa.select(draft.subscription_id, draft.usage_until, draft.fee_until)
        .where(draft.service_code == service_code)
        .order_by(draft.closing_at)
    )
    if subscription_id is not None:
        rows = rows.where(draft.subscription_id == subscription_id)
    found: dict[str, Billed] = {}
    for row in connection.execute(rows):
        known = found.get(row.subscription_id, NOTHING_BILLED)
        found[row.subscription_id] = Billed(
            usage_until=row.usage_until or known.usage_until,
            fee_until=row.fee_until or known.fee_until,
        )
    return found


def waiting_count(connection: sa.Connection) -> int:
    """Return how many drafts of live services Odoo has not got yet."""
    counted = sa.select(sa.func.count()).select_from(_TO_SERVICE).where(*_IS_WAITING)
    return connection.scalar(counted) or 0


def drafts_waiting(connection: sa.Connection, limit: int) -> list[InvoiceDraft]:
    """Return the oldest drafts of live services that Odoo has not got yet."""
    statement = (
        sa.select(*_COLUMNS)
        .select_from(_TO_SERVICE)
        .where(*_IS_WAITING)
        .order_by(invoice_draft.c.closing_at, invoice_draft.c.id)
        .limit(limit)
    )
    return [_draft(row) for row in connection.execute(statement)]


def draft_of_id(connection: sa.Connection, draft_id: str) -> InvoiceDraft | None:
    """Return one draft, or None."""
    row = connection.execute(
        sa.select(*_COLUMNS).where(invoice_draft.c.id == draft_id)
    ).one_or_none()
    return None if row is None else _draft(row)


def mark_sent(
    connection: sa.Connection, draft_id: str, odoo_move_id: int, sent_at: datetime
) -> None:
    """Remember the invoice that Odoo holds for a draft."""
    _update(
        connection,
        draft_id,
        status=DraftStatus.SENT,
        odoo_move_id=odoo_move_id,
        sent_at=sent_at,
        problem=None,
    )


def park(connection: sa.Connection, draft_ids: Sequence[str], problem: str) -> None:
    """Set drafts aside for a human, with what is wrong and what to do."""
    for draft_id in draft_ids:
        _update(connection, draft_id, status=DraftStatus.PARKED, problem=problem)


def unpark_all(connection: sa.Connection) -> int:
    """Let every parked draft be sent again, and return their number."""
    parked = invoice_draft.update().where(invoice_draft.c.status == DraftStatus.PARKED)
    return connection.execute(parked.values(status=DraftStatus.DRAFT, problem=None)).rowcount


def unsent_count(connection: sa.Connection, service_code: str) -> int:
    """Return how many drafts of a service wait for Odoo or for a human."""
    unsent = (DraftStatus.DRAFT, DraftStatus.PARKED)
    of_service = invoice_draft.c.service_code == service_code
    counted = sa.select(sa.func.count()).where(of_service, invoice_draft.c.status.in_(unsent))
    return connection.scalar(counted) or 0


def _update(connection: sa.Connection, draft_id: str, **values: object) -> None:
    connection.execute(
        invoice_draft.update().where(invoice_draft.c.id == draft_id).values(**values)
    )


def _draft(row: sa.Row[tuple[object, ...]]) -> InvoiceDraft:
    fields = row._asdict()
    fields["lines"] = _lines.decode(fields["lines"])
    fields["status"] = DraftStatus(fields["status"])
    return InvoiceDraft(**fields)

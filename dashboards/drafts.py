"""Invoice drafts and what became of them, read from state."""

from typing import Any

import sqlalchemy as sa

from dashboards.rated_lines import ROWS_PER_PAGE, Row, RowPage
from storage.state import State
from storage.tables import invoice_draft

STATUSES = ("draft", "sent", "parked", "shadow", "empty")


def draft_page(state: State, service: str | None, status: str | None, page: int) -> RowPage:
    """Return one page of drafts, the newest closing first, and the total by currency."""
    wanted = _wanted(service, status)
    by_currency = (
        sa.select(
            invoice_draft.c.currency,
            sa.func.count(),
            sa.func.sum(invoice_draft.c.amount_cents),
        )
        .where(*wanted)
        .group_by(invoice_draft.c.currency)
        .order_by(invoice_draft.c.currency)
    )
    drafts = (
        sa.select(*(column for column in invoice_draft.c if column.name != "lines"))
        .where(*wanted)
        .order_by(invoice_draft.c.closing_at.desc(), invoice_draft.c.id)
        .limit(ROWS_PER_PAGE)
        .offset((page - 1) * ROWS_PER_PAGE)
    )
    with state.read() as connection:
        totals = connection.execute(by_currency).all()
        rows: list[Row] = [dict(row) for row in connection.execute(drafts).mappings()]
    return RowPage(
        rows, page, sum(count for _, count, _ in totals),
        {currency: int(cents) for currency, _, cents in totals},
    )  # fmt: skip


def find_draft(state: State, draft_id: str) -> Row | None:
    """Return one draft with its lines, or None."""
    wanted = sa.select(invoice_draft).where(invoice_draft.c.id == draft_id)
    with state.read() as connection:
        row = connection.execute(wanted).mappings().one_or_none()
    return None if row is None else dict(row)


def _wanted(service: str | None, status: str | None) -> list[sa.ColumnElement[bool]]:
    wanted: list[Any] = []
    if service:
        wanted.append(invoice_draft.c.service_code == service)
    if status:
        wanted.append(invoice_draft.c.status == status)
    return wanted

"""Our own drafts as a list of invoices shows them: those that Odoo has not got."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from catalog.accounts import Account
from catalog.billing_periods import local_midnight
from odoo_bridge.answers.invoice_query import InvoiceQuery
from rating.invoice_draft import DraftStatus, InvoiceDraft
from storage.tables import account, invoice_draft

DAY = timedelta(days=1)
UNSENT = (DraftStatus.DRAFT, DraftStatus.PARKED)
_COLUMNS = [one for one in invoice_draft.c if one.name not in ("billing_run_id", "lines")]


def waiting_drafts(
    connection: sa.Connection,
    service_code: str,
    query: InvoiceQuery,
    zone: ZoneInfo,
    *,
    account_id: str | None,
    is_sent_included: bool,
    limit: int,
    offset: int,
) -> tuple[list[InvoiceDraft], int]:
    """Return a page of a service's drafts, newest first and without their lines, and their number.

    Shadows (another system bills them), empty ones and credits are no invoices.
    """
    if query.excludes_waiting:
        return [], 0
    statuses = (*UNSENT, DraftStatus.SENT) if is_sent_included else UNSENT
    wanted = sa.select(*_COLUMNS).where(
        invoice_draft.c.service_code == service_code,
        invoice_draft.c.status.in_(statuses),
        invoice_draft.c.amount_cents >= 0,
        *_conditions(query, zone),
    )
    if account_id is not None:
        wanted = wanted.where(invoice_draft.c.account_id == account_id)
    total = connection.scalar(sa.select(sa.func.count()).select_from(wanted.subquery()))
    rows = connection.execute(
        wanted.order_by(invoice_draft.c.closing_at.desc(), invoice_draft.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [_without_lines(row) for row in rows], total or 0


def drafts_of_ids(
    connection: sa.Connection, service_code: str, ids: Collection[str]
) -> dict[str, InvoiceDraft]:
    """Return drafts of a service by id, without their lines."""
    rows = connection.execute(
        sa.select(*_COLUMNS).where(
            invoice_draft.c.service_code == service_code, invoice_draft.c.id.in_(sorted(ids))
        )
    )
    return {row.id: _without_lines(row) for row in rows}


def draft_ids_of_account(
    connection: sa.Connection, service_code: str, account_id: str
) -> Sequence[str]:
    """Return the ids of an account's drafts."""
    return connection.scalars(
        sa.select(invoice_draft.c.id).where(
            invoice_draft.c.service_code == service_code, invoice_draft.c.account_id == account_id
        )
    ).all()


def kept_accounts(
    connection: sa.Connection, service_code: str, external_ids: Collection[str]
) -> dict[str, Account]:
    """Return the kept accounts of a service with these external ids, by external id."""
    found = sa.select(account).where(
        account.c.service_code == service_code,
        account.c.external_id.in_(sorted(external_ids)),
        account.c.deleted_at.is_(None),
    )
    return {row["external_id"]: Account(**row) for row in connection.execute(found).mappings()}


def _conditions(query: InvoiceQuery, zone: ZoneInfo) -> list[sa.ColumnElement[bool]]:
    draft = invoice_draft.c
    found: list[sa.ColumnElement[bool]] = []
    if query.currency is not None:
        found.append(draft.currency == query.currency)
    if query.issued_from is not None:
        found.append(draft.closing_at >= local_midnight(query.issued_from, zone))
    if query.issued_to is not None:
        found.append(draft.closing_at < local_midnight(query.issued_to + DAY, zone))
    if query.amount_from is not None:
        found.append(draft.amount_cents >= query.amount_from)
    if query.amount_to is not None:
        found.append(draft.amount_cents <= query.amount_to)
    if query.search_term:
        found.append(draft.account_external_id.icontains(query.search_term, autoescape=True))
    return found


def _without_lines(row: sa.Row[tuple[object, ...]]) -> InvoiceDraft:
    fields = row._asdict()
    fields["status"] = DraftStatus(fields["status"])
    return InvoiceDraft(**fields, lines=())

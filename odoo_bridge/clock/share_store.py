"""What was decided of drafts beside Odoo's clock: rows of the state database."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from odoo_bridge.clock.share import ClockShare, ShareStatus, own_part
from rating.invoice_draft import InvoiceDraft
from storage.odoo_billing_tables import odoo_clock_share

_SHARE = odoo_clock_share.c


def shares_of(
    connection: sa.Connection, database: str, draft_ids: Collection[str]
) -> dict[str, ClockShare]:
    """Return what was decided of some drafts, by draft."""
    rows = connection.execute(
        sa.select(odoo_clock_share).where(
            _SHARE.odoo_database == database, _SHARE.draft_id.in_(sorted(draft_ids))
        )
    )
    return {row.draft_id: _share(row) for row in rows}


def expected_shares(connection: sa.Connection, database: str, limit: int) -> list[ClockShare]:
    """Return the oldest fees that the clock was to bill and that were not seen on an invoice."""
    rows = connection.execute(
        sa.select(odoo_clock_share)
        .where(
            _SHARE.odoo_database == database,
            _SHARE.status == ShareStatus.OURS,
            _SHARE.fee_cents != 0,
            _SHARE.clock_move_id.is_(None),
        )
        .order_by(_SHARE.day, _SHARE.draft_id)
        .limit(limit)
    )
    return [_share(row) for row in rows]


def owed_shares(connection: sa.Connection, database: str, order_id: int) -> list[ClockShare]:
    """Return what was left to the clock of one order and not seen on an invoice, oldest first."""
    is_fee = sa.and_(_SHARE.status == ShareStatus.OURS, _SHARE.fee_cents != 0)
    rows = connection.execute(
        sa.select(odoo_clock_share)
        .where(
            _SHARE.odoo_database == database,
            _SHARE.order_id == order_id,
            _SHARE.clock_move_id.is_(None),
            sa.or_(is_fee, _SHARE.status == ShareStatus.LEFT),
        )
        .order_by(_SHARE.day)
    )
    return [_share(row) for row in rows]


def intend_share(
    connection: sa.Connection, database: str, share: ClockShare, at: datetime
) -> ClockShare | None:
    """Keep a decision before Odoo hears of it; one that was made before stays and is returned.

    None when the clock's fee of that day was taken off another draft: this one has no share.
    """
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    row = _values(share) | {"odoo_database": database, "updated_at": at}
    connection.execute(insert(odoo_clock_share).values(row).on_conflict_do_nothing())
    return shares_of(connection, database, [share.draft_id]).get(share.draft_id)


def keep_share(connection: sa.Connection, database: str, share: ClockShare, at: datetime) -> None:
    """Write a share over its row."""
    connection.execute(
        sa.update(odoo_clock_share)
        .where(_SHARE.odoo_database == database, _SHARE.draft_id == share.draft_id)
        .values(_values(share) | {"updated_at": at})
    )


def as_invoiced(connection: sa.Connection, database: str, draft: InvoiceDraft) -> InvoiceDraft:
    """Return a draft as the invoice that stands for it has it: without the clock's share."""
    share = shares_of(connection, database, [draft.id]).get(draft.id)
    if share is None or share.status is not ShareStatus.OURS:
        return draft
    return own_part(draft, share.fee_cents, share.day)


def invoiced_sums(
    connection: sa.Connection, draft_ids: Iterable[str]
) -> Mapping[str, tuple[int, int]]:
    """Return the cents and the number of lines of the invoices of drafts that have a share."""
    rows = connection.execute(
        sa.select(_SHARE.draft_id, _SHARE.own_cents, _SHARE.own_lines_count).where(
            _SHARE.draft_id.in_(list(draft_ids))
        )
    )
    return {row.draft_id: (row.own_cents, row.own_lines_count) for row in rows}


def _values(share: ClockShare) -> dict[str, object]:
    return asdict(share) | {"day": share.day.isoformat(), "status": share.status.value}


def _share(row: sa.Row[tuple[object, ...]]) -> ClockShare:
    fields = row._asdict()
    del fields["odoo_database"], fields["updated_at"]
    fields["day"] = date.fromisoformat(fields["day"])
    fields["status"] = ShareStatus(fields["status"])
    return ClockShare(**fields)

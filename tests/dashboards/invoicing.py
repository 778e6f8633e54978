"""Odoo's side of the seeded months: posted lines, heads of moves, and when the feed looked.

Usage of a month is invoiced on the first of the next; October's, invoiced in November, has one of
everything that lies between rated and invoiced revenue.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import polars as pl

from storage.feed_tables import odoo_move, odoo_move_mark
from storage.lake import Lake
from storage.lake_tables import INVOICE_LINE
from storage.state import State
from tests.dashboards.seed import MONTHS, rated_frame

READ_AT = datetime(2026, 12, 2, 14, 0, tzinfo=UTC)
DATABASE = "books"
NOVEMBER = date(2026, 11, 1)
EDITED, REMOVED, ROUNDED = "line-1-0-4-use", "line-1-1-4-use", "line-1-2-4-use"
EARLY = "line-2-0-5-fee"
TAKEN_OFF_CENTS, CREDITED_CENTS, FLAT_CENTS, ADDED_CENTS = 500, 1234, 9900, 4200


@dataclass(frozen=True)
class Posted:
    """One posted line as Odoo has it."""

    service: str
    account: str
    move_id: int
    day: date
    cents: int
    rated_line_id: str | None = None
    metric: str | None = None
    draft_id: str | None = None
    move_type: str = "out_invoice"
    reversed_id: int | None = None
    currency: str = "CAD"
    plan: str | None = "pro"


def posted_lines() -> list[Posted]:
    """Return every posted line of all months."""
    return [*_billed(), *_by_hand()]


def invoice_frame(lines: list[Posted], revision: int = 1, state: str = "posted") -> pl.DataFrame:
    """Return lines as the mirror keeps them."""
    rows = [_row(line, number, revision, state) for number, line in enumerate(lines, start=1)]
    return pl.DataFrame(rows, schema=INVOICE_LINE.polars_schema)


def seed_invoices(lake: Lake, state: State, lines: list[Posted] | None = None) -> None:
    """Put posted lines into the lake, and their moves and the feed's mark into state."""
    every = posted_lines() if lines is None else lines
    lake.append_unless(INVOICE_LINE, invoice_frame(every), column="odoo_database", value=DATABASE)
    with state.write() as connection:
        connection.execute(odoo_move.insert(), [_move(own) for own in _moves(every).values()])
        connection.execute(
            odoo_move_mark.insert().values(
                odoo_database=DATABASE, read_until=READ_AT, polled_at=READ_AT, swept_at=READ_AT
            )
        )


def _billed() -> Iterator[Posted]:
    for line in rated_frame().sort("id").iter_rows(named=True):
        if (line["month"] == NOVEMBER and line["id"] != EARLY) or line["id"] == REMOVED:
            continue
        is_early = line["id"] == EARLY
        month = MONTHS.index(line["month"])
        day = date(2026, 11, 30) if is_early else MONTHS[month + 1]
        cents = line["amount_cents"]
        cents += {EDITED: -TAKEN_OFF_CENTS, ROUNDED: 1}.get(line["id"], 0)
        place = (line["service"], line["account_id"])
        yield Posted(
            *place, _move_id(*place, month), day, cents, line["id"], line["metric_code"],
            f"{line['draft_id']}-{month}", currency=line["currency"],
        )  # fmt: skip


def _by_hand() -> Iterator[Posted]:
    own = Posted("nexadesk", "acct-01", _move_id("nexadesk", "acct-01", 4), NOVEMBER, ADDED_CENTS)
    yield replace(own, draft_id="draft-nexadesk-acct-01-4")
    yield replace(own, move_id=9001, cents=-CREDITED_CENTS, move_type="out_refund",
                  reversed_id=own.move_id, day=date(2026, 11, 20), plan=None)  # fmt: skip
    yield replace(own, move_id=9002, account="acct-03", cents=FLAT_CENTS, metric="nobody_knows",
                  plan=None)  # fmt: skip
    yield replace(own, move_id=9003, account="acct-06", cents=7700, currency="USD", plan=None)


def _move_id(service: str, account: str, month: int) -> int:
    return 1000 * month + 100 * len(service) + int(account[-2:])


def _row(line: Posted, number: int, revision: int, state: str) -> dict[str, object]:
    return {
        "month": line.day.replace(day=1), "service": line.service, "account_id": line.account,
        "subscription_id": None, "plan_code": line.plan, "charge_code": None,
        "metric_code": line.metric, "odoo_database": DATABASE, "move_id": line.move_id,
        "move_name": f"INV/{line.move_id}", "move_type": line.move_type,
        "reversed_move_id": line.reversed_id, "line_id": number, "invoice_date": line.day,
        "accounting_date": line.day, "description": "=1+1", "quantity": None,
        "untaxed_cents": line.cents, "currency": line.currency, "draft_id": line.draft_id,
        "rated_line_id": line.rated_line_id, "state": state, "revision": revision,
        "seen_at": READ_AT,
    }  # fmt: skip


def _moves(lines: list[Posted]) -> dict[int, list[Posted]]:
    found: dict[int, list[Posted]] = {}
    for line in lines:
        found.setdefault(line.move_id, []).append(line)
    return found


def _move(own: list[Posted]) -> dict[str, object]:
    first, cents = own[0], abs(sum(line.cents for line in own))
    return {
        "odoo_database": DATABASE, "move_id": first.move_id, "service_code": first.service,
        "account_external_id": first.account, "draft_id": first.draft_id,
        "move_type": first.move_type, "state": "posted", "payment_state": "not_paid",
        "name": f"INV/{first.move_id}", "currency": first.currency, "untaxed_cents": cents,
        "total_cents": cents, "residual_cents": cents, "lines_count": len(own),
        "invoice_date": first.day.isoformat(), "due_date": None,
        "accounting_date": first.day.isoformat(), "reversed_id": first.reversed_id,
        "written_at": READ_AT, "seen_at": READ_AT, "lines_revision": 1,
        "is_creation_told": True, "is_overdue_told": False, "accepted_cents": None,
    }  # fmt: skip

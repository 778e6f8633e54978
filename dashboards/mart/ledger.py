"""What Odoo was last seen to hold: totals of posted invoices less credit notes, and when."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from odoo_bridge.answers.move import CREDIT_NOTE
from odoo_bridge.change_feed.seen_move import POSTED
from storage.feed_tables import invoice_line_outbox, odoo_move, odoo_move_mark
from storage.lake import Lake
from storage.lake_tables import INVOICE_LINE
from storage.state import State

LEDGER = {"service": pl.String(), "account_id": pl.String(), "currency": pl.String(),
          "month": pl.Date(), "untaxed_cents": pl.Int64()}  # fmt: skip
MONTH_LENGTH = len("2026-11")


@dataclass(frozen=True, slots=True)
class Ledger:
    """When the change feed last read Odoo (None: never), and how many lines the lake awaits.

    `lines_digest` names the state of the lines that are in the lake.
    """

    read_at: datetime | None
    waiting_count: int
    lines_digest: str

    @property
    def is_read(self) -> bool:
        """Say whether an Odoo was ever read."""
        return self.read_at is not None


NEVER_READ = Ledger(None, 0, "")


def read_ledger(lake: Lake, state: State) -> Ledger:
    """Return how fresh what is known of Odoo is; of several databases the one read longest ago."""
    reads = sa.select(sa.func.min(odoo_move_mark.c.polled_at))
    waiting = sa.select(sa.func.count()).select_from(invoice_line_outbox)
    paths = "\n".join(sorted(path for path, _ in lake.files(INVOICE_LINE)))
    with state.read() as connection:
        return Ledger(
            read_at=connection.scalar(reads),
            waiting_count=connection.scalar(waiting) or 0,
            lines_digest=hashlib.sha256(paths.encode()).hexdigest(),
        )


def ledger_totals(state: State) -> pl.DataFrame:
    """Return Odoo's own totals before tax, less credit notes, by owner, currency and month.

    They are read from the heads of posted invoices, independently of the mirrored lines.
    """
    move = odoo_move.c
    day = sa.func.coalesce(move.invoice_date, move.accounting_date)
    month = sa.func.substr(day, 1, MONTH_LENGTH)
    signed = sa.case((move.move_type == CREDIT_NOTE, -move.untaxed_cents), else_=move.untaxed_cents)
    owner = (move.service_code, move.account_external_id, move.currency, month)
    asked = sa.select(*owner, sa.func.sum(signed)).where(move.state == POSTED).group_by(*owner)
    with state.read() as connection:
        rows = [tuple(row) for row in connection.execute(asked)]
    texts = LEDGER | {"month": pl.String()}
    found = pl.DataFrame(rows, schema=texts, orient="row")
    return found.with_columns((pl.col("month") + "-01").str.to_date("%Y-%m-%d"))

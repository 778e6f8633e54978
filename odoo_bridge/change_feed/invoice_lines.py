"""The mirror of Odoo's posted lines in the lake: shipped exactly once, read without doubles."""

from collections.abc import Sequence
from datetime import date

import msgspec
import polars as pl
import sqlalchemy as sa

from odoo_bridge.change_feed.line_mirror import MirroredLine
from odoo_bridge.change_feed.seen_move import POSTED
from storage.feed_tables import invoice_line_outbox
from storage.lake import Lake, StaleMarkError
from storage.lake_tables import INVOICE_LINE
from storage.state import State

STREAM = "invoice_line"
LINES_PER_SHIPMENT_MAX = 20_000
MOVE = ("odoo_database", "move_id")
_decoder = msgspec.json.Decoder(MirroredLine)


def invoiced_lines(lake: Lake) -> pl.LazyFrame:
    """Return the lines of invoices and credit notes that Odoo has posted now, each once.

    The columns are those of `raw.invoice_line`; cents are before tax, negative on credit notes.
    """
    newest = pl.col("revision") == pl.col("revision").max().over(*MOVE)
    return lake.scan(INVOICE_LINE).filter(newest).filter(pl.col("state") == POSTED)


def ship_invoice_lines(state: State, lake: Lake) -> int:
    """Move all kept lines into the lake and return their number; repeating it is harmless."""
    shipped = 0
    while True:
        mark = lake.mark(STREAM)
        with state.read() as connection:
            rows = connection.execute(
                sa.select(invoice_line_outbox.c.id, invoice_line_outbox.c.body)
                .where(invoice_line_outbox.c.id > mark)
                .order_by(invoice_line_outbox.c.id)
                .limit(LINES_PER_SHIPMENT_MAX)
            ).all()
        if rows:
            frame = invoice_line_frame([_decoder.decode(row.body) for row in rows])
            try:
                lake.append_once(STREAM, mark, rows[-1].id, {INVOICE_LINE: frame})
            except StaleMarkError:
                # Another process ships the same lines.
                continue
            mark = rows[-1].id
        with state.write() as connection:
            shipped_rows = invoice_line_outbox.c.id <= mark
            connection.execute(invoice_line_outbox.delete().where(shipped_rows))
        shipped += len(rows)
        if len(rows) < LINES_PER_SHIPMENT_MAX:
            return shipped


def invoice_line_frame(lines: Sequence[MirroredLine]) -> pl.DataFrame:
    """Return lines as a frame of the lake's table."""
    rows = []
    for line in lines:
        day = date.fromisoformat(line.invoice_date)
        dates = {"invoice_date": day, "accounting_date": date.fromisoformat(line.accounting_date)}
        rows.append({"month": day.replace(day=1)} | msgspec.structs.asdict(line) | dates)
    return pl.DataFrame(rows, schema=INVOICE_LINE.polars_schema)

"""The mirror of Odoo's posted lines in the lake: shipped exactly once, read without doubles."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
import polars as pl

from odoo_bridge.change_feed.line_mirror import MirroredLine
from odoo_bridge.change_feed.seen_move import POSTED
from storage.feed_tables import invoice_line_outbox
from storage.lake import Lake
from storage.lake_tables import INVOICE_LINE
from storage.outbox_shipping import ship_outbox
from storage.state import State

STREAM = "invoice_line"
MOVE = ("odoo_database", "move_id")
_decoder = msgspec.json.Decoder(MirroredLine)


def invoiced_lines(
    lake: Lake, as_of: datetime | None = None, *, with_line: pl.Expr | None = None
) -> pl.LazyFrame:
    """Return the lines of invoices and credit notes that Odoo has posted, each once.

    They are those of now, or as they had been seen at a time. The columns are those of
    `raw.invoice_line`; cents are before tax, negative on credit notes. `with_line` leaves the
    moves of which it selects a line, so that others are not looked through.
    """
    seen = lake.scan(INVOICE_LINE)
    if with_line is not None:
        moves = seen.filter(with_line).select(MOVE).unique()
        seen = seen.join(moves, on=MOVE, how="semi")
    if as_of is not None:
        seen = seen.filter(pl.col("seen_at") <= as_of)
    newest = pl.col("revision") == pl.col("revision").max().over(*MOVE)
    return seen.filter(newest).filter(pl.col("state") == POSTED)


def invoiced_history(lake: Lake) -> pl.LazyFrame:
    """Return the posted lines of every revision, with `known_from` and `known_until`.

    `known_until` is when the next revision of its invoice was seen, null for lines of now.
    """
    every = lake.scan(INVOICE_LINE)
    turns = every.group_by(*MOVE, "revision").agg(known_from=pl.col("seen_at").min())
    following = pl.col("known_from").shift(-1).over(*MOVE, order_by="revision")
    turns = turns.with_columns(known_until=following)
    return every.filter(pl.col("state") == POSTED).join(turns, on=[*MOVE, "revision"])


def ship_invoice_lines(state: State, lake: Lake) -> int:
    """Move all kept lines into the lake and return their number; repeating it is harmless."""
    return ship_outbox(state, lake, invoice_line_outbox, STREAM, INVOICE_LINE, _frame_of)


def invoice_line_frame(lines: Sequence[MirroredLine]) -> pl.DataFrame:
    """Return lines as a frame of the lake's table."""
    rows = []
    for line in lines:
        day = date.fromisoformat(line.invoice_date)
        dates = {"invoice_date": day, "accounting_date": date.fromisoformat(line.accounting_date)}
        rows.append({"month": day.replace(day=1)} | msgspec.structs.asdict(line) | dates)
    return pl.DataFrame(rows, schema=INVOICE_LINE.polars_schema)


def _frame_of(bodies: Sequence[str]) -> pl.DataFrame:
    return invoice_line_frame([_decoder.decode(body) for body in bodies])

"""Kept rows on their way from an outbox of the state to a table of the lake, each once."""

from collections.abc import Callable, Sequence

import polars as pl
import sqlalchemy as sa

from storage.lake import Lake, StaleMarkError
from storage.lake_tables import LakeTable
from storage.state import State

ROWS_PER_SHIPMENT_MAX = 20_000


def ship_outbox(
    state: State,
    lake: Lake,
    outbox: sa.Table,
    stream: str,
    table: LakeTable,
    frame_of: Callable[[Sequence[str]], pl.DataFrame],
) -> int:
    """Move all rows of an outbox into the lake and return their number; repeating it is harmless.

    The outbox has an ascending `id` and a `body`; `frame_of` makes the table's rows of bodies, one
    of each. What lies at or below the stream's mark is in the lake already.
    """
    with state.read() as connection:
        if connection.scalar(sa.select(outbox.c.id).limit(1)) is None:
            return 0
    shipped = 0
    while True:
        mark = lake.mark(stream)
        with state.read() as connection:
            rows = connection.execute(
                sa.select(outbox.c.id, outbox.c.body)
                .where(outbox.c.id > mark)
                .order_by(outbox.c.id)
                .limit(ROWS_PER_SHIPMENT_MAX)
            ).all()
        if rows:
            frame = frame_of([row.body for row in rows])
            try:
                lake.append_once(stream, mark, rows[-1].id, {table: frame})
            except StaleMarkError:
                # Another process ships the same rows.
                continue
            mark = rows[-1].id
        with state.write() as connection:
            connection.execute(outbox.delete().where(outbox.c.id <= mark))
        shipped += len(rows)
        if len(rows) < ROWS_PER_SHIPMENT_MAX:
            return shipped

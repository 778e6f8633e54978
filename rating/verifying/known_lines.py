"""Rated lines wherever they are: in the lake, or still on their way there.

What is on its way is read first, so that a line moved meanwhile is seen twice and never missed.
"""

from collections.abc import Collection, Iterable

import msgspec
import polars as pl
import sqlalchemy as sa

from rating.rated_line import RatedLine
from rating.rated_line_store import rated_line_frame, stored_rated_lines
from storage.lake import Lake
from storage.lake_tables import RATED_LINE
from storage.state import State
from storage.tables import rated_line_outbox

_decoder = msgspec.json.Decoder(RatedLine)


def known_lines(
    state: State, lake: Lake, service_code: str, subscription_external_ids: Collection[str]
) -> list[RatedLine]:
    """Return the lines of some subscriptions, each once, oldest first."""
    waiting = [
        line
        for line in waiting_lines(state, service_code)
        if line.subscription_external_id in subscription_external_ids
    ]
    return _once([*stored_rated_lines(lake, service_code, subscription_external_ids), *waiting])


def known_line_frame(state: State, lake: Lake, service_code: str) -> pl.LazyFrame:
    """Return all lines of a service in the columns of the lake, each once."""
    waiting = rated_line_frame(waiting_lines(state, service_code))
    stored = lake.scan(RATED_LINE).filter(pl.col("service") == service_code)
    if waiting.is_empty():
        return stored
    is_new = ~pl.col("id").is_in(waiting["id"].to_list())
    return pl.concat([stored.filter(is_new), waiting.lazy()])


def lines_of_texts(explanations: Iterable[str]) -> list[RatedLine]:
    """Return the lines that the lake's explanations tell of."""
    return [_decoder.decode(text) for text in explanations]


def waiting_lines(state: State, service_code: str) -> list[RatedLine]:
    """Return the lines of a service that are on their way to the lake."""
    with state.read() as connection:
        bodies = connection.scalars(
            sa.select(rated_line_outbox.c.body).order_by(rated_line_outbox.c.id)
        ).all()
    lines = lines_of_texts(bodies)
    return [line for line in lines if line.service_code == service_code]


def _once(lines: Iterable[RatedLine]) -> list[RatedLine]:
    by_id = {line.id: line for line in lines}
    return sorted(by_id.values(), key=lambda line: (line.rated_at, line.id))

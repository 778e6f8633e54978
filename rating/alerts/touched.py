"""Which watched subscriptions got usage since the last look: noted with how far was looked.

The note and the mark move in one transaction, so that a crash loses no change and the next look
begins where this one ended. Where this process flushes alone, its flusher says what it has moved:
the lake is not asked, and flushes that touched nothing watched write nothing.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from ingest.flush import Flusher, stream_of
from ingest.watermark import Watermark
from rating.alerts.store import ask_for_a_look, watched_subscriptions
from storage.fault_points import reached
from storage.lake import Lake
from storage.state import State
from storage.tables import told_mark

TOPIC = "alerts"
# Positions of the inbox that a start after a crash looks through again at the most.
UNNOTED_MAX = 10_000
TOUCHED = " UNION ".join(
    f"SELECT service, subscription_id FROM lake.raw.{table} "  # noqa: S608 - two constants
    "WHERE shard = $1 AND inbox_id > $2 AND inbox_id <= $3"
    for table in ("usage", "revision")
)


def note_touched(
    state: State, lake: Lake, shard_count: int, flusher: Flusher | None = None
) -> Watermark:
    """Note whose usage reached the lake since the last call; return how far the lake is.

    Safe to call from several processes. Nothing is flushed for it. `flusher` is the only one there
    is, if it is in this process.
    """
    near = None if flusher is None else flusher.mark
    if flusher is not None and near is not None:
        _note(state, lake, 0, near, flusher)
        return Watermark(((0, near),))
    marks = tuple((shard, lake.mark(stream_of(shard))) for shard in range(shard_count))
    for shard, mark in marks:
        _note(state, lake, shard, mark)
    return Watermark(marks)


def _note(state: State, lake: Lake, shard: int, mark: int, flusher: Flusher | None = None) -> None:
    with state.read() as connection:
        looked = _looked(connection, shard)
        if looked is not None and looked >= mark:
            return
        watched = watched_subscriptions(connection)
    if looked is None:
        # An alert that was never looked at wants a look anyway: before the first call all is new.
        touched: set[tuple[str, str]] = set()
    else:
        known = None if flusher is None else flusher.touched_of(watched, looked)
        if known is not None and not known and mark - looked < UNNOTED_MAX:
            return
        touched = _touched(lake, shard, looked, mark) if known is None else known
    with state.write() as connection:
        if _looked(connection, shard, locked=True) != looked:
            return
        ask_for_a_look(connection, touched & watched_subscriptions(connection))
        _move(connection, shard, mark, is_first=looked is None)
        reached("alerts.noting")
    reached("alerts.noted")


def _touched(lake: Lake, shard: int, looked: int, mark: int) -> set[tuple[str, str]]:
    rows = lake.query(TOUCHED, [shard, looked, mark])
    return set(rows.select("service", "subscription_id").iter_rows())


def _looked(connection: sa.Connection, shard: int, *, locked: bool = False) -> int | None:
    """Return up to where a shard was looked at; locked, others wait for the commit."""
    found = sa.select(told_mark.c.mark).where(*_is_row(shard))
    return connection.scalar(found.with_for_update() if locked else found)


def _move(connection: sa.Connection, shard: int, mark: int, *, is_first: bool) -> None:
    if is_first:
        # Of two first callers the second changes nothing: neither had anything to note.
        insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
        first = insert(told_mark).values(topic=TOPIC, shard=shard, mark=mark)
        connection.execute(first.on_conflict_do_nothing())
        return
    connection.execute(sa.update(told_mark).where(*_is_row(shard)).values(mark=mark))


def _is_row(shard: int) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return told_mark.c.topic == TOPIC, told_mark.c.shard == shard

"""Acknowledged usage of one subscription: what the lake holds of it, and what waits before it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import polars as pl

from ingest.corrections.revisions import as_first_said
from ingest.first_inbox_body import sections_of_any_body
from ingest.inbox_body import Section
from ingest.push import Door
from ingest.usage_frame import MetricsInForce, Owner, usage_frames
from ingest.watermark import Watermark
from storage.inbox import InboxRow
from storage.lake import Lake
from storage.lake_tables import REVISION, USAGE, LakeTable

Frames = Mapping[LakeTable, pl.DataFrame]
COUNTED = (USAGE, REVISION)


@dataclass(frozen=True, slots=True, eq=False)
class Acknowledged:
    """A subscription's usage as of a moment, whether it is in the lake yet or not.

    `in_lake` says which of the lake's rows count; `waiting` holds later rows in the lake's columns,
    of the tables that have some.
    `position` is another number whenever the usage is another; None where nobody can tell.
    """

    in_lake: Watermark
    position: int | None = None
    waiting: Frames = field(default_factory=dict)

    def usage(self, lake: Lake) -> pl.LazyFrame:
        """Return the rows of USAGE; those of other subscriptions are among them."""
        return self._with_waiting(USAGE, lake.scan(USAGE))

    def revisions(self, lake: Lake) -> pl.LazyFrame | None:
        """Return the rows of REVISION likewise, as they were first said; None for none at all."""
        if not lake.files(REVISION) and REVISION not in self.waiting:
            return None
        return as_first_said(self._with_waiting(REVISION, lake.scan(REVISION)))

    def _with_waiting(self, table: LakeTable, rows: pl.LazyFrame) -> pl.LazyFrame:
        waiting = [self.waiting[table].lazy()] if table in self.waiting else []
        return pl.concat([rows.filter(self.in_lake.includes()), *waiting])


def waiting_sections(rows: Sequence[InboxRow], upto: int) -> list[tuple[int, list[Section]]] | None:
    """Return inbox rows with their sections, if these tell what a flush up to `upto` will write.

    None when there are more rows, or when a replay is among them: what of it counts depends on
    what the lake holds.
    """
    if rows and rows[-1].id < upto:
        return None
    read = [(row.id, sections_of_any_body(row.body)) for row in rows]
    if any(section.door is Door.REPLAYED for _, sections in read for section in sections):
        return None
    return read


def with_waiting(
    in_lake: Watermark,
    position: int | None,
    rows: Sequence[tuple[int, Sequence[Section]]],
    metrics: Callable[[], MetricsInForce],
    owner: Owner,
) -> Acknowledged:
    """Return a subscription's usage with what waits of it, on the only shard of `in_lake`.

    `position` is the one of the lake's rows; later rows that count move it.
    """
    own = [(row_id, sections) for row_id, sections in rows if _may_name(sections, owner)]
    if not own:
        return Acknowledged(in_lake, position)
    ((shard, _),) = in_lake.marks
    frames = usage_frames(own, metrics(), shard, owner=owner)
    waiting = {table: frames[table] for table in COUNTED if not frames[table].is_empty()}
    newest = [int(frame["inbox_id"].max()) for frame in waiting.values()]  # type: ignore[arg-type]
    return Acknowledged(in_lake, max(newest, default=position), waiting)


def _may_name(sections: Sequence[Section], owner: Owner) -> bool:
    """Say whether sections may hold events of a subscription, without reading them.

    A body that was kept as it came has no backslash, any other was written by the same encoder as
    the name here: so the name stands in it as it does in the other.
    """
    service_code, name = owner
    written = msgspec.json.encode(name)
    return any(each.service_code == service_code and written in each.body for each in sections)

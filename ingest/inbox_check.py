"""Is the inbox whole? Every row reads, and none below the lake's mark is missing in the lake.

Reads only; to be asked before a flusher is opened, which deletes what lies below the mark.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from ingest.finding import Finding, finding
from ingest.inbox_body import Section, events_of_section, sections_of_body
from ingest.push import Door
from ingest.stored_usage import stored_events
from storage.inbox import DamagedInboxError, Inbox, InboxRow
from storage.lake import Lake

EVENTS_PER_STEP = 50_000
CURE = (
    "do not start the service, it would forget what is named: put the folder aside, and restore "
    "inbox and lake from one backup"
)
# What these doors hold is in the lake under other names, or was there before.
NOT_LOOKED_UP = frozenset({Door.REFUSED, Door.REPLAYED})


@dataclass(slots=True)
class _Seen:
    """What was met on the way through the inbox."""

    holes: list[str] = field(default_factory=list)
    waiting: int = 0
    left_over: int = 0


def check_inbox(lake: Lake, inbox: Inbox, marks: Mapping[int, int]) -> Finding:
    """Read every inbox row; those up to the mark of their shard must be in the lake."""
    seen = _Seen()
    for shard in range(inbox.shard_count):
        mark, newest = marks.get(shard, 0), inbox.last_id(shard)
        if newest < mark:
            seen.holes.append(
                f"shard {shard}: the inbox ends at {newest}, the lake has taken {mark}: it is not "
                "the inbox that filled this lake, or an older copy"
            )
        for row in _readable(inbox, shard, seen.holes):
            _look_at(lake, shard, mark, row, seen)
    counts = {"events_waiting": seen.waiting, "rows_left_over": seen.left_over}
    return finding("inbox", counts, holes=seen.holes, cure=CURE)


def _readable(inbox: Inbox, shard: int, holes: list[str]) -> Iterator[InboxRow]:
    """Yield the rows that can be read; those that can't are holes."""
    position = 0
    while True:
        try:
            rows = inbox.read(shard, position, EVENTS_PER_STEP)
        except DamagedInboxError as damaged:
            holes.append(str(damaged))
            position = damaged.position
            continue
        if not rows:
            return
        yield from rows
        position = rows[-1].id


def _look_at(lake: Lake, shard: int, mark: int, row: InboxRow, seen: _Seen) -> None:
    try:
        sections = sections_of_body(row.body)
        events_count = sum(
            len(events_of_section(section)) - len(section.skipped) for section in sections
        )
    except msgspec.MsgspecError as error:
        seen.holes.append(f"row {row.id} of inbox shard {shard} can't be understood: {error}")
        return
    if row.id > mark:
        seen.waiting += events_count
        return
    seen.left_over += 1
    missing = [key for section in sections for key in _missing(lake, section)]
    if missing:
        named = ", ".join(f"{subscription} {transaction}" for subscription, transaction in missing)
        seen.holes.append(
            f"row {row.id} of inbox shard {shard} lies below the mark {mark}, and the lake lacks "
            f"{len(missing)} of its events: {named[:200]}"
        )


def _missing(lake: Lake, section: Section) -> Sequence[tuple[str, str]]:
    if section.door in NOT_LOOKED_UP:
        return ()
    skipped = set(section.skipped)
    keys = [
        (event.external_subscription_id or "", event.transaction_id)
        for index, event in enumerate(events_of_section(section))
        if index not in skipped
    ]
    stored = stored_events(lake, section.service_code, keys)
    return [key for key in keys if key not in stored]

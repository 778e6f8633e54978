"""The flush: what waits in the inbox becomes Parquet in the lake, exactly once.

The inbox rows beyond the lake's mark are appended and the mark is moved in one transaction;
only then are they deleted from the inbox. A crash between any two steps changes nothing.
"""

import threading
from collections.abc import Callable, Iterator

from ingest.inbox_body import events_of_body
from ingest.key_index import KnownEvent
from ingest.usage_frame import MetricsInForce, usage_frames
from ingest.watermark import Watermark
from storage.inbox import Inbox
from storage.lake import Lake
from storage.lake_tables import QUARANTINE, USAGE

SHARD = 0
STREAM = "usage_0"
FLUSH_EVENTS_MAX = 20_000


class Flusher:
    """Moves one shard's inbox into the lake; safe to call from any thread."""

    def __init__(self, inbox: Inbox, lake: Lake, metrics: Callable[[], MetricsInForce]) -> None:
        """Remember the parts; `metrics` reads the billable metrics in force now."""
        self._inbox = inbox
        self._lake = lake
        self._metrics = metrics
        self._flushing = threading.Lock()
        mark = lake.mark(STREAM)
        inbox.delete_upto(mark)
        # A new inbox beside an old lake must not hand out positions the lake has passed.
        inbox.start_beyond(mark)

    def flush(self) -> Watermark:
        """Move everything that was acknowledged before this call; return what is in the lake."""
        goal = self._inbox.last_id()
        with self._flushing:
            mark = self._lake.mark(STREAM)
            while mark < goal:
                moved = self._flush_after(mark)
                if moved == mark:
                    break
                mark = moved
            return Watermark(((SHARD, mark),))

    def _flush_after(self, mark: int) -> int:
        rows = self._inbox.read(mark, FLUSH_EVENTS_MAX)
        if not rows:
            return mark
        events = ((row.id, events_of_body(row.body)) for row in rows)
        usage, quarantined = usage_frames(events, self._metrics(), SHARD)
        upto = rows[-1].id
        self._lake.append_once(STREAM, mark, upto, {USAGE: usage, QUARANTINE: quarantined})
        self._inbox.delete_upto(upto)
        return upto


def known_events(inbox: Inbox, lake: Lake) -> Iterator[KnownEvent]:
    """Yield every event in lake and inbox as the key index knows it, to rebuild the index."""
    for table in (USAGE, QUARANTINE):
        frame = lake.scan(table).select("event_id", "content_digest", "received_at").collect()
        for event_id, digest, received_at in frame.iter_rows():
            yield bytes.fromhex(event_id.replace("-", "")), digest, received_at
    mark = lake.mark(STREAM)
    while rows := inbox.read(mark, FLUSH_EVENTS_MAX):
        for row in rows:
            for event in events_of_body(row.body):
                yield event.key, event.content_digest, event.received_at
        mark = rows[-1].id

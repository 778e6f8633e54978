"""Taking in one push: keep what is new, and give every event the answer it had the first time."""

import asyncio
from collections.abc import Sequence

from catalog.errors import ValidationFailed
from ingest.committer import Committer
from ingest.key_index import Verdict
from ingest.lago_shapes import conflict_details
from ingest.usage_event import UsageEvent
from ingest.usage_log import UsageLog


async def take_in(
    committer: Committer, log: UsageLog, events: Sequence[UsageEvent]
) -> list[UsageEvent]:
    """Return the stored events once all of them are durable.

    Raises ValidationFailed, keyed by index, when an id is known with other content; nothing of
    the push is kept then. TemporarilyUnavailable when it could not be stored.
    """
    receipt = await asyncio.wrap_future(committer.submit(events))
    if not receipt.is_kept:
        raise ValidationFailed(conflict_details(receipt.verdicts))
    known = [
        event.event_id
        for event, verdict in zip(events, receipt.verdicts, strict=True)
        if verdict is Verdict.KNOWN
    ]
    if not known:
        return list(events)
    first = await asyncio.to_thread(log.of_ids, events[0].service_code, known)
    return [first.get(event.event_id, event) for event in events]

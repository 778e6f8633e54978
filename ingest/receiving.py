"""Taking in one push: keep what is new, and give every event the answer it had the first time."""

import asyncio
from collections.abc import Sequence

from catalog.errors import ValidationFailed
from ingest.committer import Committer
from ingest.lago_shapes import conflict_details
from ingest.usage_event import UsageEvent


async def take_in(committer: Committer, events: Sequence[UsageEvent]) -> tuple[UsageEvent, ...]:
    """Return the events as they are kept, once all of them are durable.

    Raises ValidationFailed, keyed by index, when an id is known with other content; nothing of
    the push is kept then. TemporarilyUnavailable when it could not be stored.
    """
    receipt = await asyncio.wrap_future(committer.submit(events))
    if not receipt.is_kept:
        raise ValidationFailed(conflict_details(receipt.verdicts))
    return receipt.events

"""What counter pushes over HTTP are answered: read, keep, shape."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from catalog.billable_metrics import BillableMetric
from catalog.errors import ValidationFailed
from catalog.exact_json import JsonObject
from catalog.services import DuplicateAnswer, Service
from ingest.counters.counter import counter_revision
from ingest.counters.shapes import is_partial, readable_pushes, receipt, receipt_row
from ingest.inbox_body import revisions_body
from ingest.lago_shapes import CONFLICT_CODES, conflict_details
from ingest.push import Door, Push, push_of
from ingest.receiving import Intake
from ingest.usage_event import Faulty, UsageRevision

Metrics = Mapping[str, BillableMetric]


async def answer_counter(
    intake: Intake, service: Service, metrics: Metrics, raw: JsonObject, at: datetime
) -> dict[str, object]:
    """Keep one counter push and return what was kept; ValidationFailed when it is refused."""
    try:
        revision = counter_revision(raw, metrics, service.zone)
    except Faulty as faulty:
        raise ValidationFailed(faulty.codes) from faulty
    taken = await intake.take_in(_push(service, [revision], at))
    if taken.conflicts:
        raise ValidationFailed(CONFLICT_CODES)
    return {"usage": receipt_row(revision, taken.received_s[0])}


async def answer_counters(
    intake: Intake, service: Service, metrics: Metrics, body: JsonObject, at: datetime
) -> dict[str, object]:
    """Keep a batch of counter pushes as its `mode` says and return its receipt.

    ValidationFailed with every refused push at its index, when the batch is all or nothing.
    """
    keeps_good = is_partial(body.get("mode"))
    raws = body.get("usage")
    revisions, refused = readable_pushes(raws, metrics, service.zone)
    if refused and not keeps_good:
        raise ValidationFailed({str(index): codes for index, codes in refused.items()})
    kept: dict[int, dict[str, object]] = {}
    if revisions:
        pushed = list(revisions.values())
        taken = await intake.take_in(_push(service, pushed, at, keeps_good=keeps_good))
        places = list(revisions)
        conflicts = [places[place] for place in taken.conflicts]
        if conflicts and not keeps_good:
            raise ValidationFailed(conflict_details(conflicts))
        refused |= dict.fromkeys(conflicts, CONFLICT_CODES)
        rows = map(receipt_row, pushed, taken.received_s)
        kept = dict(zip(places, rows, strict=True))
    return {"receipt": receipt(raws if isinstance(raws, list) else [], kept, refused)}


def _push(
    service: Service,
    revisions: Sequence[UsageRevision],
    at: datetime,
    *,
    keeps_good: bool = False,
) -> Push:
    return push_of(
        service.code,
        revisions,
        revisions_body(revisions),
        Door.REVISIONS,
        int(at.timestamp()),
        is_partial=keeps_good,
        refuses_known=service.duplicates == DuplicateAnswer.REJECT,
    )

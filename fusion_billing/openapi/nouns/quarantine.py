"""Quarantine: events that can't be counted yet, and their repair."""

from fusion_billing.openapi.operation import Example, Operation, Taken
from fusion_billing.openapi.shapes import (
    ANYTHING,
    COUNT,
    FLAG,
    IDENTIFIER,
    OBJECT,
    PAGES,
    TEXT,
    TIME,
    answered,
    by_key,
    given,
    listed,
    maybe,
    of,
    page,
    told,
    under,
    word,
)  # fmt: skip

STATUSES = ("open", "resolved")
ROW_ID = Taken("GET /quarantine", ("quarantined_events", 0, "id"))
SIGNED = {"author": IDENTIFIER, "reason": IDENTIFIER}
NARROWING = {"reason": TEXT, "code": TEXT, "external_subscription_id": TEXT}
SHAPES = {
    "QuarantinedEvent": answered({
        "id": TEXT, "status": word(*STATUSES), "reason": TEXT, "problem": TEXT,
        "next_step": maybe(TEXT), "transaction_id": TEXT, "external_subscription_id": maybe(TEXT),
        "code": TEXT, "timestamp": TIME, "precise_total_amount_cents": maybe(TEXT),
        "properties": OBJECT, "details": ANYTHING, "received_at": TIME,
        "resolution": maybe(answered({
            "kind": TEXT, "author": TEXT, "reason": TEXT, "changes": maybe(OBJECT),
            "decided_at": TIME, "finished_at": maybe(TIME),
        })),
    }),
    "QuarantineSelection": given({}, {
        "ids": listed(TEXT, minItems=1, maxItems=1000),
        **{name: maybe(schema) for name, schema in NARROWING.items()},
    }),
    "QuarantineDecision": given(SIGNED),
    "QuarantineMending": given({**SIGNED, "changes": told(OBJECT, "Members of the event.")}),
    "QuarantineReplay": answered({
        "replayed_count": COUNT, "still_faulty_count": COUNT, "still_faulty": by_key(COUNT),
        "is_complete": told(FLAG, "False asks to repeat the replay."),
    }),
}  # fmt: skip
ONE = under("quarantined_event", of("QuarantinedEvent"))
WHY = {"author": "j.doe", "reason": "counted by hand"}
OPERATIONS = (
    Operation(
        name="GET /quarantine", turn=30,
        answer=page(
            "quarantined_events", of("QuarantinedEvent"), counts_by_reason=by_key(COUNT)
        ),
        query={"status": word(*STATUSES, "all"), **NARROWING, **PAGES},
    ),
    Operation(
        name="GET /quarantine/{row_id}", turn=31, refusals=(404,), answer=ONE,
        example=Example(path={"row_id": ROW_ID}),
    ),
    Operation(
        name="POST /quarantine/replay", turn=31, refusals=(404,),
        answer=under("replay", of("QuarantineReplay")),
        body=under("quarantine", of("QuarantineSelection")),
        example=Example({"quarantine": {"code": "tokens"}}),
    ),
    Operation(
        name="POST /quarantine/{row_id}/mend", turn=32, refusals=(404, 405), answer=ONE,
        body=under("quarantine", of("QuarantineMending")),
        example=Example(
            {"quarantine": {**WHY, "changes": {"properties": {"tokens": 40}}}},
            path={"row_id": ROW_ID},
        ),
    ),
    Operation(
        name="POST /quarantine/{row_id}/dismiss", turn=32, refusals=(404, 405), answer=ONE,
        body=under("quarantine", of("QuarantineDecision")),
        example=Example(
            {"quarantine": WHY},
            path={"row_id": Taken("GET /quarantine", ("quarantined_events", 1, "id"))},
        ),
    ),
)  # fmt: skip

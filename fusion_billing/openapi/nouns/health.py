"""Health of the process; no key is needed."""

from fusion_billing.openapi.operation import Example, Operation
from fusion_billing.openapi.shapes import (
    COUNT,
    FLAG,
    GIVEN_TIME,
    TEXT,
    TIME,
    answered,
    by_key,
    given,
    listed,
    maybe,
    told,
    word,
)  # fmt: skip

CHECKS = by_key(maybe(TEXT))
JOB = answered({"succeeded_at": maybe(TIME), "problem": maybe(TEXT)})
READY = answered({"status": word("ok", "unavailable"), "checks": CHECKS})
SHAPES = {
    "Liveness": answered({"status": word("ok")}),
    "Readiness": told(READY, "Of each store what is wrong with it; null when nothing is."),
    "Health": answered({
        "status": word("ok", "degraded"), "version": TEXT, "now": TIME, "is_test_clock": FLAG,
        "failing": listed(TEXT), "events_waiting": COUNT, "inbox_age_seconds": COUNT,
        "jobs": by_key(JOB),
    }),
}  # fmt: skip
OPERATIONS = (
    Operation(name="GET /livez", is_open=True, answer=SHAPES["Liveness"]),
    Operation(name="GET /readyz", is_open=True, answer=SHAPES["Readiness"], refusals=(503,)),
    Operation(name="GET /health", is_open=True, answer=SHAPES["Health"]),
    Operation(
        name="POST /test_clock/advance",
        turn=99,
        answer=answered({"now": TIME}),
        body=given({"to": GIVEN_TIME}),
        example=Example({"to": "2026-03-01T05:00:00Z"}),
    ),
)

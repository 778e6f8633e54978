"""One tour through all examples of the OpenAPI, in their order, against a real app."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import quote

from httpx2 import Response

from fusion_billing.billing import bill_services
from fusion_billing.openapi.document import OPERATIONS
from fusion_billing.openapi.operation import Operation, resolved
from tests.fusion_billing.conftest import Roof

FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
TWELFTH = datetime(2026, 1, 12, 5, 0, tzinfo=UTC)
MOUNT = "/api/billing/v1"
AFTER_FIRST_METRIC = 11
BEFORE_USAGE = 20
BEFORE_BILL = 60
UNDONE_FROM = 80
AFTER_ALL = 100
MORE_METRICS = (
    {"name": "Calls", "code": "calls", "aggregation_type": "count_agg"},
    {"name": "Seats", "code": "seats", "aggregation_type": "max_agg", "field_name": "seats",
     "counter_semantics": "gauge"},
)  # fmt: skip


@dataclass
class Tour:
    """What each example was answered, and the answers' bodies by operation."""

    roof: Roof
    given: dict[str, Response] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)

    def go(self, before: int = AFTER_ALL) -> None:
        """Send every example of the turns before, once; between turns the world goes on."""
        wanted = (one for one in OPERATIONS.values() if one.turn < before)
        in_order = sorted(wanted, key=lambda one: one.turn)
        for turn, operations in groupby(in_order, key=lambda one: one.turn):
            for event in _between(self.roof, turn):
                event()
            for operation in operations:
                self.given[operation.name] = answer = self.ask(operation)
                is_json = answer.headers.get("content-type", "").startswith("application/json")
                self.bodies[operation.name] = answer.json() if is_json else answer.text

    def ask(self, operation: Operation) -> Response:
        """Send the example of an operation."""
        example = operation.example
        path = operation.path
        for name, value in resolved(dict(example.path), self.bodies).items():
            path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
        mount = "" if is_unmounted(operation) else MOUNT
        body = resolved(example.body, self.bodies)
        content = body if isinstance(body, str) else json.dumps(body)
        headers = self.roof.headers | {"content-type": operation.body_types[0]}
        return self.roof.client.request(
            operation.method.upper(),
            mount + path,
            params=dict(example.query),
            content=content.encode() if operation.body is not None else None,
            headers=headers,
        )


def is_unmounted(operation: Operation) -> bool:
    """Say whether an operation lies beside the mounts."""
    return operation.path in {"/livez", "/readyz", "/health", "/test_clock/advance"}


def _between(roof: Roof, turn: int) -> Iterator[Callable[[], object]]:
    """Yield what happens in the world before a turn."""
    if turn == AFTER_FIRST_METRIC:
        for metric in MORE_METRICS:
            yield partial(roof.post, "/billable_metrics", {"billable_metric": metric})
    if turn == BEFORE_USAGE:
        yield partial(_price_calls, roof)
        yield partial(roof.clock.advance, TWELFTH)
    if turn == BEFORE_BILL:
        yield partial(roof.clock.advance, FEBRUARY)
        yield partial(bill_services, roof.house, at=FEBRUARY)


def _price_calls(roof: Roof) -> None:
    """Put calls, paid in advance, on the plan beside what is there."""
    metrics = {one["code"]: one for one in roof.get("/billable_metrics")["billable_metrics"]}
    calls = {
        "billable_metric_id": metrics["calls"]["lago_id"], "charge_model": "standard",
        "pay_in_advance": True, "properties": {"amount": "0.05"},
    }  # fmt: skip
    kept = [{"id": one["lago_id"]} for one in roof.get("/plans/team")["plan"]["charges"]]
    path, body = "/api/v1/plans/team", {"plan": {"charges": [*kept, calls]}}
    answer = roof.client.put(path, json=body, headers=roof.headers)
    assert answer.status_code == 200, answer.text

"""What a keyed request writes and its kept answer are one transaction; what is not has no need."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from httpx2 import Response

from fusion_billing.clock import TestClock
from fusion_billing.house import opened_house
from fusion_billing.idempotency import store
from fusion_billing.idempotency.middleware import READING, STATE_WORDS
from fusion_billing.openapi.document import OPERATIONS
from fusion_billing.openapi.operation import Operation
from fusion_billing.settings import Settings
from storage.request_tables import kept_request
from storage.state_schema import metadata
from tests.fusion_billing.conftest import OPENED_AT, Roof, fresh_roof, open_house, open_roof
from tests.fusion_billing.dying_request import ask_for_endpoint
from tests.fusion_billing.openapi.tour import Tour, is_unmounted

WRITING = [
    one for one in OPERATIONS.values()
    if one.method.upper() not in READING and not is_unmounted(one)
]  # fmt: skip
# Why a repeat of the others, should the first die before its answer is kept, has no second effect.
BY_ITS_ID = "kept under the id that the caller gives, once"
BY_CONTENT = "a file is known by its content; keys are not asked for"
BY_ROW = "a quarantined row is resolved once"
BY_ORDER = "a correction is known by what it orders"
ASKS = "writes nothing here"
IN_ODOO = "Odoo is asked whether it is done already"
HARMLESS = {
    "POST /events": BY_ITS_ID, "POST /events/batch": BY_ITS_ID, "POST /usage/events": BY_ITS_ID,
    "PUT /usage": BY_ITS_ID, "PUT /usage/batch": BY_ITS_ID, "POST /costs": BY_ITS_ID,
    "POST /usage/import": BY_CONTENT,
    "POST /quarantine/replay": BY_ROW, "POST /quarantine/{row_id}/mend": BY_ROW,
    "POST /quarantine/{row_id}/dismiss": BY_ROW,
    "POST /corrections": BY_ORDER, "POST /corrections/{correction_id}/revert": BY_ORDER,
    "POST /simulations": ASKS, "POST /events/estimate_fees": ASKS,
    "POST /events/estimate_instant_fees": ASKS, "POST /events/batch_estimate_instant_fees": ASKS,
    "POST /invoices": ASKS, "POST /invoices/preview": ASKS,
    "POST /invoices/{lago_id}/download": ASKS, "POST /invoices/{lago_id}/payment_url": ASKS,
    "POST /invoices/{lago_id}/retry_payment": ASKS, "POST /invoices/{lago_id}/void": ASKS,
    "POST /credit_notes": ASKS, "POST /credit_notes/{lago_id}/download": ASKS,
    "PUT /invoices/{lago_id}/finalize": IN_ODOO,
}  # fmt: skip
REPEATED = {name for name, why in HARMLESS.items() if why not in {ASKS, IN_ODOO, BY_CONTENT}}
# A file is read in by a thread of its own; marks are no effect.
LEFT_ALONE = {"kept_request", "usage_import"}


class PowerCutError(Exception):
    """The process ends before the transaction is committed."""


class CutTour(Tour):
    """A tour whose state-writing requests each die once before their answer is kept."""

    changed: dict[str, object]

    def ask(self, operation: Operation) -> Response:
        """Send an example: first into a power cut where it writes to the state, then again."""
        if operation not in WRITING:
            return super().ask(operation)
        self.roof.client.headers["Idempotency-Key"] = operation.name.replace(" ", "-")
        try:
            if is_of_state(operation):
                self._die(operation)
            first = super().ask(operation)
            if operation.name in REPEATED:
                self._repeat(operation, first)
        finally:
            del self.roof.client.headers["Idempotency-Key"]
        return first

    def _die(self, operation: Operation) -> None:
        before = dump(self.roof)
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(store, "finish", _cut)
            assert super().ask(operation).status_code >= 500
        forget_key(self.roof)
        if dump(self.roof) != before:
            self.changed[operation.name] = "the state"

    def _repeat(self, operation: Operation, first: Response) -> None:
        """Forget the kept answer, as if the process had died before it, and ask again."""
        forget_key(self.roof)
        before = effect(self.roof)
        again = super().ask(operation)
        if effect(self.roof) != before:
            self.changed[operation.name] = (first.text, again.text)


def _cut(*_: object) -> bool:
    raise PowerCutError


def is_of_state(operation: Operation) -> bool:
    """Say whether an operation is one transaction with its answer."""
    return operation.path.strip("/").partition("/")[0] in STATE_WORDS


def dump(roof: Roof) -> dict[str, list[object]]:
    """Return all that the state holds, but for marks of requests and jobs."""
    with roof.house.state.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table))]
            for table in metadata.sorted_tables
            if table.name not in LEFT_ALONE
        }


def effect(roof: Roof) -> object:
    """Return what is used, billed, set aside and spent, however it is kept."""
    at = {"external_subscription_id": "acme-team"}
    usage = roof.client.get(
        "/api/billing/v1/customers/acme/current_usage", params=at, headers=roof.headers
    ).json()
    counted = roof.get("/quarantine")["meta"]
    events = roof.get("/events")["meta"]
    return json.dumps([usage, counted, events], default=_text)


def _text(value: datetime) -> str:
    return value.isoformat()


def forget_key(roof: Roof) -> None:
    """Take the marks of all keys away, as a start after a death does."""
    with roof.house.state.write() as connection:
        connection.execute(sa.delete(kept_request))


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CutTour]:
    """Give a tour through all examples, gone to its end."""
    with pytest.MonkeyPatch.context() as still:
        still.setattr("fusion_billing.scheduler.Scheduler._run", lambda *_: None)
        yield from _tour(tmp_path_factory.mktemp("cut"))


def _tour(folder: Path) -> Iterator[CutTour]:
    with fresh_roof(folder) as roof:
        tour = CutTour(roof)
        tour.changed = {}
        tour.go()
        yield tour


def test_every_writing_operation_is_judged() -> None:
    """Each is one transaction with its answer, or says why a repeat does no harm."""
    assert {one.name for one in WRITING if not is_of_state(one)} == set(HARMLESS)


def test_what_dies_before_its_answer_is_kept_changes_nothing(toured: CutTour) -> None:
    """No state-writing operation leaves a trace, and no repeat of another has a second effect."""
    assert toured.changed == {}
    assert [name for name, answer in toured.given.items() if answer.status_code >= 500] == []


def test_a_key_that_went_on_takes_its_effect_along(tmp_path: Path) -> None:
    """An attempt that lost its key changes nothing and is told to come back."""
    with fresh_roof(tmp_path) as roof, pytest.MonkeyPatch.context() as late:
        late.setattr(store, "finish", lambda *_: False)
        headers = roof.headers | {"Idempotency-Key": "k"}
        body = {"customer": {"external_id": "acme"}}
        answer = roof.client.post("/api/billing/v1/customers", json=body, headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
        assert roof.get("/customers")["customers"] == []


def test_killed_before_or_after_the_commit_a_repeat_is_one(tmp_path: Path) -> None:
    """After kill -9 beside its commit a webhook endpoint is there once when asked for again."""
    clock = TestClock(OPENED_AT)
    with open_house(tmp_path, clock):
        pass
    for place in ("keeping", "kept"):
        program = [sys.executable, "-m", "tests.fusion_billing.dying_request", str(tmp_path)]
        done = subprocess.run([*program, place], capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
    with opened_house(Settings(data_dir=tmp_path), clock) as house, open_roof(house, clock) as roof:
        before = ask_for_endpoint(roof, "keeping")
        after = ask_for_endpoint(roof, "kept")
        listed = roof.get("/webhook_endpoints")["webhook_endpoints"]

    assert (before[0], before[2]) == (200, False)
    assert (after[0], after[2]) == (200, True)
    assert {one["lago_id"] for one in listed} == {before[1], after[1]}
    assert len(listed) == 2

"""Real usage through Lago's own client gives exact bills: calm, killed, or sent twice."""

import csv
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import certifi
import pytest
from httpx import HTTPError
from lago_python_client import Client
from lago_python_client.exceptions import LagoApiError
from lago_python_client.models import (
    BatchEvent,
    BillableMetric,
    Charge,
    Charges,
    Customer,
    Event,
    Plan,
    Subscription,
)

from tests.lifecycle.running_service import RunningService
from tests.lifecycle.traces import METRICS, SUBSCRIPTION, charges, expected, pushes, trace
from tests.plain_duckdb import plain_duckdb

OPENED_AT = "2023-11-01T04:00:00Z"
CLOSED_AT = "2023-12-01T06:00:00Z"
TRACES = {"nexadesk": "conversation", "nexamaps": "code"}
BATCH = 100
BILL_SECONDS_MAX = 60


@pytest.fixture(autouse=True)
def _one_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the client its 80 ms for each request: it reads all the world's certificates anew."""
    bundle, end = Path(certifi.where()).read_text(), "-----END CERTIFICATE-----"
    start = bundle.index("-----BEGIN")
    path = tmp_path / "certificate.pem"
    path.write_text(bundle[start : bundle.index(end)] + end + "\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    """Give a data folder whose service starts in November 2023 and bills every second."""
    service = RunningService(tmp_path, OPENED_AT, {"bill_seconds": "2", "publish_seconds": "5"})
    yield service
    if service.process is not None and service.process.poll() is None:
        service.kill()


def open_books(service: RunningService) -> dict[str, Client]:
    """Create both services and, through Lago's client, their catalogues; return the clients."""
    keys = {code: service.create_service(code) for code in TRACES}
    service.start()
    clients = {code: Client(api_key=key, api_url=service.url) for code, key in keys.items()}
    for code, client in clients.items():
        _create_catalogue(code, client)
    return clients


def _create_catalogue(code: str, client: Client) -> None:
    metric_ids = {
        metric: client.billable_metrics.create(
            BillableMetric(name=metric, code=metric, aggregation_type=kind, field_name=field_name)
        ).lago_id
        for metric, kind, field_name in METRICS
    }
    priced = Charges(__root__=[Charge(**charge) for charge in charges(metric_ids)])
    client.plans.create(
        Plan(
            name="Trace", code="trace", interval="monthly", amount_cents=0, amount_currency="CAD",
            pay_in_advance=False, charges=priced,
        )
    )  # fmt: skip
    client.customers.create(Customer(external_id="azure", name="Azure", country="CA", state="ON"))
    client.subscriptions.create(
        Subscription(
            external_customer_id="azure",
            plan_code="trace",
            external_id=SUBSCRIPTION.format(service=code),
            subscription_at=OPENED_AT,
        )
    )


def batches(code: str) -> list[BatchEvent]:
    """Return a service's whole trace in batches of a hundred."""
    events = [Event(**push) for push in pushes(code, trace(TRACES[code]))]
    return [
        BatchEvent(events=events[start : start + BATCH]) for start in range(0, len(events), BATCH)
    ]


def bill(service: RunningService, client: Client) -> None:
    """Move past the month's end and wait until both services' drafts are there."""
    service.advance_clock(client.api_key, CLOSED_AT)
    deadline = time.monotonic() + BILL_SECONDS_MAX
    while time.monotonic() < deadline:
        if len(_drafts(service)) == len(TRACES):
            return
        time.sleep(0.2)
    raise AssertionError(f"no bills: {service.fetch('health')}")


def check_bills(service: RunningService) -> None:
    """Every quantity and every amount equals the computation from the trace alone."""
    drafts = {draft["service_code"]: draft for draft in _drafts(service)}
    for code, name in TRACES.items():
        rows = _rated_rows(service, code)
        month = expected(trace(name))

        assert {row["metric_code"]: Decimal(row["quantity"]) for row in rows} == month.quantities
        assert {row["metric_code"]: int(row["amount_cents"]) for row in rows} == month.cents
        assert drafts[code]["amount_cents"] == sum(month.cents.values())


def _drafts(service: RunningService) -> list[dict[str, object]]:
    answer: dict[str, list[dict[str, object]]] = json.loads(service.fetch("dashboards/drafts.json"))
    return answer["drafts"]


def _rated_rows(service: RunningService, code: str) -> list[dict[str, str]]:
    text = service.fetch(f"dashboards/rated_lines.csv?service={code}")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_month_is_billed_to_the_cent(service: RunningService) -> None:
    """The whole of both traces, through Lago's client, gives exactly the right bills."""
    clients = open_books(service)
    for code, client in clients.items():
        for batch in batches(code):
            client.events.batch_create(batch)
    usage = clients["nexadesk"].customers.current_usage("azure", "nexadesk-trace")
    month = expected(trace("conversation"))

    assert usage.amount_cents == sum(month.cents.values())
    bill(service, clients["nexadesk"])
    check_bills(service)
    check_plain_duckdb(service)
    assert service.stop() == 0


def check_plain_duckdb(service: RunningService) -> None:
    """Another process reads the same sum from the lake with plain DuckDB while we serve."""
    question = (
        "SELECT coalesce(sum(value), 0) FROM lake.raw.usage "
        "WHERE service = 'nexadesk' AND metric_code = 'context_tokens'"
    )
    wanted = expected(trace("conversation")).quantities["context_tokens"]
    published = service.data_dir / "lake" / "published.sqlite"
    deadline = time.monotonic() + BILL_SECONDS_MAX
    while (read := Decimal(plain_duckdb(published, question))) != wanted:
        assert time.monotonic() < deadline, f"the published lake holds {read}"


def test_a_killed_service_bills_the_same(service: RunningService) -> None:
    """Killed with a batch in flight and started again, nothing is lost and nothing doubled."""
    clients = open_books(service)
    for code, client in clients.items():
        waiting = batches(code)
        victim = len(waiting) * 2 // 5
        for number, batch in enumerate(waiting):
            if number == victim:
                killer = threading.Timer(0.004, service.kill)
                killer.start()
                _push_until_answered(client, batch, killer, service)
            else:
                client.events.batch_create(batch)
    bill(service, clients["nexadesk"])

    check_bills(service)


def _push_until_answered(
    client: Client, batch: BatchEvent, killer: threading.Timer, service: RunningService
) -> None:
    """Push while the service dies, start it again, and push the same batch once more."""
    with suppress(LagoApiError, OSError, HTTPError):
        client.events.batch_create(batch)
    killer.join()
    service.start()
    client.events.batch_create(batch)


def test_every_batch_sent_twice_bills_the_same(service: RunningService) -> None:
    """A client that repeats each batch pays once."""
    clients = open_books(service)
    for code, client in clients.items():
        for batch in batches(code):
            client.events.batch_create(batch)
            client.events.batch_create(batch)
    bill(service, clients["nexadesk"])

    check_bills(service)

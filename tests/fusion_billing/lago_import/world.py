"""A house that plays Lago over a real socket, full of what an app may have sold; and its target."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from catalog.services import ServiceMode
from catalog.store import services
from fusion_billing.clock import Clock
from fusion_billing.house import House, opened_house
from fusion_billing.lago_import.importing import LagoImport
from fusion_billing.lago_import.report import Report
from fusion_billing.lago_import.source import LagoSource
from fusion_billing.settings import Settings
from rating.bill_run import BillReport
from storage.state import State
from storage.state_schema import metadata
from tests.fusion_billing.billed_house import SOLD_METRICS
from tests.fusion_billing.conftest import OPENED_AT, Roof
from tests.fusion_billing.makers import a_service
from tests.prepared import prepared_house

FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
CHANGED = datetime(2026, 2, 12, 8, 2, 1, tzinfo=UTC)
MIDDLE = datetime(2026, 2, 15, 17, 30, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
LATER = datetime(2026, 4, 20, 5, 0, tzinfo=UTC)
METRICS: dict[str, dict[str, Any]] = SOLD_METRICS | {
    "minutes": {
        "aggregation_type": "sum_agg", "field_name": "minutes",
        "expression": "event.properties.seconds / 60",
    },
}  # fmt: skip


@contextmanager
def target_house(folder: Path, clock: Clock) -> Iterator[House]:
    """Open a house whose service nexadesk is a shadow."""
    with opened_house(Settings(data_dir=prepared_house(folder)), clock) as house:
        with house.state.write() as connection:
            if services.find_service(connection, "nexadesk") is None:
                services.add_service(connection, a_service(OPENED_AT))
        change_mode(house, ServiceMode.SHADOW)
        yield house


def change_mode(house: House, mode: ServiceMode) -> None:
    """Let nexadesk be a shadow, or live."""
    with house.state.write() as connection:
        connection.execute(sa.update(metadata.tables["service"]).values(mode=mode.value))


def brought(
    house: House, source: LagoSource, *, is_dry_run: bool = False, since: datetime | None = None
) -> Report:
    """Run one import into nexadesk and return its report."""
    with house.state.read() as connection:
        service = services.find_service(connection, "nexadesk")
    assert service is not None
    return LagoImport(house, service, source, since or house.clock(), is_dry_run).run()


def quick_source(url: str, key: str, **changed: float) -> LagoSource:
    """Return a source that waits for nothing between two attempts."""
    return LagoSource(url, key, wait=lambda _seconds: None, **changed)


def outcomes(report: Report) -> dict[str, dict[str, int]]:
    """Return the report's totals without zeros."""
    counted = {
        kind: {name: count for name, count in counts.items() if count}
        for kind, counts in report.totals().items()
    }
    return {kind: counts for kind, counts in counted.items() if counts}


def refusals(report: Report) -> dict[tuple[str, str], str]:
    """Return what is said of what differs or failed, by kind and name."""
    return {
        (one.kind.value, one.name): "; ".join(one.details)
        for one in report.entries
        if one.outcome in ("differs", "failed")
    }


def rows_of(state: State) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that a state database holds."""
    with state.read() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for name, table in metadata.tables.items()
        }


def cents(report: BillReport) -> dict[tuple[str, datetime], list[tuple[Any, ...]]]:
    """Return the lines of a run's drafts, to the cent, by subscription and closing."""
    assert report.blocked == ()
    return {
        (draft.subscription_external_id, draft.closing_at): sorted(
            (line.kind, line.charge_code or "", line.metric_code or "", line.description,
             line.quantity, line.amount_cents)
            for line in draft.lines
        )
        for draft in report.drafts
    }  # fmt: skip


def sell(roof: Roof) -> None:
    """Create metrics, five plans, and customers with subscriptions of every sort, in January."""
    ids = {}
    for code, members in METRICS.items():
        body = {"name": code.title(), "code": code, **members}
        ids[code] = roof.post("/billable_metrics", {"billable_metric": body})["billable_metric"][
            "lago_id"
        ]
    charges = _charges(ids)
    a_plan(roof, "team", charges, amount_cents=4_999)
    a_plan(roof, "crew", charges[:2], amount_cents=9_901, minimum_commitment={
        "amount_cents": 20_007, "invoice_display_name": "At least",
    })  # fmt: skip
    a_plan(roof, "solo", charges[:1], amount_cents=1_001)
    a_plan(roof, "ahead", charges[1:2], amount_cents=3_103, pay_in_advance=True, trial_period=3)
    a_plan(
        roof, "year", charges[:1], amount_cents=120_017, interval="yearly",
        bill_charges_monthly=True,
    )  # fmt: skip
    for name, timezone in (("acme", None), ("tokyo", "Asia/Tokyo")):
        roof.post("/customers", {"customer": {
            "external_id": name, "name": name.title(), "timezone": timezone, "country": "CA",
            "email": "a@b.ca, c@d.ca", "metadata": [],
        }})  # fmt: skip
    start(roof, "steady", "team", name="Steady")
    start(roof, "tokyo-day", "crew", "tokyo", billing_time="anniversary",
          subscription_at="2026-01-10T03:00:00Z")  # fmt: skip
    start(roof, "trial", "ahead")
    start(roof, "long", "year")
    start(roof, "up", "solo")
    start(roof, "down", "crew")
    start(roof, "gone", "team")
    start(roof, "ended", "team")
    start(roof, "backdated", "solo", subscription_at="2025-11-20T12:00:00Z")
    start(roof, "own", "team", plan_overrides={
        "amount_cents": 777, "charges": [{
            "id": _charge_id(roof, "team", "tokens"), "properties": {"amount": "0.0123456789"},
        }],
    })  # fmt: skip
    start(roof, "later", "solo", subscription_at=LATER.isoformat())


def change(roof: Roof) -> None:
    """In the middle of February: an upgrade, a planned downgrade, an end."""
    start(roof, "up", "crew")
    start(roof, "down", "solo")
    delete(roof, "/subscriptions/gone")


def use(roof: Roof, name: str, begins_at: datetime, subscriptions: Sequence[str]) -> None:
    """Use something of everything, from a day after an instant on."""
    events = []
    for subscription, number in ((each, n) for each in subscriptions for n in range(4)):
        at = begins_at + timedelta(days=1 + 3 * number)
        model = ("large", "small", "other")[number % 3]
        used = {
            "tokens": {"tokens": f"{4 + number}.123456789012", "model": model},
            "calls": {"team": "ab"[number % 2]},
            "seats": {"seat": f"{name}-{number}"},
            "disk": {"gb": 7 - 2 * number},
            "peak": {"peak": f"{number * 3}.25"},
            "minutes": {"seconds": 10 + number},
        }
        key = f"{name}-{subscription}-{number}"
        events += [an_event(subscription, f"{key}-{code}", at, code, used[code]) for code in used]
    roof.post("/usage/events", {"events": events})


def push(
    roof: Roof, subscription: str, name: str, at: datetime, code: str, properties: object
) -> None:
    """Push one event, its time to the millisecond."""
    roof.post("/events", {"event": an_event(subscription, name, at, code, properties)})


def an_event(
    subscription: str, name: str, at: datetime, code: str, properties: object
) -> dict[str, object]:
    """Return one event, its time to the millisecond."""
    return {
        "transaction_id": name, "external_subscription_id": subscription, "code": code,
        "timestamp": f"{int(at.timestamp())}.125", "properties": properties,
    }  # fmt: skip


def start(
    roof: Roof, external_id: str, plan: str, customer: str = "acme", **changed: object
) -> None:
    """Subscribe a customer to a plan, from now on."""
    order = {"external_customer_id": customer, "plan_code": plan, "external_id": external_id}
    roof.post("/subscriptions", {"subscription": order | changed})


def delete(roof: Roof, path: str) -> None:
    """Delete by path."""
    answer = roof.client.delete(f"/api/v1{path}", headers=roof.headers)
    assert answer.status_code == 200, answer.text


def a_plan(roof: Roof, code: str, charges: Sequence[Mapping[str, Any]], **changed: object) -> None:
    """Create a monthly plan."""
    plan = {
        "name": code.title(), "code": code, "interval": "monthly", "amount_currency": "CAD",
        "charges": list(charges),
    }  # fmt: skip
    roof.post("/plans", {"plan": plan | changed})


def _charge_id(roof: Roof, plan: str, code: str) -> str:
    charges = roof.get(f"/plans/{plan}")["plan"]["charges"]
    return str(next(one["lago_id"] for one in charges if one["code"] == code))


def _charges(ids: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "billable_metric_id": ids["tokens"], "charge_model": "standard",
            "properties": {"amount": "0.333333333333"},
            "filters": [{
                "values": {"model": ["large"]}, "properties": {"amount": "0.07"},
                "invoice_display_name": "Large",
            }],
        },
        {
            "billable_metric_id": ids["calls"], "charge_model": "graduated",
            "properties": {"pricing_group_keys": ["team"], "graduated_ranges": [
                {"from_value": 0, "to_value": 2, "per_unit_amount": "1.5", "flat_amount": "1"},
                {"from_value": 3, "to_value": None, "per_unit_amount": "0.1", "flat_amount": "0"},
            ]},
        },
        {
            "billable_metric_id": ids["seats"], "charge_model": "standard", "prorated": True,
            "properties": {"amount": "31"},
        },
        {
            "billable_metric_id": ids["disk"], "charge_model": "standard",
            "properties": {"amount": "2.5"}, "min_amount_cents": 5_000,
        },
        {
            "billable_metric_id": ids["peak"], "charge_model": "package",
            "properties": {"amount": "3", "package_size": 10, "free_units": 5},
        },
        {
            "billable_metric_id": ids["minutes"], "charge_model": "percentage",
            "properties": {"rate": "1.25", "fixed_amount": "0.05", "free_units_per_events": 1},
            "invoice_display_name": "Talk",
        },
    ]  # fmt: skip

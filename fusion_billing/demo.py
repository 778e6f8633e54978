"""Builds the demo: writes the demo world into an empty house and bills it month by month.

Everything goes the way real usage goes: pushes, inbox, lake, bill run, cost file.
"""

import csv
import io
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from catalog.accounts import Account
from catalog.billable_metrics import BillableMetric
from catalog.exact_json import JsonObject
from catalog.lago_shapes.billable_metrics import from_lago_new_metric
from catalog.lago_shapes.plans import from_lago_new_plan
from catalog.plans import Plan
from catalog.services import TIMEZONE_DEFAULT, Service
from catalog.store import accounts, api_keys, billable_metrics, plans, services, subscriptions
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from dashboards.costs.importing import CostImport, import_costs
from fusion_billing.billing import bill_services
from fusion_billing.demo_world import (
    SERVICES,
    DemoClient,
    DemoMetric,
    DemoService,
    demo_clients,
    demo_events,
    months_until,
)
from fusion_billing.house import House
from ingest.inbox_body import events_body
from ingest.push import Door, push_of
from ingest.usage_event import event_from_lago
from storage.lake_tables import RATED_LINE

ZONE = ZoneInfo(TIMEZONE_DEFAULT)
EVENTS_PER_PUSH = 500
CENT = Decimal("0.01")
FOCUS_COLUMNS = (
    "BilledCost", "EffectiveCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd",
    "ChargeCategory", "ChargeDescription", "ProviderName", "ServiceName", "x_fc_service",
    "x_fc_account", "x_fc_metric",
)  # fmt: skip
Progress = Callable[[str, int, int], None]


def is_begun(house: House) -> bool:
    """Say whether the demo's services are there, be the rest of it built or not."""
    with house.state.read() as connection:
        return services.find_service(connection, SERVICES[-1].code) is not None


def build_demo(house: House, *, at: datetime, progress: Progress) -> dict[str, str]:
    """Fill the house with fourteen months that end with the month of `at`; return API keys.

    `progress` is told (what, done, of how many) after each step.
    """
    today = at.astimezone(ZONE).date()
    months = months_until(today)
    clients = demo_clients(months)
    keys = {
        service.code: _create_service(house, service, clients, months[0]) for service in SERVICES
    }
    for number, month in enumerate(months, start=1):
        last = min(_next_month(month) - timedelta(days=1), today - timedelta(days=1))
        _push_month(house, clients, month, last, at)
        closed_at = _midnight(_next_month(month))
        if closed_at <= at:
            bill_services(house, at=closed_at)
        progress("months", number, len(months))
    _import_costs(house, clients, months)
    return keys


def _create_service(house: House, demo: DemoService, clients: list[DemoClient], first: date) -> str:
    opened_at = _midnight(first)
    service = Service(_new_id(), demo.code, demo.name, TIMEZONE_DEFAULT, "CAD", opened_at)
    with house.state.write() as connection:
        services.add_service(connection, service)
        _, key = api_keys.create_key(connection, demo.code, house.pepper, opened_at)
        metrics = {
            metric.code: billable_metrics.add_metric(
                connection, _metric(demo.code, metric, opened_at)
            )
            for metric in demo.metrics
        }
        plan = plans.add_plan(connection, _plan(demo, metrics, opened_at))
        for client in clients:
            if demo.code in client.services:
                account = accounts.add_account(connection, _account(demo, client))
                subscriptions.add_subscription(connection, _subscription(account, plan, client))
    return key


def _metric(service_code: str, metric: DemoMetric, at: datetime) -> BillableMetric:
    given: JsonObject = {
        "name": metric.name,
        "code": metric.code,
        "aggregation_type": metric.aggregation_type,
        "field_name": metric.field_name,
    }
    return from_lago_new_metric(given, service_code, _new_id(), at)


def _plan(demo: DemoService, metrics: Mapping[str, BillableMetric], at: datetime) -> Plan:
    charges = [
        {
            "billable_metric_id": metrics[code].id,
            "charge_model": model,
            "properties": properties,
            "invoice_display_name": metrics[code].name,
        }
        for code, model, properties in demo.plan["charges"]  # type: ignore[attr-defined]
    ]
    given = {"interval": "monthly", "amount_currency": "CAD", **demo.plan, "charges": charges}
    by_id = {metric.id: metric for metric in metrics.values()}
    return from_lago_new_plan(given, demo.code, by_id, at, _new_id)  # type: ignore[arg-type]


def _account(demo: DemoService, client: DemoClient) -> Account:
    started_at = _midnight(client.starts)
    return Account(
        id=_new_id(),
        service_code=demo.code,
        external_id=f"client-{client.number:02d}",
        created_at=started_at,
        updated_at=started_at,
        name=client.name,
        email=client.email,
        country="CA",
        state=client.province,
        currency="CAD",
    )


def _subscription(account: Account, plan: Plan, client: DemoClient) -> Subscription:
    started_at = _midnight(client.starts)
    return Subscription(
        id=_new_id(),
        service_code=account.service_code,
        external_id=f"{account.service_code}-{client.number:02d}",
        account_id=account.id,
        account_external_id=account.external_id,
        plan_id=plan.id,
        plan_code=plan.code,
        status=SubscriptionStatus.ACTIVE,
        billing_time=BillingTime.CALENDAR,
        subscription_at=started_at,
        created_at=started_at,
        started_at=started_at,
    )


def _push_month(
    house: House, clients: list[DemoClient], first: date, last: date, at: datetime
) -> None:
    received_s = int(min(_midnight(last + timedelta(days=1)), at).timestamp())
    for service in SERVICES:
        events = [
            event_from_lago(raw)
            for client in clients
            if service.code in client.services
            for raw in demo_events(service, client, first, last)
        ]
        for start in range(0, len(events), EVENTS_PER_PUSH):
            part = events[start : start + EVENTS_PER_PUSH]
            push = push_of(service.code, part, events_body(part), Door.EVENTS, received_s)
            house.committer.submit(push)


def _import_costs(house: House, clients: list[DemoClient], months: list[date]) -> CostImport:
    """Write the providers' bills as one FOCUS file and import it as anyone would."""
    text = io.StringIO()
    writer = csv.DictWriter(text, FOCUS_COLUMNS)
    writer.writeheader()
    writer.writerows(_cost_rows(house, {client.number: client for client in clients}, months))
    (house.settings.data_dir / "demo-costs.csv").write_text(text.getvalue())
    return import_costs(house.lake, text.getvalue().encode(), {})


def _cost_rows(
    house: House, clients: Mapping[int, DemoClient], months: list[date]
) -> Iterator[dict[str, str]]:
    rated = house.lake.scan(RATED_LINE).collect()
    lines = rated.sort("month", "service", "account_id", "kind", "metric_code")
    services_by_code = {service.code: service for service in SERVICES}
    for line in lines.iter_rows(named=True):
        demo = services_by_code[line["service"]]
        client = clients[int(line["account_id"].removeprefix("client-"))]
        unit_cost = dict(demo.unit_cost).get(line["metric_code"])
        if line["kind"] == "plan_fee":
            amount = Decimal(demo.fixed_cost_cents) / 100
        elif unit_cost is None:
            continue
        else:
            amount = line["quantity"] * unit_cost * client.cost_percent / 100
        owner = {"x_fc_account": line["account_id"], "x_fc_metric": line["metric_code"] or ""}
        yield _cost_row(demo, line["month"], amount, line["metric_code"] or "base") | owner
    for month in months[:-1]:
        for demo in SERVICES:
            shared = replace(demo, provider="Example Network")
            yield _cost_row(shared, month, Decimal(85), "shared network")
        yield _cost_row(replace(SERVICES[0], code=""), month, Decimal("41.37"), "support plan")


def _cost_row(demo: DemoService, month: date, amount: Decimal, what: str) -> dict[str, str]:
    cost = str(amount.quantize(CENT / 10_000))
    return {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "BillingCurrency": "CAD",
        "ChargePeriodStart": _midnight(month).strftime("%Y-%m-%d %H:%M:%S"),
        "ChargePeriodEnd": _midnight(_next_month(month)).strftime("%Y-%m-%d %H:%M:%S"),
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{demo.provider}: {what}",
        "ProviderName": demo.provider,
        "ServiceName": demo.provider,
        "x_fc_service": demo.code,
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZONE).astimezone(UTC)


def _next_month(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def _new_id() -> str:
    return str(uuid.uuid4())

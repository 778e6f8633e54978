"""The demo's world: four services, forty clients and what they used, the same every time. Pure.

Numbers come from a seeded generator; money and quantities are integers or decimals, never float.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

MONTHS_COUNT = 14
CLIENTS_COUNT = 40
CLIENTS_FROM_THE_START = 28
LOSS_EVERY = 9
SEED = 20_260_101
PROVINCES = ("ON", "ON", "ON", "QC", "BC", "AB", "NS", "MB")
NAMES_FIRST = (
    "Maple", "Harbour", "Northern", "Cedar", "Granite", "Prairie", "Laurentian", "Tidewater",
    "Boreal", "Summit",
)  # fmt: skip
NAMES_LAST = ("Logistics", "Clinics", "Foods", "Robotics")


@dataclass(frozen=True, slots=True)
class DemoMetric:
    """One billable metric of a demo service, and how its daily pushes look."""

    code: str
    name: str
    aggregation_type: str
    field_name: str
    daily_units: int
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class DemoService:
    """One demo service: metrics, one plan in Lago's words, and its provider's unit costs."""

    code: str
    name: str
    share_percent: int
    metrics: tuple[DemoMetric, ...]
    plan: dict[str, object]
    provider: str
    fixed_cost_cents: int
    unit_cost: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class DemoClient:
    """One client: which services it uses, how much of them, and what it costs."""

    number: int
    name: str
    email: str
    province: str
    services: tuple[str, ...]
    size_percent: int
    cost_percent: int
    starts: date


def _tiers(*rows: tuple[int, int | None, str]) -> list[dict[str, object]]:
    return [
        {"from_value": first, "to_value": last, "per_unit_amount": price, "flat_amount": "0"}
        for first, last, price in rows
    ]


SERVICES = (
    DemoService(
        code="nexacloud",
        name="NexaCloud hosting",
        share_percent=45,
        metrics=(
            DemoMetric("vcpu_hours", "vCPU hours", "sum_agg", "hours", 96, decimals=2),
            DemoMetric("storage_gb", "Storage GB (peak)", "max_agg", "gigabytes", 400),
            DemoMetric("egress_gb", "Egress GB", "sum_agg", "gigabytes", 60),
        ),
        plan={
            "code": "cloud_business", "name": "NexaCloud Business", "amount_cents": 14_900,
            "charges": [
                ("vcpu_hours", "standard", {"amount": "0.031", "included_quota": "744"}),
                ("storage_gb", "volume", {"volume_ranges": _tiers(
                    (0, 500, "0.09"), (501, 2000, "0.07"), (2001, None, "0.05"))}),
                ("egress_gb", "graduated", {"included_quota": "500", "graduated_ranges": _tiers(
                    (0, 1000, "0.08"), (1001, None, "0.05"))}),
            ],
        },
        provider="Example Metal",
        fixed_cost_cents=5_200,
        unit_cost=(("vcpu_hours", Decimal("0.0174")), ("egress_gb", Decimal("0.021"))),
    ),
    DemoService(
        code="nexadesk",
        name="NexaDesk chat",
        share_percent=55,
        metrics=(
            DemoMetric("conversations", "Conversations", "sum_agg", "conversations", 42),
            DemoMetric("ai_tokens", "AI tokens", "sum_agg", "tokens", 61_000),
            DemoMetric("agents", "Active agents", "unique_count_agg", "agent_id", 1),
        ),
        plan={
            "code": "desk_team", "name": "NexaDesk Team", "amount_cents": 7_900,
            "charges": [
                ("conversations", "graduated", {
                    "included_quota": "500",
                    "graduated_ranges": _tiers((0, 1000, "0.12"), (1001, None, "0.08"))}),
                ("ai_tokens", "package", {
                    "amount": "1.50", "package_size": 100_000, "free_units": 500_000}),
                ("agents", "standard", {"amount": "18.00", "included_quota": "3"}),
            ],
        },
        provider="Example AI",
        fixed_cost_cents=1_900,
        unit_cost=(("ai_tokens", Decimal("0.00000412")), ("conversations", Decimal("0.0085"))),
    ),
    DemoService(
        code="nexamaps",
        name="NexaMaps API",
        share_percent=40,
        metrics=(
            DemoMetric("map_loads", "Map loads", "sum_agg", "loads", 1_900),
            DemoMetric("geocodes", "Geocoding requests", "sum_agg", "requests", 700),
        ),
        plan={
            "code": "maps_growth", "name": "NexaMaps Growth", "amount_cents": 4_900,
            "charges": [
                ("map_loads", "graduated", {
                    "included_quota": "25000",
                    "graduated_ranges": _tiers((0, 50_000, "0.0042"), (50_001, None, "0.0031"))}),
                ("geocodes", "standard", {"amount": "0.0035", "included_quota": "5000"}),
            ],
        },
        provider="Example Maps",
        fixed_cost_cents=600,
        unit_cost=(("map_loads", Decimal("0.00228")), ("geocodes", Decimal("0.0019"))),
    ),
    DemoService(
        code="memberships",
        name="Memberships",
        share_percent=50,
        metrics=(),
        plan={
            "code": "member_annual_dues", "name": "Professional membership",
            "amount_cents": 2_500, "charges": [],
        },
        provider="Example Mail",
        fixed_cost_cents=140,
        unit_cost=(),
    ),
)  # fmt: skip


def months_until(last: date) -> list[date]:
    """Return the first days of the fourteen months that end with the month of `last`."""
    months = [last.replace(day=1)]
    while len(months) < MONTHS_COUNT:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    return months


def demo_clients(months: list[date]) -> list[DemoClient]:
    """Return the forty clients; every fifth uses all services, a few cost more than they pay."""
    chance = random.Random(SEED)  # noqa: S311 - a demo must be the same every time
    clients = []
    for number in range(CLIENTS_COUNT):
        name = f"{NAMES_FIRST[number % 10]} {NAMES_LAST[number // 10]}"
        chosen = tuple(
            service.code
            for service in SERVICES
            if number % 5 == 0 or chance.randrange(100) < service.share_percent
        )
        clients.append(
            DemoClient(
                number=number,
                name=name,
                email=f"billing@{name.lower().replace(' ', '-')}.example",
                province=PROVINCES[number % len(PROVINCES)],
                services=chosen or (SERVICES[number % 4].code,),
                size_percent=chance.choice((30, 60, 100, 100, 180, 320)),
                cost_percent=330 if number % LOSS_EVERY == 0 else chance.choice((80, 95, 110)),
                starts=months[0] if number < CLIENTS_FROM_THE_START else months[number % 9 + 1],
            )
        )
    return clients


def demo_events(
    service: DemoService, client: DemoClient, first: date, last: date
) -> Iterator[dict[str, object]]:
    """Yield one day's push for each metric, from day `first` to `last`, in Lago's words."""
    for metric in service.metrics:
        chance = random.Random(f"{SEED}/{client.number}/{metric.code}/{first}")  # noqa: S311
        day = max(first, client.starts)
        while day <= last:
            yield _event(service, client, metric, day, chance)
            day += timedelta(days=1)


def _event(
    service: DemoService,
    client: DemoClient,
    metric: DemoMetric,
    day: date,
    chance: random.Random,
) -> dict[str, object]:
    weekday_percent = 55 if day.weekday() >= 5 else 100  # noqa: PLR2004 - Saturday and Sunday
    percent = client.size_percent * weekday_percent * chance.randrange(80, 121)
    units = Decimal(metric.daily_units * percent) / 1_000_000
    value = str(units.quantize(Decimal(1).scaleb(-metric.decimals)))
    if metric.aggregation_type == "unique_count_agg":
        value = f"agent-{chance.randrange(2 + client.size_percent // 30)}"
    noon = datetime(day.year, day.month, day.day, 17, tzinfo=UTC)
    return {
        "transaction_id": f"{metric.code}-{day.isoformat()}",
        "external_subscription_id": f"{service.code}-{client.number:02d}",
        "code": metric.code,
        "timestamp": int(noon.timestamp()),
        "properties": {metric.field_name: value},
    }

"""The world of a usage vector in Lago's words: metric, plan, customer, subscription, events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.lago_vectors.reading import Vector, instant

TICK = timedelta(microseconds=1)
ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)
# The length of a whole period tells the interval, and how many months it has.
INTERVALS = (
    (7, "weekly", 0), (31, "monthly", 1), (92, "quarterly", 3), (184, "semiannual", 6),
    (366, "yearly", 12),
)  # fmt: skip
CURRENCY = "EUR"
METRIC_CODE = "metric"
PLAN_CODE = "plan"
CUSTOMER = "customer"
SUBSCRIPTION = "subscription"
CARRIED_IN = "carried in"


@dataclass(frozen=True, slots=True)
class World:
    """Bodies of the requests that make a vector's world, and when they are made."""

    metric: dict[str, Any]
    plan: dict[str, Any]
    customer: dict[str, Any]
    subscription: dict[str, Any]
    events: list[dict[str, Any]]
    begins_at: datetime
    asked_at: datetime


def vector_world(vector: Vector) -> World:
    """Return the world of a vector; its subscription begins early enough for every event."""
    period, metric = vector["period"], vector["metric"]
    zone = ZoneInfo(period["timezone"])
    interval, months = _interval(period["charges_duration_days"])
    events = _events(vector)
    begins_at = _begins_at(vector, events, zone, months)
    next_day = (instant(period["to"]) + TICK).astimezone(zone).date()
    return World(
        metric={
            "name": METRIC_CODE,
            "code": METRIC_CODE,
            **{name: value for name, value in metric.items() if name != "filters"},
            "filters": _metric_filters(metric.get("filters", {})),
        },
        plan={
            "name": PLAN_CODE,
            "code": PLAN_CODE,
            "interval": interval,
            "amount_cents": 0,
            "amount_currency": CURRENCY,
            "pay_in_advance": False,
        },
        customer={"external_id": CUSTOMER, "timezone": period["timezone"], "currency": CURRENCY},
        subscription={
            "external_customer_id": CUSTOMER,
            "plan_code": PLAN_CODE,
            "external_id": SUBSCRIPTION,
            "billing_time": "calendar" if _is_calendar(next_day, months) else "anniversary",
            "subscription_at": begins_at.isoformat(),
        },
        events=events,
        begins_at=begins_at,
        asked_at=instant(period["to"]),
    )


def vector_charge(vector: Vector, metric_id: str) -> dict[str, Any]:
    """Return the charge of a vector in Lago's words."""
    charge = vector["charge"]
    return {
        "billable_metric_id": metric_id,
        "charge_model": charge["model"],
        "properties": charge["properties"],
        "prorated": bool(charge.get("prorated")),
        "filters": [
            {"values": each["values"], "properties": each["properties"]}
            for each in charge.get("filters", [])
        ],
    }


def _metric_filters(filters: Mapping[str, list[str]]) -> list[dict[str, object]]:
    return [{"key": key, "values": values} for key, values in filters.items()]


def _interval(days: int) -> tuple[str, int]:
    """Return the interval whose periods have so many days, and its months."""
    return next((name, months) for top, name, months in INTERVALS if days <= top)


def _events(vector: Vector) -> list[dict[str, Any]]:
    """Return the events as they are pushed; a level carried in is one more, before the period."""
    field, carried = vector["metric"].get("field_name"), vector.get("initial_value")
    given = list(vector["events"])
    if carried is not None:
        before = instant(vector["period"]["from"]) - ONE_SECOND
        given.insert(0, {"timestamp": before.isoformat(), "properties": {field: carried}})
    return [
        {
            "transaction_id": f"event-{number}",
            "code": METRIC_CODE,
            "external_subscription_id": SUBSCRIPTION,
            "timestamp": _epoch_seconds(instant(event["timestamp"])),
            "properties": _jsonable(event["properties"]),
            "precise_total_amount_cents": event.get("precise_total_amount_cents"),
        }
        for number, event in enumerate(given)
    ]


def _epoch_seconds(at: datetime) -> str:
    """Return the seconds since the epoch as exact text."""
    return format(Decimal(str(at.timestamp())), "f")


def _jsonable(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Decimal) else value
        for name, value in properties.items()
    }


def _begins_at(
    vector: Vector, events: list[dict[str, Any]], zone: ZoneInfo, months: int
) -> datetime:
    """Return when the subscription begins: with the period, or whole periods before."""
    start = instant(vector["period"]["from"])
    first = min((Decimal(event["timestamp"]) for event in events), default=Decimal(0))
    begins_at, number = start, 0
    while events and Decimal(str(begins_at.timestamp())) > first:
        number += 1
        day = _periods_before(start.astimezone(zone).date(), number, months)
        begins_at = datetime.combine(day, time(), tzinfo=zone)
    return begins_at.astimezone(ZoneInfo("UTC"))


def _periods_before(day: date, number: int, months: int) -> date:
    if not months:
        return day - number * 7 * ONE_DAY
    year, month = divmod(day.year * 12 + day.month - 1 - number * months, 12)
    return day.replace(year=year, month=month + 1)


def _is_calendar(next_day: date, months: int) -> bool:
    """Say whether a calendar period begins on a day."""
    if not months:
        return next_day.weekday() == 0
    return next_day.day == 1 and (next_day.month - 1) % months == 0

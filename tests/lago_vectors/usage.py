"""Vectors of usage: a whole world over HTTP, and what its current usage shows."""

from decimal import Decimal
from typing import Any

from tests.lago_vectors.reading import Computed, Vector
from tests.lago_vectors.served_house import ServedHouse, served_house
from tests.lago_vectors.usage_world import (
    CURRENCY,
    CUSTOMER,
    SUBSCRIPTION,
    World,
    vector_charge,
    vector_world,
)

BATCH_EVENTS_MAX = 100


def computed(vector: Vector) -> Computed:
    """Return the only charge of the current usage, asked at the end of the period."""
    world = vector_world(vector)
    timezone, tax_rate = vector["period"]["timezone"], Decimal(vector.get("tax_rate") or 0)
    with served_house(world.begins_at, timezone, CURRENCY, tax_rate) as house:
        _create(house, world, vector)
        house.advance(world.asked_at)
        _push(house, world.events)
        usage = house.get(
            f"/customers/{CUSTOMER}/current_usage", external_subscription_id=SUBSCRIPTION
        )["customer_usage"]
    charge = usage["charges_usage"][0]
    return {
        **charge,
        "groups": [
            {**group, "groups": group["grouped_by"]} for group in charge.get("grouped_usage", [])
        ],
        "total_amount_cents": usage["total_amount_cents"],
        "from_datetime": usage["from_datetime"],
        "to_datetime": usage["to_datetime"],
    }


def _create(house: ServedHouse, world: World, vector: Vector) -> None:
    """Make everything but the usage."""
    metric = house.post("/billable_metrics", {"billable_metric": world.metric})["billable_metric"]
    charges = [vector_charge(vector, metric["lago_id"])]
    house.post("/plans", {"plan": {**world.plan, "charges": charges}})
    house.post("/customers", {"customer": world.customer})
    house.post("/subscriptions", {"subscription": world.subscription})


def _push(house: ServedHouse, events: list[dict[str, Any]]) -> None:
    for first in range(0, len(events), BATCH_EVENTS_MAX):
        house.post("/events/batch", {"events": events[first : first + BATCH_EVENTS_MAX]})

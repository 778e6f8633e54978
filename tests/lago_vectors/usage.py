"""Vectors of usage: a whole world over HTTP, and what its current usage shows."""

from typing import Any

from tests.lago_vectors.reading import Computed, Vector
from tests.lago_vectors.served_house import Refused, ServedHouse, served_house
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
    with served_house(world.begins_at, vector["period"]["timezone"], CURRENCY) as house:
        tax_refusal = _create(house, world, vector)
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
        "total_amount_cents": tax_refusal or usage["total_amount_cents"],
        "from_datetime": usage["from_datetime"],
        "to_datetime": usage["to_datetime"],
    }


def _create(house: ServedHouse, world: World, vector: Vector) -> str | None:
    """Make everything but the usage; return why there is no tax, where one was wanted."""
    refusal = _tax_refusal(house, vector.get("tax_rate"))
    metric = house.post("/billable_metrics", {"billable_metric": world.metric})["billable_metric"]
    charges = [vector_charge(vector, metric["lago_id"])]
    house.post("/plans", {"plan": {**world.plan, "charges": charges}})
    house.post("/customers", {"customer": world.customer})
    house.post("/subscriptions", {"subscription": world.subscription})
    return refusal


def _tax_refusal(house: ServedHouse, rate: str | None) -> str | None:
    """Create the tax of the organization; return the refusal, which the comparison shows."""
    if rate is None:
        return None
    tax = {"name": "Tax", "code": "tax", "rate": rate, "applied_to_organization": True}
    try:
        house.post("/taxes", {"tax": tax})
    except Refused as refusal:
        return f"no tax: {refusal}"
    return None


def _push(house: ServedHouse, events: list[dict[str, Any]]) -> None:
    for first in range(0, len(events), BATCH_EVENTS_MAX):
        house.post("/events/batch", {"events": events[first : first + BATCH_EVENTS_MAX]})

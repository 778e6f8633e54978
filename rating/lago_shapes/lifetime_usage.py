"""Lifetime usage as Lago's clients read it. Pure."""

from catalog.lago_shapes.times import iso_seconds
from rating.answers.lifetime_usage import LifetimeUsage


def to_lago_lifetime_usage(usage: LifetimeUsage) -> dict[str, object]:
    """Return the lifetime usage object; usage of a time before ours is never known: 0."""
    return {
        "lago_id": usage.id,
        "lago_subscription_id": usage.subscription.id,
        "external_subscription_id": usage.subscription.external_id,
        "external_historical_usage_amount_cents": 0,
        "invoiced_usage_amount_cents": usage.invoiced_cents,
        "current_usage_amount_cents": usage.current_cents,
        "from_datetime": iso_seconds(usage.subscription.subscription_at),
        "to_datetime": iso_seconds(usage.at),
    }

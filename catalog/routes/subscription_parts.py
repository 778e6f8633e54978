"""What the routes of a subscription share: the states asked for."""

from typing import Annotated

from fastapi import Depends, Request

from catalog.errors import ValidationFailed
from catalog.http import at_once, query_values
from catalog.subscriptions import SubscriptionStatus

# Lago has one more state, of a feature that is not here: asking for it finds nothing.
NO_STATUS = "incomplete"


def statuses(request: Request) -> list[SubscriptionStatus]:
    """Return the states asked for (`status`, `status[]`), active ones when none is named.

    Under a subscription Lago also takes the name `subscription_status`.
    """
    names = query_values(request, "subscription_status") or query_values(request, "status")
    try:
        asked = [SubscriptionStatus(name) for name in names if name != NO_STATUS]
    except ValueError as error:
        raise ValidationFailed({"status": ["value_is_invalid"]}) from error
    return asked if names else [SubscriptionStatus.ACTIVE]


Statuses = Annotated[list[SubscriptionStatus], Depends(at_once(statuses))]

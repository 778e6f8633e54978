"""What an order of a subscription asks for, read from Lago's shape."""

from datetime import UTC, datetime

import pytest

from catalog.exact_json import JsonObject
from catalog.lago_shapes.subscriptions import from_lago_subscription

ORDER: JsonObject = {
    "external_id": "acme-team", "external_customer_id": "acme", "plan_code": "team",
}  # fmt: skip


@pytest.mark.parametrize("microsecond", [0, 1, 383_371, 999_999])
def test_without_a_start_it_begins_with_the_second_it_came_in(microsecond: int) -> None:
    """Usage that tells no time has the second it came in: none of it is before such a start."""
    second = datetime(2026, 8, 20, 12, 0, 5, tzinfo=UTC)

    order = from_lago_subscription(ORDER, second.replace(microsecond=microsecond))

    assert order.subscription_at == second


def test_a_start_that_is_named_is_kept_exactly() -> None:
    """A named start keeps its milliseconds."""
    at = datetime(2026, 8, 20, 12, 0, 5, tzinfo=UTC)

    order = from_lago_subscription(ORDER | {"subscription_at": "2026-08-20T11:59:58.250Z"}, at)

    assert order.subscription_at == datetime(2026, 8, 20, 11, 59, 58, 250_000, tzinfo=UTC)

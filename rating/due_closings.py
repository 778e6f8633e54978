"""Which closings of a service's subscriptions are due and not billed. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from catalog.subscriptions import Subscription
from rating.closing import NOTHING_BILLED, Billed, Closing, closings
from rating.plan_fee import trial_ends_at
from rating.price_book import PriceBook


def due_closings(book: PriceBook, until: datetime, billed: Mapping[str, Billed]) -> list[Closing]:
    """Return the closings up to an instant that no draft bills, a subscription after another.

    `billed` tells by subscription id what drafts hold.
    """
    return [
        closing
        for subscription in book.subscriptions
        if subscription.started_at is not None
        for closing in _closings(
            book, subscription, until, billed.get(subscription.id, NOTHING_BILLED)
        )
    ]


def _closings(
    book: PriceBook, subscription: Subscription, until: datetime, billed: Billed
) -> Iterator[Closing]:
    plan = book.plan_until(subscription, until)
    return closings(
        subscription,
        plan,
        book.zone(subscription),
        until,
        billed,
        trial_ends_at=trial_ends_at(plan, book.first_started_at(subscription)),
    )

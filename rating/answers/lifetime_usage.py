"""Lifetime usage: what a subscription's usage has come to since it began, billed and not yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

import sqlalchemy as sa

from catalog.errors import NotFound
from catalog.services import Service
from catalog.store.subscriptions import find_subscription
from catalog.subscriptions import Subscription, SubscriptionStatus
from rating.answers.current_usage import UsageSources, charge_usages, window_quantities
from rating.billed_closing import unbilled_periods
from rating.charge_window import charge_windows
from rating.closing import NOTHING_BILLED, Billed
from rating.draft_store import billed_of
from rating.price_book import PriceBook
from rating.price_book_store import read_account_price_book
from rating.rated_line import RatedLine
from rating.verifying.known_lines import known_lines

LIFETIME_NAMESPACE = UUID("8f0d7a3e-5d0b-5b7c-9a51-2f9f6f1f4c35")
BEGUN = (SubscriptionStatus.ACTIVE, SubscriptionStatus.TERMINATED)


@dataclass(frozen=True, slots=True)
class LifetimeUsage:
    """Cents of usage under one external id, over all changes of plan, up to an instant."""

    subscription: Subscription
    invoiced_cents: int
    current_cents: int
    at: datetime

    @property
    def id(self) -> str:
        """Return an id that stays the same."""
        return str(uuid5(LIFETIME_NAMESPACE, self.subscription.id))


def lifetime_usage(
    sources: UsageSources, service: Service, subscription_external_id: str, *, at: datetime
) -> LifetimeUsage:
    """Return what was invoiced for usage, and what usage that is not billed costs now.

    It misses no acknowledged push. NotFound for a subscription that has not begun (Lago).
    """
    with sources.state.read() as connection:
        found = _begun(connection, service, subscription_external_id)
        book = read_account_price_book(
            connection, service, found.account_external_id, found.external_id
        )
        billed = billed_of(connection, service.code)
    lines = known_lines(sources.state, sources.lake, service.code, {found.external_id})
    return LifetimeUsage(
        subscription=found,
        invoiced_cents=sum(line.amount_cents for line in lines if _is_invoiced_usage(line)),
        current_cents=_current_cents(sources, book, billed, at),
        at=at,
    )


def _begun(connection: sa.Connection, service: Service, external_id: str) -> Subscription:
    """Return the active subscription under an external id, else the last one that ended."""
    for status in BEGUN:
        found = find_subscription(connection, service.code, external_id, (status,))
        if found is not None:
            return found
    raise NotFound("lifetime_usage")


def _is_invoiced_usage(line: RatedLine) -> bool:
    """Say whether an invoice carries a line for a charge: usage, its true-up, late usage."""
    return line.is_invoiceable and line.charge_code is not None


def _current_cents(
    sources: UsageSources,
    book: PriceBook,
    billed: Mapping[str, Billed],
    at: datetime,
) -> int:
    unbilled = [
        (plan, charge_windows(book, each, plan, period, zone))
        for each in book.subscriptions
        for period in unbilled_periods(book, each, at, billed.get(each.id, NOTHING_BILLED))
        for plan in [book.plan_until(each, min(at, period.usage_end))]
        for zone in [book.zone(each).key]
    ]
    windows = [window for _, own in unbilled for window in own]
    found = window_quantities(sources, book.service, book.subscriptions[0], windows)
    return sum(
        usage.amount_cents for plan, own in unbilled for usage in charge_usages(plan, own, found)
    )

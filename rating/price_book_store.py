"""The price book read from the state: of a whole service, or of one account."""

import sqlalchemy as sa

from catalog.services import Service
from catalog.store import accounts, billable_metrics, plans, subscriptions
from rating.price_book import PriceBook


def read_account_price_book(
    connection: sa.Connection,
    service: Service,
    account_external_id: str,
    subscription_external_id: str | None = None,
) -> PriceBook:
    """Read what decides the prices of one account; empty of accounts when there is none.

    An account may hold thousands of subscriptions: only those under an external id, if given.
    """
    known = accounts.accounts_with_external_id(connection, service.code, account_external_id)
    held = subscriptions.subscriptions_of(
        connection, service.code, known.keys(), subscription_external_id
    )
    return PriceBook(
        service=service,
        subscriptions=held,
        accounts=known,
        plans=plans.plan_versions(connection, service.code, {each.plan_id for each in held}),
        metrics=billable_metrics.metric_versions(connection, service.code),
    )


def read_price_book(connection: sa.Connection, service: Service) -> PriceBook:
    """Read a service's price book in one consistent view."""
    return PriceBook(
        service=service,
        subscriptions=subscriptions.subscriptions_of(connection, service.code),
        accounts=accounts.accounts_by_id(connection, service.code),
        plans=plans.plan_versions(connection, service.code),
        metrics=billable_metrics.metric_versions(connection, service.code),
    )

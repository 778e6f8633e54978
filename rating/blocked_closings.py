"""Closings that may not be billed, because two engines count their usage differently."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from rating.closing import Closing
from storage.tables import blocked_closing


@dataclass(frozen=True, slots=True)
class BlockedClosing:
    """One closing and what keeps it from being billed."""

    service_code: str
    subscription_id: str
    subscription_external_id: str
    closing_at: datetime
    problem: str


def blocked(closing: Closing, problem: str) -> BlockedClosing:
    """Return a closing as blocked."""
    subscription = closing.subscription
    return BlockedClosing(
        service_code=subscription.service_code,
        subscription_id=subscription.id,
        subscription_external_id=subscription.external_id,
        closing_at=closing.closing_at,
        problem=problem,
    )


def keep_blocked(
    connection: sa.Connection, service_code: str, found: Collection[BlockedClosing], at: datetime
) -> None:
    """Remember what this run could not bill, in place of what the last one could not."""
    of_service = blocked_closing.c.service_code == service_code
    connection.execute(sa.delete(blocked_closing).where(of_service))
    for each in found:
        connection.execute(
            sa.insert(blocked_closing).values(
                service_code=each.service_code,
                subscription_id=each.subscription_id,
                subscription_external_id=each.subscription_external_id,
                closing_at=each.closing_at,
                problem=each.problem,
                blocked_at=at,
            )
        )


def blocked_closings(connection: sa.Connection) -> Sequence[BlockedClosing]:
    """Return every closing that waits for somebody to find out which engine is wrong."""
    table = blocked_closing.c
    rows = connection.execute(
        sa.select(
            table.service_code,
            table.subscription_id,
            table.subscription_external_id,
            table.closing_at,
            table.problem,
        ).order_by(table.service_code, table.closing_at, table.subscription_id)
    )
    return [BlockedClosing(**row) for row in rows.mappings()]

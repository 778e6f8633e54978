"""A round of billing: what time brings to subscriptions, the bill run, and the way to Odoo."""

from datetime import datetime, timedelta

from catalog.store import services, subscriptions
from fusion_billing.house import House
from rating.bill_run import BillReport, bill


def bill_services(
    house: House,
    *,
    at: datetime,
    grace: timedelta = timedelta(0),
    service_code: str | None = None,
    dry_run: bool = False,
) -> list[BillReport]:
    """Start and end the subscriptions whose time has come, then bill each service's due periods."""
    with house.state.write() as connection:
        subscriptions.start_due_subscriptions(connection, at)
        subscriptions.end_due_subscriptions(connection, at)
        billed = [
            service
            for service in services.services(connection)
            if service_code in (None, service.code)
        ]
    return [
        bill(house.state, house.lake, house.flusher, service, at=at, grace=grace, dry_run=dry_run)
        for service in billed
    ]

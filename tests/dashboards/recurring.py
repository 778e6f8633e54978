"""Plan fees of the seeded subscriptions: who began when, at what price, and who left."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from catalog.plans import Plan, PlanInterval
from catalog.store.plan_bodies import plan_body
from storage import tables
from storage.state import State
from tests.dashboards.seed import ACCOUNTS, SERVICES

TORONTO = ZoneInfo("America/Toronto")
FEES = {"nexacloud": 499_00, "nexadesk": 299_00, "nexavoice": 1200_00}


@dataclass(frozen=True)
class Fee:
    """One version of a service's plan: a fee of an interval, in force from an instant."""

    service: str
    cents: int
    interval: PlanInterval = PlanInterval.MONTHLY
    valid_from: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    version: int = 1
    currency: str = "CAD"
    trial_days: int = 0
    plan_id: str = ""

    @property
    def plan(self) -> Plan:
        """Return the version of the plan."""
        return Plan(
            self.plan_id or f"plan-{self.service}", self.service, "pro", "Pro", self.interval,
            self.cents, self.currency, self.valid_from, self.valid_from, self.version,
            Decimal(self.trial_days),
        )  # fmt: skip


def seed_fees(state: State, fees: Iterable[Fee]) -> None:
    """Keep versions of plans."""
    with state.write() as connection:
        for fee in fees:
            connection.execute(
                tables.plan_version.insert().values(
                    plan_id=fee.plan.id, version=fee.version, valid_from=fee.valid_from,
                    body=plan_body(fee.plan),
                )
            )  # fmt: skip


def begin(state: State, service: str, account: str, **changed: object) -> None:
    """Say of a seeded subscription when it began, and what became of it."""
    own = tables.subscription.c
    with state.write() as connection:
        connection.execute(
            tables.subscription.update()
            .where(own.service_code == service, own.account_external_id == account)
            .values(**changed)
        )


def follow(state: State, service: str, account: str, **changed: object) -> None:
    """Add a subscription of an account beside its seeded one."""
    with state.write() as connection:
        own = tables.subscription.c
        kept = connection.execute(
            sa.select(tables.subscription).where(
                own.service_code == service, own.account_external_id == account
            )
        ).mappings().first()  # fmt: skip
        assert kept is not None
        connection.execute(
            tables.subscription.insert().values({**kept, "id": f"{kept['id']}-next", **changed})
        )


def seed_recurring(state: State) -> None:
    """Let all accounts begin month by month; one leaves and comes back, a price is raised."""
    seed_fees(state, [
        Fee("nexacloud", FEES["nexacloud"]),
        Fee("nexacloud", 549_00, valid_from=local(9, 15), version=2),
        Fee("nexadesk", FEES["nexadesk"]),
        Fee("nexavoice", FEES["nexavoice"], PlanInterval.YEARLY),
    ])  # fmt: skip
    for service in SERVICES:
        for place, account in enumerate(ACCOUNTS):
            begin(state, service, account, started_at=local(4 + place, 10))
    begin(state, "nexadesk", "acct-01", status="terminated", terminated_at=local(8, 20))
    follow(state, "nexadesk", "acct-01", started_at=local(10, 5), status="active",
           terminated_at=None)  # fmt: skip


def local(month: int, day: int) -> datetime:
    """Return midnight of a day of 2026 in Toronto, as UTC."""
    return datetime.combine(date(2026, month, day), datetime.min.time(), TORONTO).astimezone(UTC)

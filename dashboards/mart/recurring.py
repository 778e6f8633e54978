"""Plan fees that customers owe, since when and until when: read from subscriptions and plans."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from catalog.plans import Plan
from catalog.store.plans import plan_versions
from catalog.store.services import services
from dashboards.margin.figures import CURRENCY
from dashboards.margin.mrr import FeeSpan, monthly_fee
from rating.plan_fee import trial_ends_at
from storage.state import State
from storage.tables import plan_version, subscription

Row = sa.Row[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Recurring:
    """Fees of all services in CAD, their timezones, and subscriptions in other currencies."""

    spans: Sequence[FeeSpan]
    zones: Mapping[str, ZoneInfo]
    foreign: Mapping[tuple[str, str], int]

    @property
    def first_month(self) -> date | None:
        """Return the month in which the first fee began."""
        begun = [span.after.astimezone(self.zones[span.service]).date() for span in self.spans]
        return min(begun).replace(day=1) if begun else None


def read_recurring(state: State, known_at: datetime | None = None) -> Recurring:
    """Return the fees of all subscriptions that ever began; of a trial nothing is owed.

    Subscriptions that were made after `known_at` are left out: one can begin before it is made.
    """
    spans: list[FeeSpan] = []
    foreign: dict[tuple[str, str], int] = {}
    with state.read() as connection:
        known = services(connection)
        for service in known:
            rows = _subscriptions(connection, service.code, known_at)
            plans = plan_versions(connection, service.code, {row.plan_id for row in rows})
            starts: dict[str, datetime] = {}
            for row in rows:
                first = starts.setdefault(row.external_id, row.started_at)
                versions = plans[row.plan_id]
                currency = versions[-1].amount_currency
                if currency != CURRENCY:
                    key = (service.code, currency)
                    foreign[key] = foreign.get(key, 0) + 1
                spans += _spans(service.code, row, versions, first)
    zones = {service.code: ZoneInfo(service.timezone) for service in known}
    return Recurring(spans, zones, foreign)


def recurring_stamp(state: State) -> tuple[object, ...]:
    """Return a value that changes whenever a fee may be owed otherwise."""
    own = subscription.c
    newest = (own.created_at, own.started_at, own.ending_at, own.terminated_at, own.canceled_at)
    statuses = sa.select(own.status, sa.func.count(), *(sa.func.max(each) for each in newest))
    prices = sa.select(sa.func.count(), sa.func.max(plan_version.c.valid_from))
    with state.read() as connection:
        found = connection.execute(statuses.group_by(own.status).order_by(own.status))
        return (*(tuple(row) for row in found), tuple(connection.execute(prices).one()))


def _subscriptions(
    connection: sa.Connection, service_code: str, known_at: datetime | None
) -> Sequence[sa.Row]:  # type: ignore[type-arg]
    """Return the subscriptions that began, as far as they were known, the oldest first."""
    own = subscription.c
    asked = sa.select(
        own.external_id, own.account_external_id, own.plan_id, own.started_at, own.ending_at,
        own.terminated_at,
    ).where(own.service_code == service_code, own.started_at.is_not(None))  # fmt: skip
    if known_at is not None:
        asked = asked.where(own.created_at <= known_at)
    return connection.execute(asked.order_by(own.started_at, own.id)).all()


def _spans(
    service: str,
    row: sa.Row,  # type: ignore[type-arg]
    versions: Sequence[Plan],
    first_started_at: datetime,
) -> Iterator[FeeSpan]:
    """Yield a subscription's fee for as long as each version of its plan held."""
    ends: list[datetime] = [end for end in (row.terminated_at, row.ending_at) if end is not None]
    ended = min(ends, default=None)
    for plan, following in pairwise([*versions, None]):
        if plan is None or plan.amount_currency != CURRENCY or not plan.amount_cents:
            continue
        begins: list[datetime] = [row.started_at, trial_ends_at(plan, first_started_at)]
        if plan is not versions[0]:
            begins.append(plan.valid_from)
        untils = [] if ended is None else [ended]
        if following is not None:
            untils.append(following.valid_from)
        after, until = max(begins), min(untils, default=None)
        if until is None or after < until:
            yield FeeSpan(service, row.account_external_id, after, until, monthly_fee(plan))

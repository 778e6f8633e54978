"""A run over the orders of live services: what changed here is made so in Odoo, exactly once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from catalog.plans import Plan
from catalog.services import Service
from catalog.store.accounts import accounts_by_id
from catalog.store.plans import plan_versions
from catalog.store.subscriptions import subscriptions_of
from catalog.versions import version_in_force
from odoo_bridge.catalogue.keeping import plan_source
from odoo_bridge.catalogue.reading import provider_of
from odoo_bridge.clock.first_day import first_clock_day
from odoo_bridge.clock.owing import owed_of, waits_for
from odoo_bridge.company import company_of
from odoo_bridge.connection import OdooConnection
from odoo_bridge.external_ids import order_external_id
from odoo_bridge.faults import NeedsHuman, OdooFault, OurBug
from odoo_bridge.fields import refuse_missing_fields
from odoo_bridge.loading import resolved_id
from odoo_bridge.orders.edition import Edition, edition_of
from odoo_bridge.orders.order_store import (
    KeptOrder,
    OdooOrder,
    hold_order,
    intend,
    kept_orders,
    latest_closing,
    park_order,
    settle,
)
from odoo_bridge.orders.plan_product import order_product_id
from odoo_bridge.orders.settling import ORDER, closed_order, opened_order
from odoo_bridge.orders.wanted_order import Succession, WantedOrder, start_date, successions
from odoo_bridge.partners import partner_id_of
from storage.fault_points import reached
from storage.state import State

ORDERS_MAX_DEFAULT = 500
DECIDED_JUST_NOW = "waits: a fee was left to Odoo's own clock just now"


class Step(StrEnum):
    """What a run does to an order."""

    CREATE = "create"
    CHANGE = "change"
    CLOSE = "close"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class OrderReport:
    """One order that was touched, or would be; a problem says why it is not as wanted.

    One that waits is left as it is for now, as `told` says.
    """

    service_code: str
    subscription_external_id: str
    step: Step
    order: OdooOrder | None
    problem: str | None
    told: str = ""


@dataclass(frozen=True, slots=True)
class OrdersReport:
    """A whole run; `stopped_by` is why it ended early, `remaining` orders wait for the next."""

    orders: tuple[OrderReport, ...]
    remaining: int
    stopped_by: OdooFault | None
    dry_run: bool

    @property
    def has_problems(self) -> bool:
        """Say whether a person must look."""
        return self.stopped_by is not None or any(one.problem for one in self.orders)


@dataclass(frozen=True, slots=True)
class _Due:
    """One order that is not as wanted yet."""

    wanted: WantedOrder
    kept: KeptOrder | None
    template_id: int | None
    zone: ZoneInfo

    @property
    def known_order(self) -> OdooOrder | None:
        return self.kept.order if self.kept else None

    @property
    def step(self) -> Step:
        if self.wanted.is_closed:
            return Step.CLOSE
        return Step.CREATE if self.known_order is None else Step.CHANGE


def sync_orders(
    state: State,
    odoo: OdooConnection,
    services: Sequence[Service],
    *,
    at: datetime,
    limit: int = ORDERS_MAX_DEFAULT,
    dry_run: bool = False,
    recreate: bool = False,
) -> OrdersReport:
    """Make Odoo's orders what the subscriptions of live services are; settled ones cost no call.

    An order that people deleted is made anew with `recreate` only.
    """
    database = odoo.settings.database
    due: list[_Due] = []
    with state.read() as connection:
        for service in services:
            if service.is_live:
                due += _due(connection, database, service, at)
    chosen = due[:limit]
    if dry_run or not chosen:
        foreseen = tuple(_report(one, one.known_order, None) for one in chosen)
        return OrdersReport(foreseen, len(due) - len(chosen), None, dry_run)
    run = _Run(state, odoo, at, recreate=recreate)
    reports: list[OrderReport] = []
    stopped_by: OdooFault | None = None
    try:
        edition = run.begin()
        for one in chosen:
            reports.append(run.settled(one, edition))  # noqa: PERF401 - what was done is told, too, when a fault ends the run
    except OdooFault as fault:
        stopped_by = fault
    return OrdersReport(tuple(reports), len(due) - len(reports), stopped_by, dry_run=False)


def _due(
    connection: sa.Connection, database: str, service: Service, at: datetime
) -> Iterator[_Due]:
    """Yield the orders of a service that are not settled; of ended ones those that were made."""
    kept = kept_orders(connection, database, service.code)
    found = [
        one
        for one in successions(subscriptions_of(connection, service.code))
        if not one.is_closed or one.first.id in kept
    ]
    accounts = accounts_by_id(connection, service.code, {one.current.account_id for one in found})
    plan_ids = {one.current.plan_id for one in found}
    versions = plan_versions(connection, service.code, plan_ids)
    for one in found:
        plan = version_in_force(versions[one.current.plan_id], at)
        account = accounts[one.current.account_id]
        zone = account.zone(service)
        known = kept.get(one.first.id)
        # Of an order that was not there before, our own invoices billed what is over.
        after = None if known is not None and known.order is not None else at
        clock_from = _clock_from(one, plan, zone, after)
        wanted = WantedOrder(one, plan, account, start_date(one, zone), clock_from)
        if known is None or known.settled_as != wanted.settled_as:
            source = plan_source(connection, provider_of(database), service.code, plan.code)
            yield _Due(wanted, known, None if source is None else int(source), zone)


def _clock_from(one: Succession, plan: Plan, zone: ZoneInfo, after: datetime | None) -> date:
    begun = one.first.started_at or one.first.subscription_at
    return first_clock_day(one.current, plan, zone, first_started_at=begun, after=after)


def _past_drafts(connection: sa.Connection, due: _Due, at: datetime) -> _Due:
    """Return a new order's clock held past every closing that has a draft by now.

    Such a draft may have been sent while there was no order to ask: its fee is ours. Drafts that
    are made from now on find the intended order, and wait for it.
    """
    latest = latest_closing(connection, due.wanted)
    if due.known_order is not None or latest is None or latest <= at:
        return due
    clock_from = _clock_from(due.wanted.succession, due.wanted.plan, due.zone, latest)
    return replace(due, wanted=replace(due.wanted, clock_from=clock_from))


class _Run:
    """One run: what was looked up for several orders."""

    def __init__(self, state: State, odoo: OdooConnection, at: datetime, *, recreate: bool) -> None:
        self._state = state
        self._odoo = odoo
        self._at = at
        self._recreate = recreate
        self._product_ids: dict[tuple[str, str], int] = {}

    def begin(self) -> Edition:
        """Refuse an Odoo that is not ready, and see what it is."""
        refuse_missing_fields(self._odoo)
        return edition_of(self._odoo, company_of(self._odoo).currency)

    def settled(self, due: _Due, edition: Edition) -> OrderReport:
        """Settle one order, or park it with the reason; the others go on."""
        waits = self._waits(due)
        if waits:
            return replace(_report(due, due.known_order, None), step=Step.WAIT, told=waits)
        with self._state.read() as connection:
            due = _past_drafts(connection, due, self._at)
        database, wanted = self._odoo.settings.database, due.wanted
        reached("odoo.order.intended")
        try:
            order = self._in_odoo(due, edition)
        except (NeedsHuman, OurBug) as fault:
            words = fault.words if isinstance(fault, NeedsHuman) else str(fault)
            with self._state.write() as connection:
                park_order(connection, database, wanted, words, self._at)
            return _report(due, due.known_order, words)
        with self._state.write() as connection:
            settle(connection, database, wanted, order, self._at)
            reached("odoo.order.written")
        return _report(due, order, None)

    def _waits(self, due: _Due) -> str:
        """Take an order in hand, or return for what it waits: a fee that its clock is to bill.

        Whoever decides on a fee looks whether the order is in hand, so none is decided unseen.
        """
        order_id = due.known_order.order_id if due.known_order else None
        with self._state.read() as connection:
            owed = owed_of(connection, self._odoo, order_id)
        waits = waits_for(self._odoo, owed)
        if waits:
            return waits
        database = self._odoo.settings.database
        with self._state.write() as connection:
            hold_order(connection, database, due.wanted.key)
            if owed_of(connection, self._odoo, order_id) != owed:
                return DECIDED_JUST_NOW
            intend(connection, database, due.wanted, self._at)
        return ""

    def _in_odoo(self, due: _Due, edition: Edition) -> OdooOrder | None:
        if due.wanted.is_closed:
            return closed_order(self._odoo, edition, due.wanted)
        edition.refuse_currency(due.wanted.plan)
        self._refuse_deleted(due)
        partner_id = partner_id_of(self._state, self._odoo, due.wanted.account)
        product_id = self._product_id(due, edition)
        return opened_order(self._odoo, edition, due.wanted, partner_id, product_id)

    def _refuse_deleted(self, due: _Due) -> None:
        known = due.known_order
        if self._recreate or known is None:
            return
        if resolved_id(self._odoo, ORDER, order_external_id(due.wanted.key)) is None:
            raise NeedsHuman(
                f"order {known.name} was deleted in Odoo, but the subscription runs: end "
                "it in its service, or make the order anew with `fusion-billing odoo orders "
                "--recreate`"
            )

    def _product_id(self, due: _Due, edition: Edition) -> int:
        plan = due.wanted.plan
        key = (plan.service_code, plan.code)
        if key not in self._product_ids:
            self._product_ids[key] = order_product_id(
                *(self._odoo, plan, due.template_id), is_recurring=edition.has_subscriptions
            )
        return self._product_ids[key]


def _report(due: _Due, order: OdooOrder | None, problem: str | None) -> OrderReport:
    current = due.wanted.succession.current
    return OrderReport(current.service_code, current.external_id, due.step, order, problem)

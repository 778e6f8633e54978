"""Keeps a wanted catalogue: what changes becomes versions, in one transaction a service."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from catalog.services import Service
from catalog.store.billable_metrics import add_metric, metrics_by_code, save_metric
from catalog.store.plans import add_plan, delete_plan, plan_versions, plans_by_id, save_plan
from catalog.store.services import lock_service
from catalog.store.subscriptions import has_live_subscriptions
from odoo_bridge.catalogue.deciding import Decision, KeptCatalogue, decision
from odoo_bridge.catalogue.wanted import Problem, Source, WantedCatalogue
from storage.odoo_tables import provided_plan
from storage.tables import invoice_draft, subscription

FILE = "file"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that became new, changed or deleted; a version says which it is."""

    verb: str
    noun: str
    code: str
    version: int
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class CatalogueReport:
    """What a catalogue's reading did, or would do, to one service."""

    service_code: str
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]


def keep_catalogue(
    connection: sa.Connection,
    service: Service,
    provider: str,
    wanted: WantedCatalogue,
    at: datetime,
    new_id: Callable[[], str],
    *,
    dry_run: bool = False,
) -> CatalogueReport:
    """Keep what a provider wants of a service; the same again keeps nothing new."""
    if not dry_run:
        lock_service(connection, service.code)
    kept = _kept(connection, service.code, provider)
    decided = decision(service.code, wanted, kept, at, new_id)
    changes = _foreseen(decided, at) if dry_run else _kept_anew(connection, decided, at)
    if not dry_run:
        _remember_provided(connection, service.code, provider, wanted, decided.accepted)
    return CatalogueReport(service.code, tuple(changes), decided.problems)


def _kept(connection: sa.Connection, service_code: str, provider: str) -> KeptCatalogue:
    plans = {
        plan.code: plan
        for plan in plans_by_id(connection, service_code).values()
        if plan.deleted_at is None and plan.parent_id is None
    }
    metrics = metrics_by_code(connection, service_code)
    return KeptCatalogue(
        metrics={code: one for code, one in metrics.items() if one.deleted_at is None},
        plans=plans,
        priced_metric_ids=_priced_metric_ids(connection, service_code),
        subscribed_plan_ids=frozenset(
            plan.id
            for plan in plans.values()
            if has_live_subscriptions(connection, service_code, plan.id)
        ),
        provided_plan_codes=frozenset(_provided(connection, service_code, provider)),
        closed_until=_closed_until(connection, service_code),
    )


def _priced_metric_ids(connection: sa.Connection, service_code: str) -> frozenset[str]:
    return frozenset(
        charge.metric_id
        for versions in plan_versions(connection, service_code).values()
        for version in versions
        for charge in version.charges
    )


def _closed_until(connection: sa.Connection, service_code: str) -> dict[str, datetime]:
    """Return the latest closing of anybody's period by plan id."""
    found = (
        sa.select(subscription.c.plan_id, sa.func.max(invoice_draft.c.closing_at).label("closed"))
        .join(subscription, subscription.c.id == invoice_draft.c.subscription_id)
        .where(invoice_draft.c.service_code == service_code)
        .group_by(subscription.c.plan_id)
    )
    return {row.plan_id: row.closed for row in connection.execute(found)}


def _foreseen(decided: Decision, at: datetime) -> Iterable[Change]:
    for metric in decided.metrics:
        verb = "add" if metric.kept is None else "change"
        version = 1 if metric.kept is None else metric.kept.version + 1
        yield Change(verb, "metric", metric.metric.code, version, at)
    for plan in decided.plans:
        verb = "add" if plan.kept is None else "change"
        version = 1 if plan.kept is None else plan.kept.version + 1
        yield Change(verb, "plan", plan.plan.code, version, plan.valid_from)
    for gone in decided.gone_plans:
        yield Change("delete", "plan", gone.code, gone.version, at)


def _kept_anew(connection: sa.Connection, decided: Decision, at: datetime) -> list[Change]:
    """Write every change, and return them as they were foreseen."""
    for metric in decided.metrics:
        if metric.kept is None:
            add_metric(connection, metric.metric)
        else:
            save_metric(connection, metric.kept, metric.metric, at)
    for plan in decided.plans:
        if plan.kept is None:
            add_plan(connection, replace(plan.plan, valid_from=plan.valid_from))
        else:
            save_plan(connection, plan.kept, plan.plan, plan.valid_from)
    for gone in decided.gone_plans:
        delete_plan(connection, gone, at)
    return list(_foreseen(decided, at))


def _provided(connection: sa.Connection, service_code: str, provider: str) -> dict[str, Source]:
    rows = connection.execute(
        sa.select(provided_plan.c.plan_code, provided_plan.c.source).where(
            provided_plan.c.service_code == service_code, provided_plan.c.provider == provider
        )
    )
    return {row.plan_code: row.source for row in rows}


def _remember_provided(
    connection: sa.Connection,
    service_code: str,
    provider: str,
    wanted: WantedCatalogue,
    accepted: Mapping[str, Source],
) -> None:
    """Remember whose plans are the provider's, so that one taken away can go."""
    known = _provided(connection, service_code, provider)
    kept = {code: source for code, source in known.items() if code in wanted.named_plan_codes}
    provided = kept | dict(accepted)
    if provided == known:
        return
    connection.execute(
        sa.delete(provided_plan).where(
            provided_plan.c.service_code == service_code, provided_plan.c.provider == provider
        )
    )
    for code, source in provided.items():
        row = {"provider": provider, "service_code": service_code}
        row |= {"plan_code": code, "source": source}
        connection.execute(sa.insert(provided_plan).values(row))


def plan_source(
    connection: sa.Connection, provider: str, service_code: str, plan_code: str
) -> Source | None:
    """Return which source provides a plan, a product's number where Odoo does; None for none."""
    return _provided(connection, service_code, provider).get(plan_code)

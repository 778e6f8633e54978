"""Plans as rows: every version is kept, deletions are soft, one service at a time.

An override, the plan of a single subscription, has its parent's code and is in no list.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from catalog.errors import NotFound, ValidationFailed
from catalog.plans import Plan
from catalog.store.plan_bodies import plan_body, plan_of_body
from catalog.store.services import lock_service
from catalog.store.versioned_rows import (
    insert_version,
    page_of_rows,
    with_newest_version,
    with_versions,
)
from catalog.subscriptions import LIVE, Subscription
from storage.tables import PLAN_IS_LISTED, plan, plan_version
from storage.tables import subscription as subscription_row


def find_plan(connection: sa.Connection, service_code: str, code: str) -> Plan | None:
    """Return the newest version of the kept plan with this code, or None."""
    row = (
        connection.execute(_newest(service_code).where(plan.c.code == code, PLAN_IS_LISTED))
        .mappings()
        .one_or_none()
    )
    return None if row is None else plan_of_body(row)


def found_plan(connection: sa.Connection, service_code: str, code: str) -> Plan:
    """Return the newest version of the kept plan with this code; NotFound when there is none."""
    found = find_plan(connection, service_code, code)
    if found is None:
        raise NotFound("plan")
    return found


def list_plans(
    connection: sa.Connection, service_code: str, limit: int, offset: int
) -> tuple[list[Plan], int]:
    """Return a page of kept plans, newest first, and how many there are in all."""
    found = _newest(service_code).where(PLAN_IS_LISTED)
    rows, total = page_of_rows(connection, found, limit, offset)
    return [plan_of_body(row) for row in rows], total


def plans_by_id(
    connection: sa.Connection, service_code: str, ids: Collection[str] | None = None
) -> dict[str, Plan]:
    """Return newest versions of plans, deleted ones too, by id: all, or those with these ids."""
    found = _newest(service_code)
    if ids is not None:
        found = found.where(plan.c.id.in_(ids))
    return {row["id"]: plan_of_body(row) for row in connection.execute(found).mappings()}


def plan_of(connection: sa.Connection, subscription: Subscription) -> Plan:
    """Return the newest version of a subscription's plan."""
    service_code, plan_id = subscription.service_code, subscription.plan_id
    return plans_by_id(connection, service_code, {plan_id})[plan_id]


def live_overrides(connection: sa.Connection, parent: Plan) -> list[Plan]:
    """Return the newest version of every override of a plan that somebody is, or will be, on."""
    live = sa.select(subscription_row.c.plan_id).where(
        subscription_row.c.status.in_([status.value for status in LIVE])
    )
    found = _newest(parent.service_code).where(plan.c.parent_id == parent.id, plan.c.id.in_(live))
    return [plan_of_body(row) for row in connection.execute(found).mappings()]


def is_metric_priced(connection: sa.Connection, service_code: str, metric_id: str) -> bool:
    """Say whether a charge of any version of any plan prices a metric."""
    versions = plan_versions(connection, service_code).values()
    return any(
        charge.metric_id == metric_id
        for plan_history in versions
        for version in plan_history
        for charge in version.charges
    )


def plan_versions(
    connection: sa.Connection, service_code: str, ids: Collection[str] | None = None
) -> dict[str, list[Plan]]:
    """Return all versions of plans, deleted ones too, by id, oldest first: of all, or of these.

    Parents of these come with them. Where an override was made for a running subscription, its
    parent's versions until then are its first ones.
    """
    found = with_versions(plan, plan_version).where(plan.c.service_code == service_code)
    if ids is not None:
        parents = sa.select(plan.c.parent_id).where(plan.c.id.in_(ids))
        found = found.where(sa.or_(plan.c.id.in_(ids), plan.c.id.in_(parents)))
    versions: dict[str, list[Plan]] = defaultdict(list)
    for row in connection.execute(found).mappings():
        versions[row["id"]].append(plan_of_body(row))
    return {plan_id: _with_history(own, versions) for plan_id, own in versions.items()}


def _with_history(own: list[Plan], versions: Mapping[str, list[Plan]]) -> list[Plan]:
    """Return versions with those before them: an override counts on from its parent's."""
    first = own[0]
    if first.parent_id is None:
        return own
    return [each for each in versions[first.parent_id] if each.version < first.version] + own


def add_plan(connection: sa.Connection, added: Plan) -> Plan:
    """Insert a plan's first version; ValidationFailed when its code is taken."""
    if added.parent_id is None:
        _require_free_code(connection, added)
    connection.execute(
        sa.insert(plan).values(
            id=added.id,
            service_code=added.service_code,
            code=added.code,
            created_at=added.created_at,
            parent_id=added.parent_id,
        )
    )
    _insert(connection, added)
    return added


def save_plan(connection: sa.Connection, kept: Plan, changed: Plan, at: datetime) -> Plan:
    """Keep a changed plan as a new version in force from `at`; no change makes no version.

    `kept` is the newest version; the caller holds the service's lock.
    """
    if changed.code != kept.code:
        _require_free_code(connection, changed)
        connection.execute(_row(kept).values(code=changed.code))
    if changed == replace(kept, code=changed.code):
        return changed
    version = replace(changed, version=kept.version + 1, valid_from=at)
    _insert(connection, version)
    return version


def delete_plan(connection: sa.Connection, deleted: Plan, at: datetime) -> Plan:
    """Soft-delete a plan: nobody can subscribe to it any more; its subscriptions keep it."""
    connection.execute(_row(deleted).values(deleted_at=at))
    return replace(deleted, deleted_at=at)


def _require_free_code(connection: sa.Connection, wanted: Plan) -> None:
    lock_service(connection, wanted.service_code)
    if find_plan(connection, wanted.service_code, wanted.code) is not None:
        raise ValidationFailed({"code": ["value_already_exist"]})


def _row(updated: Plan) -> sa.Update:
    return sa.update(plan).where(
        plan.c.service_code == updated.service_code, plan.c.id == updated.id
    )


def _newest(service_code: str) -> sa.Select[tuple[object, ...]]:
    return with_newest_version(plan, plan_version, service_code)


def _insert(connection: sa.Connection, version: Plan) -> None:
    insert_version(
        connection, plan_version, version.id, version.version, version.valid_from,
        plan_body(version),
    )  # fmt: skip

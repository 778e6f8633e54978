"""Subscriptions of a Lago, begun here as they began there, each up to where Lago has billed it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from catalog.accounts import Account
from catalog.billing_periods import local_midnight
from catalog.exact_json import JsonObject
from catalog.lago_shapes.plans import to_lago_plan
from catalog.lago_shapes.subscriptions import to_lago_subscription
from catalog.plan_overrides import overriding_plan
from catalog.plans import Plan
from catalog.store.accounts import find_account
from catalog.store.billable_metrics import metrics_by_id
from catalog.store.plans import add_plan, find_plan, plan_of
from catalog.store.services import lock_service
from catalog.store.subscription_overrides import ordered_override
from catalog.store.subscription_views import subscription_views
from catalog.store.subscriptions import (
    SubscriptionFilter,
    add_subscription,
    end_subscription,
    list_subscriptions,
)
from catalog.subscriptions import LIVE, Subscription, SubscriptionStatus
from fusion_billing.lago_import.account_fields import (
    LagoSubscription,
    compared_subscription,
    following,
    lago_subscription,
    takeover_day,
)
from fusion_billing.lago_import.billed_elsewhere import (
    billed_by_lago,
    first_closing_at,
    mark_billed,
    open_period,
)
from fusion_billing.lago_import.catalogue_fields import compared_plan, override_fields
from fusion_billing.lago_import.differences import differences
from fusion_billing.lago_import.report import Entry, Kind
from fusion_billing.lago_import.target import (
    Needs,
    Target,
    brought,
    compared,
    created,
    failed,
    new_id,
)

CHAIN_MAX = 1_000
MILLISECOND = 1_000


class _EndedEarlier(Exception):
    """Carries out of a savepoint that a subscription ended before the open period."""


@dataclass(frozen=True, slots=True)
class Chain:
    """All that Lago has under one external id, and the plans that are a subscription's own.

    `own_plans` and `plans` are Lago's, by id of the subscription and by code.
    """

    rows: Sequence[JsonObject]
    plans: Mapping[str, JsonObject]
    own_plans: Mapping[str, JsonObject]


def bring_subscription(
    target: Target, lago: JsonObject, chain: Chain, needs: Needs
) -> Entry | None:
    """Begin a subscription as Lago began it, or compare it with the one that is here.

    None for one that ended before the open period: Lago has billed it to its end.
    """

    def bring(_name: str) -> Entry:
        lock_service(target.connection, target.service.code)
        one = lago_subscription(lago, target.at)
        taken_over_at = following(one, chain.rows)
        if taken_over_at is not None:
            one = replace(one, terminated_at=taken_over_at, is_followed=True)
        if one.status is SubscriptionStatus.PENDING:
            one = replace(one, takes_over_on=takeover_day(lago, chain.rows))
        return _brought(target, one, chain, needs)

    try:
        return brought(target, Kind.SUBSCRIPTION, lago, "external_id", bring)
    except _EndedEarlier:
        return None


def _brought(target: Target, one: LagoSubscription, chain: Chain, needs: Needs) -> Entry:
    name, service_code = one.order.external_id, target.service.code
    account = find_account(target.connection, service_code, one.order.account_external_id)
    parent = find_plan(target.connection, service_code, one.order.plan_code)
    if account is None or parent is None:
        return failed(Kind.SUBSCRIPTION, name, *_missing(one, account, parent))
    plan = _plan(target, one, parent, chain)
    begun, zone = _begun(one, account, plan), account.zone(target.service)
    since = target.open_at
    if begun.started_at is not None:
        period = open_period(begun, plan, zone, target.open_at)
        since = period.usage_start
        has_ended = one.terminated_at is not None and one.terminated_at <= period.start
        if has_ended and not _decides_a_trial(chain):
            raise _EndedEarlier
    same = _kept(target, one)
    kept = next((each for each in same if _is_it(each, one)), None)
    if kept is not None:
        first = first_closing_at(target, kept) or kept.started_at or since
        _need(target, needs, begun, plan, min(first, since))
        return _compared(target, one, kept, plan)
    if any(each.status is one.status and each.status in LIVE for each in same):
        told = f"another subscription is {one.status.value} under this id here: end it first"
        return failed(Kind.SUBSCRIPTION, name, told)
    _need(target, needs, begun, plan, since)
    return _added(target, one, begun, plan, zone, same)


def _missing(one: LagoSubscription, account: Account | None, parent: Plan | None) -> list[str]:
    order = one.order
    wanted = (
        (account, "customer", Kind.CUSTOMER, order.account_external_id),
        (parent, "plan", Kind.PLAN, order.plan_code),
    )
    return [
        f"its {word} {name} is not here: see {kind.value} {name}"
        for found, word, kind, name in wanted
        if found is None
    ]


def _decides_a_trial(chain: Chain) -> bool:
    """Say whether a live subscription of a chain has a trial: it runs from the first start."""
    return any(
        row.get("status") in LIVE
        and chain.plans.get(str(row.get("plan_code")), {}).get("trial_period")
        for row in chain.rows
    )


def _plan(target: Target, one: LagoSubscription, parent: Plan, chain: Chain) -> Plan:
    """Return the plan to begin on: the one that is here, or a new override of it."""
    own = chain.own_plans.get(str(one.lago.get("lago_id")))
    if own is None:
        return parent
    lago_parent = chain.plans.get(parent.code, {})
    ids = {charge.code: charge.id for charge in parent.charges}
    fields: JsonObject = {"plan_overrides": override_fields(own, lago_parent, ids)}
    overridden = ordered_override(target.connection, fields, target.at, new_id)
    override = overriding_plan(parent, target.at, new_id, is_running=False)
    return override if overridden is None else overridden(override)


def _begun(one: LagoSubscription, account: Account, plan: Plan) -> Subscription:
    """Return the subscription as it began; its end is not written yet."""
    status = SubscriptionStatus.ACTIVE if one.started_at else SubscriptionStatus.PENDING
    return Subscription(
        id=new_id(),
        service_code=account.service_code,
        external_id=one.order.external_id,
        account_id=account.id,
        account_external_id=account.external_id,
        plan_id=plan.id,
        plan_code=plan.code,
        status=status,
        billing_time=one.order.billing_time,
        subscription_at=one.order.subscription_at,
        created_at=one.started_at or one.order.subscription_at,
        started_at=one.started_at,
        ending_at=one.ending_at,
        name=one.order.name,
    )


def _added(
    target: Target,
    one: LagoSubscription,
    begun: Subscription,
    plan: Plan,
    zone: ZoneInfo,
    same: Sequence[Subscription],
) -> Entry:
    connection = target.connection
    if plan.parent_id is not None:
        add_plan(connection, plan)
    day = one.takes_over_on
    begun = replace(
        begun,
        created_at=target.at,
        previous_id=_previous_id(one, same),
        takes_over_at=None if day is None else local_midnight(day, zone),
    )
    added = add_subscription(connection, begun)
    if added.started_at is not None:
        first = min(each.started_at for each in (*same, added) if each.started_at is not None)
        ended = replace(added, terminated_at=one.terminated_at)
        mark_billed(target, added, plan, billed_by_lago(ended, plan, zone, target.open_at, first))
    if one.terminated_at is not None:
        at, is_followed = one.terminated_at, one.is_followed
        added = end_subscription(connection, added, at, is_followed=is_followed)
    lago, ours = _shapes(target, one, added, with_successor=False)
    return created(Kind.SUBSCRIPTION, added.external_id, differences(lago, ours))


def _previous_id(one: LagoSubscription, same: Sequence[Subscription]) -> str | None:
    """Return the subscription that this one follows: the one that ended, or will end, then."""
    for each in same:
        if one.takes_over_on is not None and each.status is SubscriptionStatus.ACTIVE:
            return each.id
        if one.started_at is not None and each.is_followed and each.terminated_at == one.started_at:
            return each.id
    return None


def _compared(target: Target, one: LagoSubscription, kept: Subscription, plan: Plan) -> Entry:
    current = plan_of(target.connection, kept)
    lago, ours = _shapes(target, one, kept, with_successor=True)
    if plan.parent_id is not None or current.parent_id is not None:
        lago["plan"], ours["plan"] = (compared_plan(to_lago_plan(each)) for each in (plan, current))
    return compared(Kind.SUBSCRIPTION, kept.external_id, lago, ours)


def _shapes(
    target: Target, one: LagoSubscription, kept: Subscription, *, with_successor: bool
) -> tuple[dict[str, object], dict[str, object]]:
    (view,) = subscription_views(target.connection, target.service, [kept], target.at)
    lago, ours = (
        compared_subscription(shape, with_successor=with_successor)
        for shape in (one.lago, to_lago_subscription(view))
    )
    if one.is_followed:
        # Ours is the successor's start, which Lago tells more exactly than this one's end.
        lago.pop("terminated_at", None)
        ours.pop("terminated_at", None)
    return lago, ours


def _kept(target: Target, one: LagoSubscription) -> list[Subscription]:
    """Return all that is here under an external id, in any state."""
    asked = SubscriptionFilter(tuple(SubscriptionStatus), external_id=one.order.external_id)
    found, _ = list_subscriptions(target.connection, target.service.code, asked, CHAIN_MAX, 0)
    return found


def _is_it(kept: Subscription, one: LagoSubscription) -> bool:
    """Say whether a subscription here is the one of Lago: they began in the same millisecond."""
    if one.started_at is None or kept.started_at is None:
        return kept.started_at is one.started_at and kept.status is SubscriptionStatus.PENDING
    return _millisecond(kept.started_at) == _millisecond(one.started_at)


def _millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // MILLISECOND * MILLISECOND)


def _need(target: Target, needs: Needs, one: Subscription, plan: Plan, since: datetime) -> None:
    metrics = metrics_by_id(target.connection, target.service.code)
    codes = (charge.metric_code for charge in plan.charges if metrics[charge.metric_id].recurring)
    needs.add(one.external_id, since, codes)

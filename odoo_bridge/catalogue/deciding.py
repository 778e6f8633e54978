"""What a wanted catalogue changes in the one that is kept, and what of it is refused. Pure.

The API's own reading judges every member, so that a price means the same whoever says it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.billable_metrics import BillableMetric
from catalog.errors import BillingError, Details, NotFound
from catalog.exact_json import JsonObject
from catalog.lago_shapes.billable_metrics import from_lago_changed_metric, from_lago_new_metric
from catalog.lago_shapes.charges import ChargeReading
from catalog.lago_shapes.plans import from_lago_changed_plan, from_lago_new_plan
from catalog.plans import Charge, ChargeFilter, Plan
from odoo_bridge.catalogue.wanted import (
    Problem,
    Source,
    WantedCatalogue,
    WantedMetric,
    WantedPlan,
)

USED_BY_A_SUBSCRIPTION = "used_by_a_subscription"


@dataclass(frozen=True, slots=True)
class KeptCatalogue:
    """What is kept of a service: newest versions by code, who uses them, what was provided before.

    `closed_until` has, by plan id, the latest closing of anybody's period on that plan.
    """

    metrics: Mapping[str, BillableMetric]
    plans: Mapping[str, Plan]
    priced_metric_ids: frozenset[str]
    subscribed_plan_ids: frozenset[str]
    provided_plan_codes: frozenset[str]
    closed_until: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class MetricChange:
    """A metric as it is to be; `kept` is None when it is new."""

    metric: BillableMetric
    kept: BillableMetric | None


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A plan as it is to be from `valid_from` on; `kept` is None when it is new."""

    plan: Plan
    kept: Plan | None
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be kept anew, what goes, whose plans are as wanted, and what is refused."""

    metrics: tuple[MetricChange, ...]
    plans: tuple[PlanChange, ...]
    gone_plans: tuple[Plan, ...]
    accepted: Mapping[str, Source]
    problems: tuple[Problem, ...]


def decision(
    service_code: str,
    wanted: WantedCatalogue,
    kept: KeptCatalogue,
    at: datetime,
    new_id: Callable[[], str],
) -> Decision:
    """Return what changes; a plan with any fault changes nothing, and neither does its absence."""
    problems = list(wanted.problems)
    metrics = dict(kept.metrics)
    metric_changes = []
    for metric in wanted.metrics:
        decided = _metric(service_code, metric, kept, at, new_id)
        if isinstance(decided, BillableMetric):
            if decided != kept.metrics.get(metric.code):
                metrics[metric.code] = decided
                metric_changes.append(MetricChange(decided, kept.metrics.get(metric.code)))
        else:
            problems += decided
    changes, accepted = [], {}
    for plan in wanted.plans:
        faulty = {problem.source for problem in problems}
        if faulty & {plan.source, *(charge.source for charge in plan.charges)}:
            continue
        judged = _plan(service_code, plan, kept, metrics, at, new_id)
        if not isinstance(judged, Plan):
            problems += judged
            continue
        accepted[plan.code] = plan.source
        known = kept.plans.get(plan.code)
        if judged != known:
            valid_from = _valid_from(plan.changed_at, known, kept.closed_until, at)
            changes.append(PlanChange(judged, known, valid_from))
    gone = kept.provided_plan_codes - wanted.named_plan_codes
    return Decision(
        metrics=tuple(metric_changes),
        plans=tuple(changes),
        gone_plans=tuple(kept.plans[code] for code in sorted(gone) if code in kept.plans),
        accepted=accepted,
        problems=tuple(problems),
    )


def _metric(
    service_code: str,
    wanted: WantedMetric,
    kept: KeptCatalogue,
    at: datetime,
    new_id: Callable[[], str],
) -> BillableMetric | list[Problem]:
    known = kept.metrics.get(wanted.code)
    try:
        if known is None:
            return from_lago_new_metric(wanted.given, service_code, new_id(), at)
        is_priced = known.id in kept.priced_metric_ids
        return from_lago_changed_metric(wanted.given, known, is_priced=is_priced)
    except BillingError as refusal:
        told = ", ".join(_told(refusal.details or {}))
        words = f"the metric {wanted.code} is refused: {told}"
        return [Problem(source, words) for source in wanted.sources]


def _plan(
    service_code: str,
    wanted: WantedPlan,
    kept: KeptCatalogue,
    metrics: Mapping[str, BillableMetric],
    at: datetime,
    new_id: Callable[[], str],
) -> Plan | list[Problem]:
    unknown = [charge for charge in wanted.charges if charge.metric_code not in metrics]
    if unknown:
        return [
            Problem(
                charge.source,
                f"the metric {charge.metric_code} is unknown: say in 'metric, more' how it counts",
            )
            for charge in unknown
        ]
    given: JsonObject = {
        **wanted.given,
        "charges": [
            {**charge.given, "billable_metric_id": metrics[charge.metric_code].id}
            for charge in wanted.charges
        ],
    }
    by_id = {metric.id: metric for metric in metrics.values()}
    known = kept.plans.get(wanted.code)
    try:
        if known is None:
            return from_lago_new_plan(given, service_code, by_id, at, new_id)
        is_subscribed = known.id in kept.subscribed_plan_ids
        fresh = from_lago_changed_plan(
            given, known, ChargeReading((), by_id, at, new_id), is_subscribed=is_subscribed
        )
    except NotFound:
        return [Problem(wanted.source, "a metric of the plan is deleted: declare it anew")]
    except BillingError as refusal:
        return list(_plan_problems(wanted, refusal.details or {}))
    same = with_kept_identity(fresh, known)
    return list(_repaid(wanted, same, known) if is_subscribed else ()) or same


def with_kept_identity(fresh: Plan, kept: Plan) -> Plan:
    """Return a plan whose charges and filters are the kept ones wherever they are the same thing.

    A charge is the same by its code and metric, a filter by what it selects.
    """
    known = {(charge.code, charge.metric_id): charge for charge in kept.charges}
    charges = tuple(
        _with_kept_ids(charge, known.get((charge.code, charge.metric_id)))
        for charge in fresh.charges
    )
    return replace(fresh, charges=charges)


def _with_kept_ids(fresh: Charge, kept: Charge | None) -> Charge:
    if kept is None:
        return fresh
    known = {one.values: one.id for one in kept.filters}
    filters = tuple(_with_id(one, known.get(one.values)) for one in fresh.filters)
    return replace(fresh, id=kept.id, created_at=kept.created_at, filters=filters)


def _with_id(one: ChargeFilter, kept_id: str | None) -> ChargeFilter:
    return one if kept_id is None else replace(one, id=kept_id)


def _repaid(wanted: WantedPlan, changed: Plan, kept: Plan) -> Iterator[Problem]:
    """Yield each charge that would be paid at another time: its events would be billed twice."""
    known = {charge.id: charge.is_pay_in_advance for charge in kept.charges}
    for charge, asked in zip(changed.charges, wanted.charges, strict=True):
        if known.get(charge.id, charge.is_pay_in_advance) != charge.is_pay_in_advance:
            yield Problem(asked.source, f"pay_in_advance: {USED_BY_A_SUBSCRIPTION}")


def _valid_from(
    changed_at: datetime, kept: Plan | None, closed_until: Mapping[str, datetime], at: datetime
) -> datetime:
    """Return when a version begins: when it was changed, but never inside a closed period.

    What changed without a trace, such as a product that was deleted, changes now.
    """
    if kept is None:
        return min(changed_at, at)
    began_at = changed_at if kept.valid_from < changed_at < at else at
    return max(began_at, kept.valid_from, closed_until.get(kept.id, began_at))


def _plan_problems(wanted: WantedPlan, details: Details) -> Iterator[Problem]:
    """Yield the faults of each charge under its source, and those of the plan under the plan's."""
    of_charges = details.get("charges")
    charges = of_charges if isinstance(of_charges, Mapping) else {}
    told_of_charges: set[str] = set()
    for place, asked in enumerate(wanted.charges):
        faults = charges.get(str(place))
        if isinstance(faults, Mapping):
            told = list(_told(faults))
            told_of_charges |= set(told)
            words = f"the charge {asked.given.get('code', asked.metric_code)} is refused: "
            yield Problem(asked.source, words + ", ".join(told))
    own: dict[str, list[str] | str | Details] = {
        name: faults
        for name, faults in details.items()
        if not (name == "charges" and isinstance(faults, Mapping))
    }
    # The faults of charges stand under the plan, too, where Lago's clients look.
    left = [words for words in _told(own) if words not in told_of_charges]
    if left:
        yield Problem(wanted.source, f"the plan {wanted.code} is refused: {', '.join(left)}")


def _told(details: Details) -> Iterator[str]:
    """Yield each fault as `member: code`."""
    for name, faults in details.items():
        if isinstance(faults, Mapping):
            yield from (f"{name}.{told}" for told in _told(faults))
        else:
            yield f"{name}: {', '.join(_words(faults))}"


def _words(faults: Sequence[str] | str) -> Iterable[str]:
    return [faults] if isinstance(faults, str) else faults

"""The import of a Lago: read its catalogue, write it object by object, then bring the events.

Everything written is known again by the next run, so a run that died is simply repeated.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from catalog.errors import MethodNotAllowed
from catalog.exact_json import JsonObject
from catalog.services import Service
from catalog.subscriptions import SubscriptionStatus
from fusion_billing.house import House
from fusion_billing.lago_import.catalogue_fields import reads_what_it_writes
from fusion_billing.lago_import.left_behind import (
    ENDED_EARLIER,
    left_lists,
    left_of_customers,
    left_of_plans,
    left_of_subscriptions,
)
from fusion_billing.lago_import.lists import whole_list
from fusion_billing.lago_import.report import (
    Entry,
    Kind,
    LeftBehind,
    Outcome,
    Report,
    added_up,
)
from fusion_billing.lago_import.source import LagoSource, SourceError
from fusion_billing.lago_import.target import Needs, Target, failed
from fusion_billing.lago_import.usage import UsageBringing, UsageOrder
from fusion_billing.lago_import.write_catalogue import bring_customer, bring_metric, bring_plan
from fusion_billing.lago_import.write_subscriptions import Chain, bring_subscription
from storage.fault_points import reached

OBJECTS_PER_COMMIT_MAX = 200
STATES = [
    SubscriptionStatus.ACTIVE.value,
    SubscriptionStatus.PENDING.value,
    SubscriptionStatus.TERMINATED.value,
]

Watch = Callable[[str, int, int], None]
Step = Callable[[Target], "Entry | LeftBehind"]


@dataclass(frozen=True, slots=True)
class LagoWorld:
    """All of a Lago that is read before anything is written."""

    metrics: Sequence[JsonObject]
    plans: Sequence[JsonObject]
    customers: Sequence[JsonObject]
    subscriptions: Sequence[JsonObject]
    own_plans: Mapping[str, JsonObject]


@dataclass(slots=True)
class LagoImport:
    """One run: what it reads from and writes to, and what has become of it so far.

    `open_at` says which periods are open: the one that holds it, and all later ones. The watch is
    told a kind, how many are done, and of how many (0: nobody knows).
    """

    house: House
    service: Service
    source: LagoSource
    open_at: datetime
    is_dry_run: bool = False
    watch: Watch = lambda _kind, _done, _all: None
    entries: list[Entry] = field(default_factory=list)
    left: list[LeftBehind] = field(default_factory=list)
    needs: Needs = field(default_factory=Needs)

    def run(self) -> Report:
        """Bring everything over and return the report; a source that fails ends it with why.

        MethodNotAllowed for a live service: what Lago has billed could be billed again.
        """
        if self.service.is_live:
            told = f"first: fusion-billing cutover {self.service.code} --to shadow"
            raise MethodNotAllowed("service_is_live", {"mode": [told]})
        problem = None
        try:
            world = self._read()
            self._write(world)
            self._bring_usage(world)
            asked = left_lists(self.source, world.customers, self._counted("other lists"))
            self.left += asked
        except SourceError as failure:
            problem = str(failure)
        return Report(
            self.service.code, self.is_dry_run, self.entries, added_up(self.left), problem
        )

    def _read(self) -> LagoWorld:
        found = {}
        kinds = (Kind.METRIC, Kind.PLAN, Kind.CUSTOMER)
        for number, kind in enumerate(kinds):
            self.watch("reading", number, len(kinds) + 1)
            found[kind] = whole_list(self.source, kind.value)
        self.watch("reading", len(kinds), len(kinds) + 1)
        subscriptions = whole_list(self.source, "subscriptions", {"status[]": STATES})
        own_plans = _own_plans(self.source)
        self.watch("reading", len(kinds) + 1, len(kinds) + 1)
        self.left += left_of_plans(found[Kind.PLAN])
        self.left += left_of_customers(found[Kind.CUSTOMER])
        self.left += left_of_subscriptions(subscriptions)
        return LagoWorld(
            found[Kind.METRIC], found[Kind.PLAN], found[Kind.CUSTOMER], subscriptions, own_plans
        )

    def _write(self, world: LagoWorld) -> None:
        """Bring the objects over, so many in one transaction; a rehearsal is undone as one."""
        steps = list(_steps(world, self.needs))
        size = len(steps) if self.is_dry_run else OBJECTS_PER_COMMIT_MAX
        watermark = str(self.house.flusher.flush())
        for start in range(0, len(steps), size or 1):
            found: list[Entry | LeftBehind] = []
            with suppress(_RehearsedError), self.house.state.write() as connection:
                target = Target(
                    connection,
                    self.service,
                    self.house.clock(),
                    self.open_at,
                    self._catalogue_owner(),
                    watermark,
                )
                found = [step(target) for step in steps[start : start + size]]
                reached("lago_import.before_commit")
                if self.is_dry_run:
                    raise _RehearsedError
            reached("lago_import.after_commit")
            self.entries += [one for one in found if isinstance(one, Entry)]
            self.left += [one for one in found if isinstance(one, LeftBehind)]
            self.watch("objects", start + len(found), len(steps))

    def _bring_usage(self, world: LagoWorld) -> None:
        overwritten = frozenset(
            str(one.get("code")) for one in world.metrics if reads_what_it_writes(one)
        )
        used = self.house.usage_log.subscription_ids(self.service.code)
        bringing = UsageBringing(self.house, self.service.code, self.source, self.is_dry_run, used)
        for number, (external_id, since) in enumerate(self.needs.since.items()):
            self.watch(Kind.EVENT.value, number, len(self.needs.since))
            recurring = sorted(self.needs.recurring[external_id])
            self.entries += bringing.entries(UsageOrder(external_id, since, recurring, overwritten))
        unbrought = {
            one.name
            for one in self.entries
            if one.kind is Kind.SUBSCRIPTION and one.outcome is Outcome.FAILED
        }
        self.entries += [
            failed(Kind.EVENT, name, "its events wait for the subscription: see subscriptions")
            for name in sorted(unbrought - self.needs.since.keys())
        ]
        self.watch(Kind.EVENT.value, len(self.needs.since), len(self.needs.since))

    def _catalogue_owner(self) -> str:
        owner = self.house.settings.catalogue_owner
        return "" if owner == "api" else owner

    def _counted(self, kind: str) -> Callable[[int, int], None]:
        return lambda done, of: self.watch(kind, done, of)


class _RehearsedError(Exception):
    """Undoes the transaction of a rehearsal."""


def _own_plans(source: LagoSource) -> dict[str, JsonObject]:
    """Return the plans that are one subscription's own, by the subscription's id in Lago.

    `overriden` is how older releases spell it; one that knows neither lists every subscription,
    and each is looked at.
    """
    query = {"overriden": "true", "overridden": "true", "status[]": STATES}
    found = {}
    for row in whole_list(source, "subscriptions", query):
        external_id, status = str(row.get("external_id")), str(row.get("status"))
        shown = source.get(["subscriptions", external_id], {"status": status}).get("subscription")
        plan = shown.get("plan") if isinstance(shown, dict) else None
        is_it = isinstance(shown, dict) and shown.get("lago_id") == row.get("lago_id")
        if is_it and isinstance(plan, dict) and plan.get("parent_id"):
            found[str(row.get("lago_id"))] = plan
    return found


def _steps(world: LagoWorld, needs: Needs) -> Iterator[Step]:
    """Yield what brings each object over, in an order in which each finds what it needs."""
    plans = {str(plan.get("code")): plan for plan in world.plans}
    for metric in world.metrics:
        yield lambda target, lago=metric: bring_metric(target, lago)  # type: ignore[misc]
    for plan in world.plans:
        yield lambda target, lago=plan: bring_plan(target, lago)  # type: ignore[misc]
    for customer in world.customers:
        yield lambda target, lago=customer: bring_customer(target, lago)  # type: ignore[misc]
    for rows in _by_external_id(world.subscriptions):
        chain = Chain(rows, plans, world.own_plans)
        for row in rows:
            yield _subscription_step(row, chain, needs)


def _subscription_step(lago: JsonObject, chain: Chain, needs: Needs) -> Step:
    return lambda target: bring_subscription(target, lago, chain, needs) or ENDED_EARLIER


def _by_external_id(subscriptions: Sequence[JsonObject]) -> Iterator[list[JsonObject]]:
    """Yield the subscriptions under each external id, in the order in which they began."""
    chains: dict[str, list[JsonObject]] = defaultdict(list)
    for one in subscriptions:
        chains[str(one.get("external_id"))].append(one)
    for rows in chains.values():
        yield sorted(rows, key=lambda row: (not row.get("started_at"), str(row.get("started_at"))))

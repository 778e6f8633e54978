"""What a request would make of the catalogue: its route is run and everything taken back.

So an app is told the same faults as where the API owns the catalogue, before Odoo hears of it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import cast

import sqlalchemy as sa

from catalog.http import Json
from catalog.plans import Plan
from catalog.store.plans import plans_by_id
from storage.state import State


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The answer a request would get, and the one plan it changes: before and after, or none."""

    answer: Json
    before: Plan | None
    after: Plan | None
    reaches_overrides: bool


class _TakenBackError(Exception):
    """Ends the transaction of a rehearsal."""


class _RehearsedState:
    """A state database whose writes are seen by nobody else and are taken back at their end."""

    def __init__(self, state: State, service_code: str) -> None:
        self._state = state
        self._service_code = service_code
        self.after: Mapping[str, Plan] = {}

    def read(self) -> AbstractContextManager[sa.Connection]:
        """Give a connection that reads."""
        return self._state.read()

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Give a connection in a transaction that never commits; see what it made of the plans."""
        try:
            with self._state.write() as connection:
                yield connection
                self.after = _kept_plans(connection, self._service_code)
                raise _TakenBackError
        except _TakenBackError:
            return


def rehearsed(state: State, service_code: str, route: Callable[[State], Json]) -> Rehearsed:
    """Run a route and take back what it wrote; its errors are raised as they are."""
    rehearsal = _RehearsedState(state, service_code)
    with state.read() as connection:
        before = _kept_plans(connection, service_code)
    answer = route(cast(State, rehearsal))
    changed = [
        plan_id
        for plan_id in before.keys() | rehearsal.after.keys()
        if before.get(plan_id) != rehearsal.after.get(plan_id)
    ]
    plans = [(before.get(one), rehearsal.after.get(one)) for one in changed]
    own = [pair for pair in plans if (pair[0] or pair[1]) and not _is_override(pair)]
    was, becomes = own[0] if own else (None, None)
    return Rehearsed(answer, was, becomes, reaches_overrides=len(plans) > len(own))


def _is_override(pair: tuple[Plan | None, Plan | None]) -> bool:
    return any(plan is not None and plan.parent_id is not None for plan in pair)


def _kept_plans(connection: sa.Connection, service_code: str) -> dict[str, Plan]:
    plans = plans_by_id(connection, service_code)
    return {plan_id: plan for plan_id, plan in plans.items() if plan.deleted_at is None}

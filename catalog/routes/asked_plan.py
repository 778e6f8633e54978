"""The plan that a request names: to be read, or to be changed in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends

from catalog.http import CallerService, Now, StateOf
from catalog.plans import Plan
from catalog.routes.plan_parts import new_id
from catalog.services import Service
from catalog.store.plan_change import PlanChange, plan_change
from catalog.store.plans import found_plan
from storage.state import State


@dataclass(frozen=True, slots=True)
class AskedPlan:
    """Which plan of which service, and when."""

    code: str
    service: Service
    state: State
    at: datetime

    def read(self) -> Plan:
        """Return the plan as it is; NotFound when there is none."""
        with self.state.read() as connection:
            return found_plan(connection, self.service.code, self.code)

    @contextmanager
    def changing(self) -> Iterator[PlanChange]:
        """Give the plan to be changed; NotFound when there is none."""
        with self.state.write() as connection:
            yield plan_change(connection, self.service.code, self.code, self.at, new_id)


def asked_plan(code: str, service: CallerService, state: StateOf, at: Now) -> AskedPlan:
    """Return the plan that a request names."""
    return AskedPlan(code, service, state, at)


PlanAsked = Annotated[AskedPlan, Depends(asked_plan)]

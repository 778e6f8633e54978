"""The charge of a subscription that a request names: to be read, or to get a price of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends

from catalog.http import CallerService, Now, StateOf
from catalog.plan_parts import found_charge
from catalog.plans import Charge
from catalog.routes.plan_parts import new_id
from catalog.routes.subscription_parts import Statuses
from catalog.services import Service
from catalog.store.charge_change import ChargeChange, charge_change
from catalog.store.plans import plan_of
from catalog.store.subscriptions import found_subscription, found_to_change
from catalog.subscriptions import SubscriptionStatus
from storage.state import State


@dataclass(frozen=True, slots=True)
class AskedCharge:
    """Which charge of which subscription, in one of some states, and when."""

    external_id: str
    code: str
    service: Service
    statuses: list[SubscriptionStatus]
    state: State
    at: datetime

    def read(self) -> Charge:
        """Return the charge as it is; NotFound for the subscription, or for the charge."""
        asked = (self.service.code, self.external_id, self.statuses)
        with self.state.read() as connection:
            return found_charge(
                plan_of(connection, found_subscription(connection, *asked)), self.code
            )

    @contextmanager
    def changing(self) -> Iterator[ChargeChange]:
        """Give the charge to be changed; NotFound as for reading."""
        asked = (self.service.code, self.external_id, self.statuses)
        with self.state.write() as connection:
            found = found_to_change(connection, *asked)
            yield charge_change(connection, found, self.code, self.at, new_id)


def asked_charge(
    external_id: str,
    charge_code: str,
    service: CallerService,
    statuses: Statuses,
    state: StateOf,
    at: Now,
) -> AskedCharge:
    """Return the charge of a subscription that a request names."""
    return AskedCharge(external_id, charge_code, service, statuses, state, at)


ChargeAsked = Annotated[AskedCharge, Depends(asked_charge)]

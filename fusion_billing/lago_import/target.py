"""Where a Lago is brought to: one service, in one transaction, at one instant."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from catalog.errors import BillingError
from catalog.exact_json import JsonObject
from catalog.services import Service
from fusion_billing.lago_import.catalogue_fields import NotReadable
from fusion_billing.lago_import.differences import differences, refusal_reasons
from fusion_billing.lago_import.report import Entry, Kind, Outcome


def new_id() -> str:
    """Return an id for something new."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Target:
    """The service that takes a Lago in.

    What ends before the period of `open_at` is billed by Lago. `catalogue_owner` is who may change
    plans and metrics, if it is not us. `watermark` names the usage there was before the import.
    """

    connection: sa.Connection
    service: Service
    at: datetime
    open_at: datetime
    catalogue_owner: str = ""
    watermark: str = ""


@dataclass(slots=True)
class Needs:
    """What the events of subscriptions need: since when, and which metrics count all history."""

    since: dict[str, datetime] = field(default_factory=dict)
    recurring: dict[str, set[str]] = field(default_factory=dict)

    def add(self, external_id: str, since: datetime, recurring: Iterable[str]) -> None:
        """Note that a subscription counts from an instant on."""
        self.since[external_id] = min(since, self.since.get(external_id, since))
        self.recurring.setdefault(external_id, set()).update(recurring)


def brought(
    target: Target, kind: Kind, lago: JsonObject, name: str, bring: Callable[[str], Entry]
) -> Entry:
    """Bring one object over, whole or not at all; a refusal becomes its entry."""
    told = str(lago.get(name) or lago.get("lago_id"))
    try:
        with target.connection.begin_nested():
            return bring(told)
    except BillingError as refusal:
        return Entry(kind, told, Outcome.FAILED, refusal_reasons(refusal))
    except NotReadable as problem:
        return Entry(kind, told, Outcome.FAILED, [str(problem)])


def compared(kind: Kind, name: str, lago: object, ours: object) -> Entry:
    """Return the entry of an object that was here before."""
    found = differences(lago, ours)
    return Entry(kind, name, Outcome.DIFFERS if found else Outcome.SAME, found)


def failed(kind: Kind, name: str, *reasons: str) -> Entry:
    """Return the entry of an object that can't be brought over."""
    return Entry(kind, name, Outcome.FAILED, reasons)


def created(kind: Kind, name: str, found: Sequence[str] = ()) -> Entry:
    """Return the entry of an object that is here now; with differences it is not as in Lago."""
    return Entry(kind, name, Outcome.DIFFERS if found else Outcome.CREATED, found)

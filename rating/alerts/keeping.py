"""Keeping alerts: what an app asks of a subscription's alerts, done in one transaction each."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import TypeAlias, cast

import sqlalchemy as sa

from catalog.billable_metrics import BillableMetric
from catalog.errors import Details, NotFound, ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from catalog.services import Service
from catalog.store.billable_metrics import find_metric, metrics_by_id
from catalog.store.services import lock_service
from catalog.store.subscriptions import find_subscription
from catalog.subscriptions import SubscriptionStatus
from rating.alerts.alert import Alert
from rating.alerts.lago_shapes import (
    from_lago_changed_alert,
    from_lago_new_alert,
    from_lago_new_alerts,
    to_lago_alert,
    with_terms,
)
from rating.alerts.store import add_alert, delete_alerts, find_alert, list_alerts, save_alert
from storage.state import State

# External id, and the state of the subscription that is meant by it.
Asked: TypeAlias = tuple[str, str]
Shape: TypeAlias = dict[str, object]


def create_alert(
    state: State, service: Service, asked: Asked, given: JsonObject, at: datetime
) -> Shape:
    """Create one alert and return it as Lago shows it; it is looked at with the next look.

    NotFound for the subscription or a metric, ValidationFailed for the first fault (Lago).
    """
    with state.write() as connection:
        lock_service(connection, service.code)
        subscription = _subscription(connection, service, asked)
        return _shown(
            connection, service, [_created(connection, service, subscription, at, given)]
        )[0]


def create_alerts(
    state: State, service: Service, asked: Asked, given: JsonValue, at: datetime
) -> list[Shape]:
    """Create all alerts of a list, or none: ValidationFailed names each faulty one (Lago)."""
    with state.write() as connection:
        lock_service(connection, service.code)
        subscription = _subscription(connection, service, asked)
        create = partial(_created, connection, service, subscription, at)
        created, faults = from_lago_new_alerts(given, create)
        if faults:
            raise ValidationFailed(cast(Details, faults))
        return _shown(connection, service, created)


def page_of_alerts(
    state: State, service: Service, asked: Asked, limit: int, offset: int
) -> tuple[list[Shape], int]:
    """Return a page of a subscription's alerts, newest first, and how many there are."""
    with state.read() as connection:
        subscription = _subscription(connection, service, asked)
        found, total = list_alerts(connection, service.code, subscription, limit, offset)
        return _shown(connection, service, found), total


def shown_alert(state: State, service: Service, asked: Asked, code: str) -> Shape:
    """Return one alert; NotFound for the subscription, or for the alert."""
    with state.read() as connection:
        subscription = _subscription(connection, service, asked)
        return _shown(connection, service, [_alert(connection, service, subscription, code)])[0]


def change_alert(
    state: State, service: Service, asked: Asked, code: str, given: JsonObject
) -> Shape:
    """Change the members given of an alert and return it; faults as for a new one."""
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = _alert(connection, service, _subscription(connection, service, asked), code)
        terms = from_lago_changed_alert(given, kept, _metric_of(connection, service))
        return _shown(connection, service, [save_alert(connection, with_terms(kept, terms))])[0]


def forget_alert(state: State, service: Service, asked: Asked, code: str, at: datetime) -> Shape:
    """Delete an alert and return it as it was."""
    with state.write() as connection:
        lock_service(connection, service.code)
        subscription = _subscription(connection, service, asked)
        kept = _alert(connection, service, subscription, code)
        delete_alerts(connection, service.code, subscription, at, code)
        return _shown(connection, service, [kept])[0]


def forget_alerts(state: State, service: Service, asked: Asked, at: datetime) -> None:
    """Delete all alerts of a subscription; none is fine."""
    with state.write() as connection:
        lock_service(connection, service.code)
        subscription = _subscription(connection, service, asked)
        delete_alerts(connection, service.code, subscription, at)


def _subscription(connection: sa.Connection, service: Service, asked: Asked) -> str:
    """Return the external id, when a subscription is under it in the state asked for."""
    external_id, status = asked
    statuses = [each for each in SubscriptionStatus if each.value == status]
    if find_subscription(connection, service.code, external_id, statuses) is None:
        raise NotFound("subscription")
    return external_id


def _alert(connection: sa.Connection, service: Service, subscription: str, code: str) -> Alert:
    found = find_alert(connection, service.code, subscription, code)
    if found is None:
        raise NotFound("alert")
    return found


def _created(
    connection: sa.Connection,
    service: Service,
    subscription: str,
    at: datetime,
    given: JsonObject,
) -> Alert:
    terms = from_lago_new_alert(given, _metric_of(connection, service))
    created = Alert(
        id=str(uuid.uuid4()),
        service_code=service.code,
        subscription_external_id=subscription,
        alert_type=terms.alert_type,
        code=terms.code,
        thresholds=terms.thresholds,
        created_at=at,
        name=terms.name,
        metric_id=terms.metric_id,
    )
    return add_alert(connection, created)


def _metric_of(connection: sa.Connection, service: Service) -> partial[BillableMetric | None]:
    return partial(find_metric, connection, service.code)


def _shown(connection: sa.Connection, service: Service, alerts: Iterable[Alert]) -> list[Shape]:
    listed = list(alerts)
    needs_metrics = any(each.metric_id for each in listed)
    metrics: Mapping[str, BillableMetric] = (
        metrics_by_id(connection, service.code) if needs_metrics else {}
    )
    return [to_lago_alert(each, service, metrics) for each in listed]

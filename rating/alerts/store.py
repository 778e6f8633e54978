"""Alerts as rows: add, find, list, change, soft-delete, and which of them want a look."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

import msgspec
import sqlalchemy as sa

from catalog.errors import ValidationFailed
from catalog.store.versioned_rows import page_of_rows
from rating.alerts.alert import Alert, AlertType, Threshold
from storage.alert_tables import IS_CHANGED, alert

_KEPT = alert.c.deleted_at.is_(None)
_thresholds = msgspec.json.Decoder(tuple[Threshold, ...])
AlertKey = tuple[str, str, str]


def add_alert(connection: sa.Connection, added: Alert) -> Alert:
    """Insert an alert; ValidationFailed when its code, or its type and metric, are taken (Lago).

    The caller holds the service's lock.
    """
    _require_free(connection, added)
    connection.execute(sa.insert(alert).values(_values(added)))
    return added


def save_alert(connection: sa.Connection, changed: Alert) -> Alert:
    """Write a changed alert over its row; ValidationFailed as for a new one."""
    _require_free(connection, changed)
    connection.execute(sa.update(alert).where(alert.c.id == changed.id).values(_values(changed)))
    return changed


def find_alert(
    connection: sa.Connection, service_code: str, subscription: str, code: str
) -> Alert | None:
    """Return the kept alert of a subscription's external id with this code, or None."""
    row = connection.execute(_of(service_code, subscription).where(alert.c.code == code)).first()
    return None if row is None else _alert(row)


def list_alerts(
    connection: sa.Connection, service_code: str, subscription: str, limit: int, offset: int
) -> tuple[list[Alert], int]:
    """Return a page of a subscription's kept alerts, newest first, and how many there are."""
    found = _of(service_code, subscription).order_by(alert.c.created_at.desc(), alert.c.id)
    rows, total = page_of_rows(connection, found, limit, offset)
    return [_alert(row) for row in rows], total


def delete_alerts(
    connection: sa.Connection,
    service_code: str,
    subscription: str,
    at: datetime,
    code: str | None = None,
) -> None:
    """Soft-delete the alerts of a subscription's external id: all, or the one with this code."""
    deleted = sa.update(alert).where(*_is_of(service_code, subscription))
    if code is not None:
        deleted = deleted.where(alert.c.code == code)
    connection.execute(deleted.values(deleted_at=at))


def has_alerts(connection: sa.Connection) -> bool:
    """Say whether any service keeps an alert: without one there is nothing to do."""
    return connection.scalar(sa.select(alert.c.id).where(_KEPT).limit(1)) is not None


def watched_subscriptions(connection: sa.Connection) -> set[tuple[str, str]]:
    """Return service and external id of every subscription that has a kept alert."""
    pairs = sa.select(alert.c.service_code, alert.c.subscription_external_id).where(_KEPT)
    return {(row[0], row[1]) for row in connection.execute(pairs.distinct())}


def ask_for_a_look(connection: sa.Connection, subscriptions: Iterable[tuple[str, str]]) -> None:
    """Note that the usage of these (service, external id) has changed."""
    asked = [{"of_service": code, "of_name": name} for code, name in sorted(subscriptions)]
    if asked:
        named = (
            alert.c.service_code == sa.bindparam("of_service"),
            alert.c.subscription_external_id == sa.bindparam("of_name"),
        )
        changed = sa.update(alert).where(*named, _KEPT).values(changes=alert.c.changes + 1)
        connection.execute(changed, asked)


def alerts_to_look_at(
    connection: sa.Connection, at: datetime, after: AlertKey | None, limit: int
) -> list[Alert]:
    """Return alerts whose usage has changed, or whose period is over, in a fixed order.

    `after` is the service, external id and id of the last one of the page before.
    """
    key = (alert.c.service_code, alert.c.subscription_external_id, alert.c.id)
    wanted = sa.or_(IS_CHANGED, sa.and_(_KEPT, alert.c.period_end <= at))
    found = sa.select(alert).where(wanted).order_by(*key).limit(limit)
    if after is not None:
        found = found.where(sa.tuple_(*key) > sa.tuple_(*(sa.literal(part) for part in after)))
    return [_alert(row) for row in connection.execute(found)]


def locked_alerts(connection: sa.Connection, ids: Collection[str]) -> dict[str, Alert]:
    """Return kept alerts by id; nobody else can change them until the transaction ends."""
    found = sa.select(alert).where(alert.c.id.in_(ids), _KEPT).order_by(alert.c.id)
    rows = connection.execute(found.with_for_update())
    return {row.id: _alert(row) for row in rows}


def keep_looks(connection: sa.Connection, looks: Iterable[tuple[Alert, int]]) -> None:
    """Write what looks came to, each with the count of changes it had seen.

    What changed after a look was begun still wants another.
    """
    written = [
        {
            "looked_at": after.id,
            "previous_value": format(after.previous_value, "f"),
            "peak_value": format(after.peak_value, "f"),
            "period_start": after.period_start,
            "period_end": after.period_end,
            "last_processed_at": after.last_processed_at,
            "changes_seen": changes_seen,
        }
        for after, changes_seen in looks
    ]
    if written:
        # The other names are columns: SQLAlchemy sets them.
        kept = sa.update(alert).where(alert.c.id == sa.bindparam("looked_at"))
        connection.execute(kept, written)


def _require_free(connection: sa.Connection, wanted: Alert) -> None:
    others = _of(wanted.service_code, wanted.subscription_external_id).where(
        alert.c.id != wanted.id
    )
    rows: Sequence[sa.Row[tuple[object, ...]]] = connection.execute(others).all()
    if any(row.code == wanted.code for row in rows):
        raise ValidationFailed({"code": ["value_already_exist"]})
    watched = (wanted.alert_type, wanted.metric_id)
    if any((row.alert_type, row.metric_id) == watched for row in rows):
        raise ValidationFailed({"base": ["alert_already_exists"]})


def _is_of(service_code: str, subscription: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        alert.c.service_code == service_code,
        alert.c.subscription_external_id == subscription,
        _KEPT,
    )


def _of(service_code: str, subscription: str) -> sa.Select[tuple[object, ...]]:
    return sa.select(alert).where(*_is_of(service_code, subscription))


def _values(written: Alert) -> dict[str, object]:
    return asdict(written) | {
        "alert_type": written.alert_type.value,
        "thresholds": msgspec.json.encode(written.thresholds).decode(),
        "previous_value": format(written.previous_value, "f"),
        "peak_value": format(written.peak_value, "f"),
    }


def _alert(row: sa.Row[tuple[object, ...]] | sa.RowMapping) -> Alert:
    values = dict(row if isinstance(row, sa.RowMapping) else row._mapping)
    del values["deleted_at"]
    values["alert_type"] = AlertType(values["alert_type"])
    values["thresholds"] = _thresholds.decode(values["thresholds"])
    values["previous_value"] = Decimal(values["previous_value"])
    values["peak_value"] = Decimal(values["peak_value"])
    return Alert(**values)

"""Telling apps of crossed thresholds: an `alert.triggered` event, once a threshold and period.

The event and how far an alert was told are kept in one transaction: neither a crash nor another
process that looks at the same time tells twice.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

import sqlalchemy as sa
import structlog

from catalog.services import Service
from catalog.store.billable_metrics import metrics_by_id
from catalog.store.lifecycle_events import append
from catalog.store.services import lock_service, services
from ingest.flush import Flusher
from ingest.watermark import Watermark
from rating.alerts.alert import Alert, Look, seen
from rating.alerts.lago_shapes import to_lago_triggered_alert
from rating.alerts.store import alerts_to_look_at, has_alerts, keep_looks, locked_alerts
from rating.alerts.touched import note_touched
from rating.alerts.watched_usage import Reading, readings
from storage.fault_points import reached
from storage.lake import Lake
from storage.state import State

ALERT_TRIGGERED = "alert.triggered"
ALERTS_PER_LOOK = 500
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AlertSources:
    """What alerts are looked at with: the state, the lake, and how many shards it has.

    `flusher` is the only one there is, where it is in this process.
    """

    state: State
    lake: Lake
    shard_count: int
    flusher: Flusher | None = None


def wants_a_look(state: State) -> bool:
    """Say whether any alert is kept: without one nothing is read."""
    with state.read() as connection:
        return has_alerts(connection)


def tell_alerts(sources: AlertSources, at: datetime) -> int:
    """Look at the alerts whose usage changed, or whose period ended; return the events appended.

    Safe to call at any time and from several processes. Usage that is not in the lake yet is
    looked at by a later call. One alert's failure stops no other; the first is raised at the end.
    """
    watermark = note_touched(sources.state, sources.lake, sources.shard_count, sources.flusher)
    with sources.state.read() as connection:
        known = {service.code: service for service in services(connection)}
    told, failures = 0, []
    for code, alerts in _changed(sources.state, at):
        try:
            told += _tell(sources, known[code], alerts, watermark, at)
        except Exception as error:  # noqa: BLE001 - told apart below: one must not stop the others
            _log.warning("alerts_looked_at_one_by_one", service=code, error=str(error))
            for alert in alerts:
                try:
                    told += _tell(sources, known[code], [alert], watermark, at)
                except Exception as alone:  # noqa: BLE001 - raised at the end
                    failures.append(alone)
    if failures:
        raise failures[0]
    return told


def _changed(state: State, at: datetime) -> Iterator[tuple[str, list[Alert]]]:
    """Yield alerts that want a look by service, a page at a time; none comes twice."""
    after: tuple[str, str, str] | None = None
    while True:
        with state.read() as connection:
            page = alerts_to_look_at(connection, at, after, ALERTS_PER_LOOK)
        for code, alerts in groupby(page, key=lambda alert: alert.service_code):
            yield code, list(alerts)
        if len(page) < ALERTS_PER_LOOK:
            return
        after = (page[-1].service_code, page[-1].subscription_external_id, page[-1].id)


def _tell(
    sources: AlertSources,
    service: Service,
    alerts: Sequence[Alert],
    watermark: Watermark,
    at: datetime,
) -> int:
    read = readings(sources.state, sources.lake, service, alerts, watermark, at)
    with sources.state.write() as connection:
        lock_service(connection, service.code)
        metrics = metrics_by_id(connection, service.code)
        kept = locked_alerts(connection, [alert.id for alert in alerts])
        looks: list[tuple[Alert, int]] = []
        told = 0
        for alert in alerts:
            now = kept.get(alert.id)
            # Deleted since, or watching something else, which wants a look of its own.
            if now is None or now.metric_id != alert.metric_id:
                continue
            reading = read.get(alert.id)
            look = _look(now, reading, at)
            looks.append((look.alert, alert.changes))
            if reading is not None and look.crossed:
                metric = metrics[now.metric_id].code if now.metric_id else None
                _append(connection, service, look, reading, metric, at)
                told += 1
        keep_looks(connection, looks)
        reached("alerts.telling")
    reached("alerts.told")
    return told


def _look(kept: Alert, reading: Reading | None, at: datetime) -> Look:
    """Return what a reading comes to; none, or one of a period that is over, tells nothing."""
    if reading is None:
        return Look(replace(kept, period_end=None), kept.previous_value, ())
    found = seen(kept, reading.value, reading.period, at)
    return found or Look(kept, kept.previous_value, ())


def _append(
    connection: sa.Connection,
    service: Service,
    look: Look,
    reading: Reading,
    metric: str | None,
    at: datetime,
) -> None:
    triggered_id = str(uuid.uuid4())
    body = to_lago_triggered_alert(look, reading.subscription, service, metric, triggered_id, at)
    append(connection, service.code, ALERT_TRIGGERED, body, at)

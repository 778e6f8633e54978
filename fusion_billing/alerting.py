"""A round of alerts: crossed thresholds are told, by one process at a time where several could."""

from datetime import datetime

from fusion_billing.house import House
from ingest.flush import Flusher
from rating.alerts.telling import AlertSources, tell_alerts, wants_a_look
from storage import leases

ALERT_LEASE = "job:alert"


def look_at_alerts(house: House, *, at: datetime, holder: str) -> int:
    """Tell of thresholds that usage crossed since the last call; return the events appended.

    Costs one question to the state while no alert is kept, and a few while no usage of a watched
    subscription came: where this process flushes alone, the lake is not asked. The lease only
    spares work: should two processes look at once, each crossing is told once all the same.
    """
    if not wants_a_look(house.state):
        return 0
    flusher = house.flusher if isinstance(house.flusher, Flusher) else None
    sources = AlertSources(house.state, house.lake, house.inbox.shard_count, flusher)
    if not house.settings.is_scaled:
        return tell_alerts(sources, at)
    with house.state.write() as connection:
        seconds = house.settings.lease_seconds
        lease = leases.acquire(connection, ALERT_LEASE, holder, at, seconds)
    if lease is None:
        return 0
    try:
        return tell_alerts(sources, at)
    finally:
        with house.state.write() as connection:
            leases.release(connection, lease)

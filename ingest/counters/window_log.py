"""Questions about counter windows, answered from the lake after a flush."""

from datetime import datetime

import polars as pl

from catalog.billing_periods import billing_period_at
from catalog.errors import NotFound
from catalog.services import Service
from catalog.store.accounts import account_of
from catalog.store.billable_metrics import metrics_by_code
from catalog.store.plans import plans_by_id
from catalog.store.subscriptions import find_subscription
from catalog.subscriptions import SubscriptionStatus
from ingest.counters.windows import CounterWindow, PeriodStart, counter_windows
from ingest.flush import Flusher
from storage.lake import Lake
from storage.lake_tables import REVISION
from storage.state import State

STARTED = (SubscriptionStatus.ACTIVE, SubscriptionStatus.TERMINATED)
COLUMNS = (
    "fact_id", "value", "is_void", "transaction_id", "received_at", "inbox_id", "sequence",
)  # fmt: skip


class WindowLog:
    """Reads acknowledged counter pushes; an answer never misses one, for it flushes first."""

    def __init__(self, state: State, lake: Lake, flusher: Flusher) -> None:
        """Remember the parts."""
        self._state = state
        self._lake = lake
        self._flusher = flusher

    def windows(
        self, service: Service, subscription_external_id: str, code: str
    ) -> list[CounterWindow]:
        """Return every window of a subscription and a metric as it stands.

        NotFound for an unknown metric. A subscription need not exist yet to be told of.
        """
        with self._state.read() as connection:
            metric = metrics_by_code(connection, service.code).get(code)
        if metric is None:
            raise NotFound("billable_metric")
        self._flusher.flush()
        found = (
            self._lake.scan(REVISION)
            .filter(
                pl.col("service") == service.code,
                pl.col("subscription_id") == subscription_external_id,
                pl.col("metric_code") == code,
                pl.col("fact_id").str.starts_with("w:"),
            )
            .select(COLUMNS)
            .collect()
        )
        return counter_windows(
            found.iter_rows(named=True),
            metric.counter_semantics,
            self._period_start(service, subscription_external_id),
        )

    def _period_start(self, service: Service, external_id: str) -> PeriodStart:
        """Return the periods of the newest subscription that has started under an external id."""
        with self._state.read() as connection:
            found = find_subscription(connection, service.code, external_id, STARTED)
            if found is None:
                return _no_period
            zone = account_of(connection, found).zone(service)
            interval = plans_by_id(connection, service.code, [found.plan_id])[
                found.plan_id
            ].interval

        def start(at: datetime) -> datetime | None:
            period = billing_period_at(found, interval, zone, at)
            return period.usage_start if period.usage_start <= at < period.usage_end else None

        return start


def _no_period(_at: datetime) -> None:
    """Know no period: the subscription has not started."""

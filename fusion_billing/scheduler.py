"""The scheduler: flush, compaction, catalogue copies and the bill run, ticking in this process."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from prometheus_client import Histogram

from catalog.store import services
from dashboards.mart.refresh import refresh_margin
from fusion_billing.alerting import look_at_alerts
from fusion_billing.billing import bill_services
from fusion_billing.catalogue import is_owned_by_odoo, read_from_odoo
from fusion_billing.costs import import_waiting_costs, sync_costs
from fusion_billing.house import House
from fusion_billing.idempotency.store import forget_expired
from fusion_billing.odoo import odoo_of, read_feed, send_waiting
from fusion_billing.provider_costs import provider_sources, read_providers
from fusion_billing.retention import compaction_rules, drop_old_usage
from fusion_billing.rolling_up import roll_up_usage
from ingest.error_events import tell_errors
from ingest.quarantine.repair import Repairs, resume_all
from odoo_bridge.cards.charging import charge_cards
from odoo_bridge.change_feed.invoice_lines import ship_invoice_lines
from odoo_bridge.orders.syncing import sync_orders
from rating.rated_line_store import ship_rated_lines
from storage import leases
from storage.published import publish_catalog

SHARED_JOBS = frozenset(
    {
        *("compact", "ship", "bill", "send", "tell_errors", "mend", "retain", "roll_up", "margin"),
        *("catalogue", "orders", "costs", "costs_odoo", "costs_providers", "feed"),
    }
)
# Several changes of one moment are one look, and nobody can ask for more than one in this time.
WAKE_SECONDS = 2
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class JobHealth:
    """When a job last ended well, and what went wrong since."""

    succeeded_at: datetime | None = None
    problem: str | None = None


@dataclass(slots=True)
class Scheduler:
    """Runs the house's jobs until stopped; a failing job is logged, shown and tried again."""

    house: House
    job_seconds: Histogram
    health: dict[str, JobHealth] = field(default_factory=dict)
    _ticker: BackgroundScheduler = field(
        default_factory=lambda: BackgroundScheduler(timezone="UTC")
    )
    _holder: str = field(default_factory=partial(secrets.token_hex, 8))
    _ticks_waited: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to tick."""
        settings = self.house.settings
        if self.house.workers is not None:
            self.add("flush", self.house.workers.flush, settings.flush_seconds)
        elif not settings.is_scaled:
            self.add("flush", self._flush, settings.flush_seconds)
            self.add("publish", self._publish, settings.publish_seconds)
        if "jobs" in settings.role_names:
            self.add("tell_errors", self._tell_errors, settings.compact_seconds)
            self.add("alert", self._alert, settings.alert_seconds)
            self.add("mend", self._mend, settings.bill_seconds)
            self.add("compact", self._compact, settings.compact_seconds)
            self.add("roll_up", self._roll_up, settings.roll_up_seconds)
            self.add("margin", self._refresh_margin, settings.roll_up_seconds)
            self.add("retain", self._retain, settings.retain_seconds)
            self.add("ship", self._ship, settings.compact_seconds)
            self.add("bill", self._bill, settings.bill_seconds)
            self.add("send", self._send, settings.bill_seconds)
            self.add("costs", self._costs, settings.costs_seconds)
            if settings.costs_odoo_seconds:
                self.add("costs_odoo", self._costs_odoo, settings.costs_odoo_seconds)
            if settings.costs_providers_seconds and provider_sources(settings):
                self.add("costs_providers", self._costs_providers, settings.costs_providers_seconds)
            if settings.odoo_feed_seconds:
                self.add("feed", self._feed, settings.odoo_feed_seconds)
            if settings.odoo_orders:
                self.add("orders", self._orders, settings.bill_seconds)
            if is_owned_by_odoo(settings):
                self.add("catalogue", self._catalogue, settings.catalogue_seconds)
            self.add("forget_requests", self._forget_requests, settings.bill_seconds)
        self._ticker.start()

    def stop(self) -> None:
        """Let running jobs end, start no more."""
        self._stopping.set()
        self._ticker.shutdown(wait=True)

    def add(self, name: str, job: Callable[[], object], seconds: float) -> None:
        """Let a job run every so many seconds."""
        self.health[name] = JobHealth()
        self._ticker.add_job(
            self._run,
            "interval",
            id=name,
            args=(name, job),
            seconds=seconds,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )

    def wake(self, name: str) -> bool:
        """Let a job run within WAKE_SECONDS, however often it is asked; False without such a job.

        Its next turn is a whole interval later.
        """
        job = self._ticker.get_job(name)
        if job is None:
            return False
        soon = datetime.now(UTC) + timedelta(seconds=WAKE_SECONDS)
        if job.next_run_time is None or job.next_run_time > soon:
            job.modify(next_run_time=soon)
        return True

    def _run(self, name: str, job: Callable[[], object]) -> None:
        if self._stopping.is_set():
            return
        try:
            with self.job_seconds.labels(name).time():
                self._do(name, job)
        except Exception as error:  # noqa: BLE001 - a failing job must stop no other, nor its next tick
            self.health[name].problem = f"{type(error).__name__}: {error}"
            _log.exception("job_failed", job=name)
        else:
            self.health[name] = JobHealth(succeeded_at=self.house.clock())

    def _do(self, name: str, job: Callable[[], object]) -> None:
        if name in SHARED_JOBS and self.house.settings.is_scaled:
            self._alone(name, job)
        else:
            job()

    def _alone(self, name: str, job: Callable[[], object]) -> None:
        """Do a job that only one of several processes may do; another one's turn is no failure."""
        state, seconds = self.house.state, self.house.settings.job_lease_seconds
        with state.write() as connection:
            at = self.house.clock()
            lease = leases.acquire(connection, f"job:{name}", self._holder, at, seconds)
        if lease is None:
            return
        try:
            job()
        finally:
            with state.write() as connection:
                leases.release(connection, lease)

    def _flush(self) -> None:
        """Flush what waits; a handful of events may wait some ticks more, to make fewer files."""
        waiting = self.house.inbox.waiting_count()
        if not waiting:
            return
        self._ticks_waited += 1
        settings = self.house.settings
        if waiting >= settings.flush_events_min or self._ticks_waited >= settings.flush_ticks_max:
            self._ticks_waited = 0
            self.house.flusher.flush()

    def _tell_errors(self) -> None:
        tell_errors(self.house.state, self.house.lake, self.house.flusher, self.house.clock())

    def _alert(self) -> None:
        look_at_alerts(self.house, at=self.house.clock(), holder=self._holder)

    def _mend(self) -> None:
        """Finish repairs of quarantined events that a crash cut off."""
        resume_all(Repairs(self.house.state, self.house.intake), self.house.clock())

    def _compact(self) -> None:
        settings = self.house.settings
        rules = compaction_rules(
            files_min=settings.compact_files_min,
            snapshots_kept_days=settings.snapshots_kept_days,
            files_kept_days=settings.files_kept_days,
        )
        self.house.lake.compact(self.house.clock(), rules)

    def _refresh_margin(self) -> None:
        refresh_margin(self.house.lake, self.house.state, at=self.house.clock())

    def _roll_up(self) -> None:
        roll_up_usage(self.house, at=self.house.clock())

    def _retain(self) -> None:
        kept = self.house.settings.usage_kept_months
        drop_old_usage(self.house, at=self.house.clock(), kept_months=kept)

    def _publish(self) -> None:
        publish_catalog(self.house.lake.place.folder, self.house.lake.place.data_path)

    def _forget_requests(self) -> None:
        with self.house.state.write() as connection:
            forget_expired(connection, self.house.clock())

    def _ship(self) -> None:
        ship_rated_lines(self.house.state, self.house.lake)
        ship_invoice_lines(self.house.state, self.house.lake)

    def _bill(self) -> None:
        grace = timedelta(seconds=self.house.settings.bill_grace_seconds)
        bill_services(self.house, at=self.house.clock(), grace=grace)

    def _feed(self) -> None:
        odoo = odoo_of(self.house.settings)
        if odoo is not None:
            read_feed(self.house.state, odoo, at=self.house.clock())

    def _orders(self) -> None:
        odoo = odoo_of(self.house.settings)
        if odoo is None:
            return
        with self.house.state.read() as connection:
            known = services.services(connection)
        report = sync_orders(self.house.state, odoo, known, at=self.house.clock())
        if report.stopped_by is not None:
            raise report.stopped_by

    def _catalogue(self) -> None:
        """Read the catalogue; products that are wrong are told on themselves, not here."""
        odoo = odoo_of(self.house.settings)
        if odoo is not None:
            read_from_odoo(self.house.state, odoo, at=self.house.clock())

    def _costs(self) -> None:
        import_waiting_costs(self.house)

    def _costs_odoo(self) -> None:
        sync_costs(self.house)

    def _costs_providers(self) -> None:
        read_providers(self.house)

    def _send(self) -> None:
        odoo = odoo_of(self.house.settings)
        if odoo is None:
            return
        report = send_waiting(self.house.state, odoo, self.house.settings, at=self.house.clock())
        if report.stopped_by is not None:
            raise report.stopped_by
        charged = charge_cards(self.house.state, odoo, self.house.clock())
        if charged.stopped_by is not None:
            raise charged.stopped_by

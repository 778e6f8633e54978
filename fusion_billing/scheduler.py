"""The scheduler: flush, compaction, catalogue copies and the bill run, ticking in this process."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from fusion_billing.billing import bill_services
from fusion_billing.house import House
from fusion_billing.odoo import odoo_of, send_waiting
from rating.rated_line_store import ship_rated_lines
from storage.lake_tables import TABLES
from storage.published import publish_catalog

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
    health: dict[str, JobHealth] = field(default_factory=dict)
    _ticker: BackgroundScheduler = field(
        default_factory=lambda: BackgroundScheduler(timezone="UTC")
    )
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to tick."""
        settings = self.house.settings
        self.add("flush", self.house.flusher.flush, settings.flush_seconds)
        self.add("compact", self._compact, settings.compact_seconds)
        self.add("publish", self._publish, settings.publish_seconds)
        self.add("ship", self._ship, settings.compact_seconds)
        self.add("bill", self._bill, settings.bill_seconds)
        self.add("send", self._send, settings.bill_seconds)
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
            args=(name, job),
            seconds=seconds,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )

    def _run(self, name: str, job: Callable[[], object]) -> None:
        if self._stopping.is_set():
            return
        try:
            job()
        except Exception as error:  # noqa: BLE001 - a failing job must stop no other, nor its next tick
            self.health[name].problem = f"{type(error).__name__}: {error}"
            _log.exception("job_failed", job=name)
        else:
            self.health[name] = JobHealth(succeeded_at=self.house.clock())

    def _compact(self) -> None:
        most = max(len(self.house.lake.files(table)) for table in TABLES)
        if most >= self.house.settings.compact_files_min:
            self.house.lake.compact()

    def _publish(self) -> None:
        publish_catalog(self.house.lake.folder)

    def _ship(self) -> None:
        ship_rated_lines(self.house.state, self.house.lake)

    def _bill(self) -> None:
        grace = timedelta(seconds=self.house.settings.bill_grace_seconds)
        bill_services(self.house, at=self.house.clock(), grace=grace)

    def _send(self) -> None:
        odoo = odoo_of(self.house.settings)
        if odoo is None:
            return
        report = send_waiting(self.house.state, odoo, self.house.settings, at=self.house.clock())
        if report.stopped_by is not None:
            raise report.stopped_by

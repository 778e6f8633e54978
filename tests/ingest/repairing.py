"""Ingest with a state database, whose metrics a test changes and which it may stop and start."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from catalog.billable_metrics import AggregationType, BillableMetric
from catalog.services import Service
from catalog.store import services
from ingest.quarantine import repair as quarantine_repair
from ingest.quarantine.quarantine import Selection
from ingest.quarantine.quarantined_event import QuarantinedEvent
from ingest.quarantine.repair import Repaired, Repairs, Signature, mend, replay
from ingest.quarantine.store import resolutions_of
from ingest.usage_event import UsageEvent
from storage.lake_tables import USAGE
from storage.state import State, open_state
from tests.ingest.makers import NOW, a_metric, an_event
from tests.ingest.running_ingest import Ingest

ALL = Selection()
SIGNED = Signature("ada", "the app sent a wrong name")
LATER = NOW + timedelta(days=3)
CALLS = ("nexadesk", "calls")


@dataclass
class Repairing:
    """A folder's ingest and state; `metrics` are those in force, and may be changed."""

    folder: Path
    metrics: dict[tuple[str, str], BillableMetric] = field(default_factory=dict)
    database_url: str = ""

    def __post_init__(self) -> None:
        """Open everything, with the services nexadesk and nexamaps and the metric tokens."""
        self.metrics.setdefault(("nexadesk", "tokens"), a_metric())
        self.state = a_state(self.folder, self.database_url)
        self.ingest = Ingest.start(self.folder, self.metrics)

    @property
    def parts(self) -> Repairs:
        """Return the parts that repair."""
        return Repairs(self.state, self.ingest.intake)

    @property
    def own(self) -> dict[str, BillableMetric]:
        """Return the metrics of nexadesk by code."""
        return {code: metric for (service, code), metric in self.metrics.items() if service}

    def close(self) -> None:
        """Close the stores without a flush, as a crash would leave them."""
        self.ingest.stop()
        self.state.close()

    def restart(self) -> None:
        """Stop without a flush and start anew."""
        self.close()
        self.__post_init__()

    def set_aside(self, *events: UsageEvent) -> list[str]:
        """Push events, flush, and return the ids of all rows that are open, oldest first."""
        self.ingest.push(*events)
        return [row.id for row in self.open()]

    def open(self) -> list[QuarantinedEvent]:
        """Return the open rows, oldest first, after a flush."""
        log = self.parts.log
        log.flush()
        return log.after("nexadesk", ALL, None, 100_000)

    def replay(self, selection: Selection = ALL, at: datetime = NOW) -> Repaired:
        """Replay what is open."""
        return replay(self.parts, "nexadesk", selection, self.own, at)

    def mend(self, selection: Selection = ALL, **changes: Any) -> Repaired:  # noqa: ANN401 - JSON
        """Mend what is open."""
        return mend(self.parts, "nexadesk", selection, changes, self.own, NOW, signed=SIGNED)

    def usage(self) -> pl.DataFrame:
        """Return all usage rows by transaction id, after a flush."""
        self.ingest.flusher.flush()
        return self.ingest.lake.scan(USAGE).sort("transaction_id", "subscription_id").collect()


def a_state(folder: Path, url: str) -> State:
    """Open the state of a folder, or at a URL, with the services nexadesk and nexamaps."""
    state = open_state(url, folder)
    with state.write() as connection:
        for code in ("nexadesk", "nexamaps"):
            if services.find_service(connection, code) is None:
                added = Service(code, code, code, "America/Toronto", "CAD", NOW)
                services.add_service(connection, added)
    return state


class Crash(Exception):
    """The process ends here."""


def crash_at(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the repair end at a named place."""

    def reached(place: str) -> None:
        if place == name:
            raise Crash

    monkeypatch.setattr(quarantine_repair, "reached", reached)


def uncountable(transaction_id: str = "a", **changed: object) -> UsageEvent:
    """Return an event whose metric is not there yet."""
    return an_event(transaction_id, **{"code": "calls", **changed})


def calls() -> BillableMetric:
    """Return that metric."""
    return a_metric(AggregationType.COUNT, code="calls", field_name=None)


def decided(bench: Repairing, id_: str) -> Any:  # noqa: ANN401 - a resolution or None
    """Return what was decided about a row."""
    with bench.state.read() as connection:
        return resolutions_of(connection, "nexadesk", [id_]).get(id_)

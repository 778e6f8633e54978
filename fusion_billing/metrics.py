"""The path of usage in Prometheus' words: `/metrics`, read when somebody asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from fusion_billing.house import House
from rating.blocked_closings import blocked_closings
from storage.lake_tables import TABLES

JOB_SECONDS_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)
router = APIRouter(tags=["health"])


@dataclass(frozen=True, slots=True, eq=False)
class PathMetrics(Collector):
    """Reads counts and stores of an open house at each scrape."""

    house: House

    def collect(self) -> Iterator[Metric]:
        """Yield every series but those of the jobs."""
        counts = self.house.counts
        events = CounterMetricFamily(
            "fusion_usage_events", "Usage events answered, by verdict.", labels=["verdict"]
        )
        for verdict, count in counts.decided.items():
            events.add_metric([verdict.value], count)
        yield events
        yield _counter("fusion_pushes_failed", "Pushes answered 503.", counts.failed_pushes)
        yield _counter("fusion_inbox_commits", "Durable commits of the inbox.", counts.commits)
        yield _counter("fusion_usage_flushed", "Events moved into the lake.", counts.flushed)
        yield _counter("fusion_usage_quarantined", "Events set aside.", counts.quarantined)
        yield from self._inbox()
        yield from self._lake()
        with self.house.state.read() as connection:
            blocked_count = len(blocked_closings(connection))
        yield _gauge("fusion_blocked_periods", "Periods two engines disagree on.", blocked_count)

    def _inbox(self) -> Iterator[Metric]:
        inbox = self.house.inbox
        yield _gauge("fusion_inbox_events", "Events not in the lake yet.", inbox.waiting_count())
        yield _gauge("fusion_inbox_bytes", "Bytes they take, compressed.", inbox.bytes_waiting())
        yield _gauge(
            "fusion_inbox_age_seconds",
            "Age of the oldest event not in the lake yet.",
            self.house.inbox_age_seconds(),
        )

    def _lake(self) -> Iterator[Metric]:
        lake = self.house.lake
        files = GaugeMetricFamily("fusion_lake_files", "Parquet files.", labels=["table"])
        size = GaugeMetricFamily("fusion_lake_bytes", "Bytes of Parquet files.", labels=["table"])
        for table in TABLES:
            found = lake.files(table)
            files.add_metric([table.full_name], len(found))
            size.add_metric([table.full_name], sum(each for _, each in found))
        yield files
        yield size
        snapshots = lake.snapshots()
        yield _gauge("fusion_lake_snapshots", "Snapshots kept.", len(snapshots))
        if snapshots:
            age = (self.house.clock() - snapshots[-1][1]).total_seconds()
            yield _gauge("fusion_lake_snapshot_age_seconds", "Age of the newest snapshot.", age)


def metrics_registry(house: House) -> tuple[CollectorRegistry, Histogram]:
    """Return the registry of an open house, and the histogram its jobs are timed with."""
    registry = CollectorRegistry()
    registry.register(PathMetrics(house))
    job_seconds = Histogram(
        "fusion_job_seconds",
        "Seconds a job took: flush, compact, bill and others.",
        labelnames=["job"],
        buckets=JOB_SECONDS_BUCKETS,
        registry=registry,
    )
    return registry, job_seconds


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """Return all series in Prometheus' text format."""
    registry = cast(CollectorRegistry, request.app.state.metrics)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _counter(name: str, text: str, value: int) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)

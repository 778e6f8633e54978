"""What the path of usage did can be read as Prometheus series, and an inbox that ages is told."""

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from tests.fusion_billing.conftest import Roof
from tests.ingest.makers import a_push

EVENTS = "/api/v1/events"


def series(roof: Roof) -> dict[str, float]:
    """Return every sample by its name and label values."""
    answer = roof.client.get("/metrics")
    assert answer.status_code == 200
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_every_verdict_is_counted(roof: Roof) -> None:
    """New, repeated, conflicting and uncountable events show up, and so do flush and lake."""
    for event in (a_push("a"), a_push("a"), a_push("a", code="calls"), a_push("b")):
        roof.client.post(EVENTS, json={"event": event}, headers=roof.headers)
    before = series(roof)
    roof.house.flusher.flush()
    after = series(roof)

    # The conflicting event is set aside, as an entry of its own that is new.
    assert before["fusion_usage_events_total new"] == 3
    assert before["fusion_usage_events_total known"] == 1
    assert before["fusion_usage_events_total conflict"] >= 1
    assert after["fusion_usage_flushed_total"] == 3
    assert after["fusion_usage_quarantined_total"] == 3
    assert after["fusion_inbox_events"] == after["fusion_inbox_bytes"] == 0
    assert after["fusion_lake_files raw.quarantine"] >= 1
    assert after["fusion_lake_snapshots"] >= 1


def test_an_inbox_that_ages_is_an_alarm(roof: Roof) -> None:
    """When usage waits longer than it may, health is degraded and the age is shown."""
    roof.scheduler._stopping.set()
    roof.client.post(EVENTS, json={"event": a_push("a")}, headers=roof.headers)
    limit = roof.house.settings.inbox_age_seconds_max
    ages = []
    for seconds in (limit, 1):
        roof.clock.advance(roof.clock() + timedelta(seconds=seconds))
        ages.append(roof.client.get("/health").json())

    assert [health["status"] for health in ages] == ["ok", "degraded"]
    assert ages[1]["failing"] == ["inbox"]
    assert series(roof)["fusion_inbox_age_seconds"] == limit + 1

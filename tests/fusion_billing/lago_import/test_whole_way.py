"""A house brought over into another through the API, as a Lago is: the same bills, to the cent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.services import ServiceMode
from catalog.store import services
from fusion_billing.billing import bill_services
from fusion_billing.clock import TestClock
from fusion_billing.house import House
from fusion_billing.lago_import.source import LagoSource
from rating.verifying.line_difference import Difference
from rating.verifying.verification import verification
from storage.state_schema import metadata
from tests.fusion_billing.billed_house import in_house
from tests.fusion_billing.conftest import OPENED_AT, Roof
from tests.fusion_billing.lago_import.world import (
    CHANGED,
    FEBRUARY,
    LATER,
    MARCH,
    MIDDLE,
    brought,
    cents,
    change,
    change_mode,
    delete,
    outcomes,
    push,
    quick_source,
    refusals,
    rows_of,
    sell,
    start,
    target_house,
    use,
)
from tests.fusion_billing.listening import listening

RUNNING = ("steady", "tokyo-day", "trial", "long", "up", "down", "gone", "backdated", "own")
Lines = dict[tuple[str, datetime], list[tuple[Any, ...]]]
WHOLE = {
    "billable_metrics": {"created": 6},
    "plans": {"created": 5},
    "customers": {"created": 2},
    "subscriptions": {"created": 12},
    "events": {"created": 222},
}


@dataclass(frozen=True)
class Sold:
    """A folder that may be copied, and what was billed for January in it."""

    folder: Path
    january: Lines


@dataclass
class Both:
    """The house that plays Lago, its address, and the house that takes it in."""

    lago: Roof
    url: str
    house: House
    clock: TestClock
    january: Lines

    @property
    def source(self) -> LagoSource:
        """Return the way to read the one that plays Lago."""
        return quick_source(self.url, self.lago.key)

    def bill(self, at: datetime) -> tuple[object, object]:
        """Bill both houses and return the lines of each."""
        for clock in (self.lago.clock, self.clock):
            if clock() < at:
                clock.advance(at)
        (source,) = bill_services(self.lago.house, at=at)
        (target,) = bill_services(self.house, at=at)
        return cents(source), cents(target)


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Sold:
    """Give the folder of a Lago in the middle of February, which has billed all but two ends."""
    folder = tmp_path_factory.mktemp("sold")
    with in_house(folder) as roof:
        sell(roof)
        use(roof, "january", OPENED_AT, [*RUNNING, "ended"])
        roof.clock.advance(FEBRUARY - timedelta(days=3))
        delete(roof, "/subscriptions/ended")
        roof.clock.advance(FEBRUARY)
        (january,) = bill_services(roof.house, at=FEBRUARY)
        roof.clock.advance(CHANGED)
        use(roof, "february", FEBRUARY, RUNNING)
        bill_services(roof.house, at=CHANGED)
        change(roof)
    return Sold(folder, cents(january))


@pytest.fixture
def both(sold: Sold, tmp_path: Path) -> Iterator[Both]:
    """Give a copy of that Lago, served, and an empty shadow."""
    copytree(sold.folder, tmp_path / "lago")
    clock = TestClock(MIDDLE)
    with (
        in_house(tmp_path / "lago", MIDDLE) as roof,
        listening(roof.client.app, "off") as url,
        target_house(tmp_path / "target", clock) as house,
    ):
        yield Both(roof, url, house, clock, sold.january)


def test_the_bills_are_the_same_to_the_cent(both: Both) -> None:
    """After an import both houses bill the same drafts, line by line, for three months."""
    report = brought(both.house, both.source)

    assert refusals(report) == {}
    assert outcomes(report) == WHOLE
    assert report.is_whole
    for at in (MARCH, MARCH + timedelta(days=31), LATER + timedelta(days=30)):
        source, target = both.bill(at)
        assert target == source
        assert source
    assert differences_of(both.house) == []


def differences_of(house: House) -> list[Difference]:
    """Return what is not as it was billed here, when everything billed is computed again."""
    with house.state.read() as connection:
        service = services.find_service(connection, "nexadesk")
        drafts = metadata.tables["invoice_draft"].c
        ids = set(connection.scalars(sa.select(drafts.id).where(drafts.lines != "[]")))
    assert service is not None
    checked = list(verification(house.state, house.lake, service).verified())
    assert ids <= {each.draft_id for each in checked}
    assert len(ids) > len(RUNNING)
    return [difference for each in checked for difference in each.differences]


def test_a_second_run_writes_nothing(both: Both) -> None:
    """Run again, the import finds everything the same and changes no row."""
    first = brought(both.house, both.source)
    before = rows_of(both.house.state)

    again = brought(both.house, both.source)

    assert outcomes(first).keys() == outcomes(again).keys()
    assert outcomes(again) == {
        kind: {"same": counts["created"]} for kind, counts in outcomes(first).items()
    }
    assert rows_of(both.house.state) == before


def test_a_rehearsal_says_what_would_be_and_writes_nothing(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run tells what the run will tell, before it and after it, and changes no row."""
    empty = rows_of(both.house.state)
    with monkeypatch.context() as unasked:  # There is nothing yet that could be looked for.
        unasked.setattr(both.house.usage_log, "page", None)
        rehearsed = brought(both.house, both.source, is_dry_run=True)
    assert rows_of(both.house.state) == empty

    done = brought(both.house, both.source)
    assert outcomes(rehearsed) == outcomes(done)

    rehearsed = brought(both.house, both.source, is_dry_run=True)
    assert outcomes(rehearsed) == outcomes(brought(both.house, both.source))


def test_what_came_to_lago_meanwhile_comes_too(both: Both) -> None:
    """Usage and customers that are new in Lago are brought by the next run, also of the past."""
    brought(both.house, both.source)
    both.lago.clock.advance(MARCH + timedelta(days=2))
    both.clock.advance(MARCH + timedelta(days=2))
    push(both.lago, "steady", "late", FEBRUARY + timedelta(days=20), "tokens", {"tokens": 7})
    start(both.lago, "fresh", "team", "newcomer")

    report = brought(both.house, both.source)

    assert outcomes(report)["customers"] == {"created": 1, "same": 2}
    assert outcomes(report)["subscriptions"]["created"] == 1
    assert outcomes(report)["events"]["created"] == 1


def test_what_changed_since_is_told_and_left(both: Both) -> None:
    """A price, an end and an event that differ are named with both values, and stay as they are."""
    brought(both.house, both.source)
    body = {"plan": {"amount_cents": 5_001}}
    both.lago.client.put("/api/v1/plans/team", json=body, headers=both.lago.headers)
    both.lago.client.delete("/api/v1/subscriptions/steady", headers=both.lago.headers)
    before = rows_of(both.house.state)

    told = refusals(brought(both.house, both.source))

    assert told["plans", "team"] == "amount_cents: Lago 5001, here 4999"
    assert "status: Lago terminated, here active" in told["subscriptions", "steady"]
    assert rows_of(both.house.state) == before


def test_older_periods_are_brought_when_asked_for(both: Both) -> None:
    """Since an instant in January, the bill of January is made here too, as Lago made it."""
    report = brought(both.house, both.source, since=OPENED_AT + timedelta(days=5))
    assert refusals(report) == {}

    (billed,) = bill_services(both.house, at=MIDDLE)
    ours = cents(billed)
    of_january = {
        key: lines for key, lines in both.january.items() if key[1] == FEBRUARY and key in ours
    }

    assert len(of_january) > len(RUNNING) - 3
    assert {key: ours[key] for key in of_january} == of_january


def test_a_live_service_is_refused(both: Both) -> None:
    """Nothing is brought into a live service, where Lago's periods could be billed again."""
    change_mode(both.house, ServiceMode.LIVE)
    before = rows_of(both.house.state)

    with pytest.raises(Exception, match="service_is_live"):
        brought(both.house, both.source)
    assert rows_of(both.house.state) == before

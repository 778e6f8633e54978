"""A Lago that fails, slows, changes or refuses, and an import that dies: nothing looks whole."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusion_billing.billing import bill_services
from fusion_billing.clock import TestClock
from fusion_billing.house import House
from fusion_billing.lago_import import source as sources
from fusion_billing.lago_import.report import report_text
from fusion_billing.lago_import.source import ATTEMPTS_MAX, LagoSource, SourceError
from ingest.usage_log import EventFilter
from tests.fusion_billing.lago_import.recorded_lago import (
    KEY,
    RecordedLago,
    a_customer,
    a_recorded_lago,
    an_event,
    playing,
)
from tests.fusion_billing.lago_import.world import (
    MARCH,
    MIDDLE,
    brought,
    outcomes,
    quick_source,
    rows_of,
    target_house,
)

DYING = "tests.fusion_billing.lago_import.dying_import"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Give an empty shadow in the middle of February."""
    with target_house(tmp_path, TestClock(MIDDLE)) as house:
        yield house


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_fails_for_a_while_is_asked_again(house: House, status: int) -> None:
    """An answer that comes at the last attempt is as good as one that came at once."""
    lago = a_recorded_lago()
    lago.fault = lambda path, number: status if path == "plans" and number < ATTEMPTS_MAX else None

    with playing(lago) as url:
        report = brought(house, quick_source(url, KEY))

    assert report.is_whole
    assert lago.requests["plans"] == ATTEMPTS_MAX


@pytest.mark.parametrize(
    ("status", "told", "requests"),
    [
        (500, "did not answer events in 4 attempts (status 500)", ATTEMPTS_MAX),
        (429, "goes on refusing so many requests (429)", sources.RATE_LIMIT_RETRIES_MAX + 1),
        (302, "with status 302: see that --url is the address", 1),
        (200, "can't be read", 1),
    ],
)
def test_what_fails_for_good_ends_the_import_with_why(
    house: House, status: int, told: str, requests: int
) -> None:
    """A Lago that dies in mid-run is asked so often only; what came stays; the rest comes later."""
    lago = a_recorded_lago()
    lago.fault = lambda path, _number: status if path == "events" else None

    with playing(lago) as url:
        report = brought(house, quick_source(url, KEY))
        lago.fault = lambda _path, _number: None
        later = brought(house, quick_source(url, KEY))

    assert told in str(report.problem)
    assert not report.is_whole
    assert lago.requests["events"] - len(range(0, 5, 2)) == requests
    assert outcomes(report)["subscriptions"] == {"created": 1}
    assert outcomes(later)["events"] == {"created": 5}
    assert later.is_whole


def test_a_lago_that_does_not_answer_is_not_waited_for(house: House) -> None:
    """An answer that takes too long is a failure, and the way to it is told, not the key."""
    lago = a_recorded_lago()
    lago.fault = lambda path, _number: -1 if path == "customers" else None

    with playing(lago) as url:
        report = brought(house, quick_source(url, KEY, answer_seconds_max=0.2))

    assert "did not answer customers in 4 attempts (ReadTimeout)" in str(report.problem)
    assert outcomes(report) == {}


def test_waiting_between_attempts_is_bounded() -> None:
    """An address where nobody listens is tried four times, with growing waits between."""
    waits: list[float] = []
    source = LagoSource("http://127.0.0.1:9", KEY, wait=waits.append)

    with pytest.raises(SourceError, match="ConnectError"):
        source.get(["plans"])
    assert waits == [1, 2, 4]


def test_a_wrong_key_is_told_and_not_shown(house: House) -> None:
    """A key that Lago does not know ends the import at once, with where a key is given."""
    before = rows_of(house.state)

    with playing(a_recorded_lago()) as url:
        report = brought(house, quick_source(url, "wrong-and-secret"))

    assert "does not know this key (401)" in str(report.problem)
    assert "FUSION_LAGO_KEY" in str(report.problem)
    assert "wrong-and-secret" not in repr(report) + report_text(report)
    assert rows_of(house.state) == before


@pytest.mark.parametrize("key", ["", "two words", "clé", "line\nend"])
def test_what_is_no_key_is_refused_before_it_is_sent(key: str) -> None:
    """A key that no header can carry is refused without being quoted."""
    with pytest.raises(SourceError, match="the key is empty, or has signs") as refusal:
        LagoSource("http://127.0.0.1:9", key)
    assert not key or key not in str(refusal.value)


@pytest.mark.parametrize("path", ["", "/", "/api/v1", "/api/v1/"])
def test_an_address_may_be_written_in_every_usual_way(path: str) -> None:
    """The API is found from its address with or without its path."""
    with playing(a_recorded_lago()) as url:
        assert len(quick_source(url + path, KEY).get(["plans"])) == 2


@pytest.mark.parametrize("url", ["", "lago.example", "ftp://lago.example", "http://a:secret@b"])
def test_what_is_no_address_of_an_api_is_refused(url: str) -> None:
    """An address without http, or with a password, is refused without being quoted."""
    with pytest.raises(SourceError, match="--url must") as refusal:
        LagoSource(url, KEY)
    assert "secret" not in str(refusal.value)


def test_without_the_client_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lago's client is an extra: where it is missing, one line says how to get it."""
    monkeypatch.setitem(sys.modules, "lago_python_client.services.request", None)

    with pytest.raises(SourceError, match="pip install 'lago-python-client>="):
        LagoSource("http://127.0.0.1:9", KEY)


def test_rows_that_come_while_pages_are_read_hide_none(house: House) -> None:
    """New rows push others to later pages: each of those that were there is brought once."""
    lago = a_recorded_lago()

    def push_one(name: str, page: int) -> None:
        if name == "events" and page > 1:
            lago.lists["events"].insert(0, an_event(20 + page - 14 * (page > 6)))

    lago.lists["events"].reverse()
    lago.before_page = lambda name, page: push_one(name, page) if page < 4 else None
    with playing(lago) as url:
        report = brought(house, quick_source(url, KEY))

    kept, _ = house.usage_log.page("nexadesk", EventFilter(), page=1, per_page=100)
    assert [f'"tx-{number}"' in bytes(kept).decode() for number in range(5)] == [True] * 5
    assert report.is_whole


def test_rows_that_go_while_pages_are_read_hide_none(house: House) -> None:
    """A deleted row pulls another onto a page that was read, so the list is read again."""
    lago = a_recorded_lago()
    lago.lists["customers"] = [a_customer(f"cust {number}") for number in range(5)]

    def drop_one(name: str, page: int) -> None:
        if (name, page, len(lago.lists[name])) == ("customers", 2, 5):
            del lago.lists["customers"][0]

    lago.before_page = drop_one
    with playing(lago) as url:
        report = brought(house, quick_source(url, KEY))

    names = {one.name for one in report.entries if one.kind == "customers"}
    assert names == {f"cust {number}" for number in range(5)}


def test_a_list_that_never_holds_still_is_told(house: House) -> None:
    """Where rows go at every reading, the import ends with what to do."""
    lago = a_recorded_lago()
    lago.lists["customers"] = [a_customer(f"cust {number}") for number in range(9)]

    def drop_one(name: str, page: int) -> None:
        if (name, page) == ("customers", 2):
            del lago.lists["customers"][0]

    lago.before_page = drop_one

    with playing(lago) as url:
        report = brought(house, quick_source(url, KEY))

    assert "went on changing" in str(report.problem)
    assert outcomes(report) == {}


@pytest.mark.parametrize(
    ("place", "passes"),
    [
        ("lago_import.before_commit", 2),
        ("lago_import.after_commit", 2),
        ("lago_import.before_events", 2),
        ("lago_import.after_events", 2),
    ],
)
def test_an_import_that_was_killed_is_simply_repeated(
    tmp_path: Path, place: str, passes: int
) -> None:
    """Killed anywhere, the next run brings the rest, nothing twice, and the bill is the same."""
    lago: RecordedLago = a_recorded_lago()
    with playing(lago) as url:
        words = [sys.executable, "-m", DYING, tmp_path, url, KEY, place, str(passes)]
        died = subprocess.run([str(word) for word in words], check=False, capture_output=True)
        assert died.returncode == -signal.SIGKILL, died.stderr[-2000:]
        with target_house(tmp_path, TestClock(MIDDLE)) as house:
            report = brought(house, quick_source(url, KEY))
            again = brought(house, quick_source(url, KEY))
            (billed,) = bill_services(house, at=MARCH.replace(day=9))
            _, total = house.usage_log.page("nexadesk", EventFilter(), page=1, per_page=10)

    assert report.is_whole
    assert outcomes(again) == {
        kind: {"same": sum(counts.values())} for kind, counts in outcomes(report).items()
    }
    assert (total, billed.amount_cents, len(billed.drafts)) == (5, 100_007, 1)

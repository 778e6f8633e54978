"""Bills through a storm: the process dies again and again around its bill runs."""

import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from storage.lake import Lake
from storage.lake_tables import RATED_LINE
from tests.lifecycle.running_service import RunningService
from tests.nightly.mortal_service import (
    answer_at_last,
    count_of,
    kill_and_start,
    open_catalogue,
    seeded_chance,
    subscribe,
    torn_files_count,
)

pytestmark = pytest.mark.nightly

KILLS = 20
# More than one commit of drafts in each run (DRAFTS_PER_COMMIT_MAX is 200).
SUBSCRIPTIONS = tuple(f"acme-{number}" for number in range(250))
MONTHS_MAX = 24
ANYWHERE_ODDS = 0.3
SECONDS_ALIVE_MAX = 4.0
RUN_SECONDS_MAX = 0.5
AWAIT_SECONDS_MAX = 30
BILL_SECONDS_MAX = 120
TORONTO = ZoneInfo("America/Toronto")
FEE_CENTS = 1000
PRICE = "0.0137"
BUSY = {
    "flush_seconds": "0.1",
    "compact_seconds": "1",
    "compact_files_min": "4",
    "publish_seconds": "5",
    "bill_seconds": "1",
    "bill_grace_seconds": "0",
}


def month_start(number: int) -> datetime:
    """Return the first instant of the month so many months after January 2026, in Toronto."""
    return datetime(2026 + number // 12, number % 12 + 1, 1, tzinfo=TORONTO).astimezone(UTC)


def text_of(instant: datetime) -> str:
    """Return an instant as the test clock reads it."""
    return instant.isoformat()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    """Give a service that bills every second."""
    service = RunningService(tmp_path, text_of(month_start(0)), BUSY)
    yield service
    if service.process is not None and service.process.poll() is None:
        service.kill()


def push_usage(service: RunningService, key: str, chance: random.Random) -> dict[str, list[int]]:
    """Push one event for each subscription and month; return the units, month by month."""
    units = {
        subscription: [chance.randrange(1, 100_000) for _ in range(MONTHS_MAX)]
        for subscription in SUBSCRIPTIONS
    }
    for subscription, months in units.items():
        events = [
            {
                "transaction_id": f"month-{number}",
                "external_subscription_id": subscription,
                "code": "tokens",
                "timestamp": int((month_start(number) + timedelta(days=3)).timestamp()),
                "properties": {"value": value},
            }
            for number, value in enumerate(months)
        ]
        answer_at_last(service, "api/v1/events/batch", key, {"events": events})
    return units


def storm(service: RunningService, chance: random.Random) -> tuple[int, int]:
    """Kill the service around its bill runs, month after month; return months and kills."""
    months = kills = 0
    while kills < count_of("CRASH_KILLS", KILLS):
        kills += kill_and_start(service, chance)
        if chance.random() < ANYWHERE_ODDS:
            time.sleep(chance.uniform(0, SECONDS_ALIVE_MAX))
        elif months < MONTHS_MAX:
            months += 1
            runs = runs_count(service)
            service.test_clock = text_of(month_start(months) + timedelta(minutes=5))
            kills += kill_and_start(service, chance)
            await_run(service, runs)
            time.sleep(chance.uniform(0, RUN_SECONDS_MAX))
    return months, kills


def await_run(service: RunningService, runs: int) -> None:
    """Wait until a bill run begins to keep its drafts; it may be over already."""
    deadline = time.monotonic() + AWAIT_SECONDS_MAX
    while runs_count(service) == runs and time.monotonic() < deadline:
        time.sleep(0.002)


def wait_for_drafts(service: RunningService, count: int) -> None:
    """Wait until so many drafts are kept."""
    deadline = time.monotonic() + BILL_SECONDS_MAX
    while len(drafts(service)) < count:
        assert time.monotonic() < deadline, service.fetch("health")
        time.sleep(0.2)


def drafts(service: RunningService) -> list[tuple[str, str, int, str]]:
    """Return subscription, closing, cents and lines of every draft."""
    with closing(sqlite3.connect(service.data_dir / "state.sqlite")) as state:
        return state.execute(
            "SELECT subscription_external_id, closing_at, amount_cents, lines FROM invoice_draft"
        ).fetchall()


def runs_count(service: RunningService) -> int:
    """Return the number of bill runs that began to keep drafts."""
    return _number(service, "SELECT count(*) FROM billing_run")


def runs_cut_off(service: RunningService) -> int:
    """Return the bill runs that a kill ended."""
    return _number(service, "SELECT count(*) FROM billing_run WHERE finished_at IS NULL")


def _number(service: RunningService, question: str) -> int:
    with closing(sqlite3.connect(service.data_dir / "state.sqlite")) as state:
        (count,) = state.execute(question).fetchone()
    return int(count)


def expected_cents(units: dict[str, list[int]], months: int) -> dict[tuple[str, int], list[int]]:
    """Return the cents of fee and usage for each subscription and month, computed by hand."""
    cents = {}
    for subscription, values in units.items():
        for number, value in enumerate(values[:months]):
            usage = (value * Decimal(PRICE) * 100).quantize(Decimal(1), ROUND_HALF_UP)
            cents[subscription, number] = sorted([FEE_CENTS, int(usage)])
    return cents


def check_bills(service: RunningService, expected: dict[tuple[str, int], list[int]]) -> None:
    """One draft for each closing, its lines once in the lake, every cent as computed by hand."""
    months = {month_start(number): number for number in range(MONTHS_MAX)}
    line_ids: Counter[str] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    for subscription, closing_at, amount_cents, lines in drafts(service):
        seen[subscription, closing_at] += 1
        cents = [line["amount_cents"] for line in json.loads(lines)]
        assert amount_cents == sum(cents)
        line_ids.update(line["rated_line_id"] for line in json.loads(lines))
    assert set(seen.values()) == {1}
    assert len(seen) == len(expected)

    lake = Lake(service.data_dir / "lake")
    rated = lake.scan(RATED_LINE).collect()
    lake.close()
    assert Counter(rated["id"]) == line_ids
    found: dict[tuple[str, int], list[int]] = {}
    for row in rated.iter_rows(named=True):
        group = (row["subscription_id"], months[row["period_start"].astimezone(UTC)])
        found[group] = sorted([*found.get(group, []), row["amount_cents"]])
    assert found == expected


def test_bills_through_kills_are_made_once(service: RunningService) -> None:
    """Killed twenty times around its bill runs, it makes one draft a closing and each line once."""
    chance = seeded_chance("bill crash")
    key = service.create_service("nexadesk")
    service.start()
    open_catalogue(service, key, {"tokens": "sum_agg"}, {"tokens": PRICE})
    for subscription in SUBSCRIPTIONS:
        subscribe(service, key, subscription)
    units = push_usage(service, key, chance)

    months, kills = storm(service, chance)
    expected = expected_cents(units, months)
    wait_for_drafts(service, len(expected))

    assert service.stop() == 0
    # The last lines may wait for the next start, which ships them.
    service.start()
    assert service.stop() == 0
    torn, cut = torn_files_count(service.data_dir / "lake"), runs_cut_off(service)
    check_bills(service, expected)
    print(
        f"bill crash: {kills} kills, {cut} bill runs cut off, {torn} torn files, "
        f"{len(expected)} closings, 0 lost, 0 doubled"
    )

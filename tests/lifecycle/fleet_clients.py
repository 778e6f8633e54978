"""Clients of a fleet: they push to several processes at once, retry, and remember every answer."""

import json
import random
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

SUBSCRIPTIONS = ("acme-1", "acme-2", "acme-3", "acme-4", "acme-5")
FIRST_SECOND, MONTH_SECONDS = 1_767_243_600, 31 * 24 * 3600
BUSY_STATUS = 503
RETRY_SECONDS = 0.1
PAUSE_SECONDS = 0.05
SECONDS_MAX = 40
TWICE_ODDS, ALTERED_ODDS = 0.3, 0.1


@dataclass
class Journal:
    """What one client pushed: value and subscription of each answered event, and its conflicts."""

    answered: dict[str, tuple[str, int]] = field(default_factory=dict)
    altered: set[str] = field(default_factory=set)
    refusals: dict[int, int] = field(default_factory=dict)

    def total(self, subscription: str) -> int:
        """Return the sum of a subscription's answered values."""
        known = list(self.answered.values())
        return sum(value for its, value in known if its == subscription)

    def write(self, path: Path) -> None:
        """Write it where another process can read it."""
        path.write_text(json.dumps([self.answered, sorted(self.altered), self.refusals]))

    @classmethod
    def read(cls, path: Path) -> "Journal":
        """Return what another process wrote."""
        answered, altered, refusals = json.loads(path.read_text())
        kept = {name: (subscription, value) for name, (subscription, value) in answered.items()}
        return cls(kept, set(altered), {int(status): n for status, n in refusals.items()})


@dataclass
class Client:
    """Pushes batches to one process or another until each is answered; some again to the other.

    Later it pushes some ids with another value, which must be set aside and change nothing.
    """

    name: str
    key: str
    urls: Sequence[str]
    chance: random.Random
    journal: Journal = field(default_factory=Journal)

    def push_until(self, done: threading.Event, events_max: int) -> None:
        """Push batch after batch."""
        count = 0
        while not done.is_set() and count < events_max:
            batch = [self._event(count + place) for place in range(self.chance.randint(1, 100))]
            count += len(batch)
            self.push(batch)
            if self.chance.random() < TWICE_ODDS:
                self.push(batch)
            if self.chance.random() < ALTERED_ODDS:
                self._push_altered(self.chance.choice(batch))
            time.sleep(PAUSE_SECONDS)

    def push(self, batch: Sequence[dict[str, object]]) -> None:
        """Push until somebody answers, then remember."""
        answered = self._answer(batch)
        assert [each["transaction_id"] for each in answered] == [
            each["transaction_id"] for each in batch
        ]
        for event in batch:
            properties = event["properties"]
            assert isinstance(properties, dict)
            told = (str(event["external_subscription_id"]), int(properties["value"]))
            known = self.journal.answered.setdefault(str(event["transaction_id"]), told)
            if known != told:
                self.journal.altered.add(str(event["transaction_id"]))

    def _push_altered(self, event: dict[str, object]) -> None:
        self.push([event | {"properties": {"value": "1000000"}}])

    def _event(self, number: int) -> dict[str, object]:
        return {
            "transaction_id": f"{self.name}-{number}",
            "external_subscription_id": self.chance.choice(SUBSCRIPTIONS),
            "code": "tokens",
            "timestamp": FIRST_SECOND + self.chance.randrange(MONTH_SECONDS),
            "properties": {"value": str(self.chance.randrange(1000))},
        }

    def _answer(self, batch: Sequence[dict[str, object]]) -> list[dict[str, str]]:
        while True:
            url = self.chance.choice(self.urls)
            try:
                text = fetch(f"{url}api/v1/events/batch", self.key, {"events": batch})
            except urllib.error.HTTPError as refusal:
                count = self.journal.refusals.get(refusal.code, 0)
                self.journal.refusals[refusal.code] = count + 1
                if refusal.code != BUSY_STATUS:
                    told = refusal.read()[:500]
                    raise AssertionError(f"{refusal.code}: {told!r}") from refusal
            except (OSError, HTTPException):
                pass
            else:
                answer: list[dict[str, str]] = json.loads(text)["events"]
                return answer
            time.sleep(RETRY_SECONDS)


def fetch(url: str, key: str, body: object = None) -> str:
    """Return the text of an answer."""
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
        return str(answer.read().decode())


def units(url: str, key: str, subscription: str) -> int:
    """Return the current usage of a subscription in units, as one process tells it."""
    path = f"api/v1/customers/acme/current_usage?external_subscription_id={subscription}"
    usage = json.loads(fetch(url + path, key))["customer_usage"]
    (charge,) = usage["charges_usage"]
    whole, _, rest = charge["units"].partition(".")
    assert not rest.strip("0")
    return int(whole)


def main(name: str, key: str, journal: str, *urls: str) -> None:
    """Push until told to end, as a process of its own, and write what was answered."""
    client, done = Client(name, key, urls, random.Random(name)), threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: done.set())
    try:
        client.push_until(done, sys.maxsize)
    finally:
        client.journal.write(Path(journal))


if __name__ == "__main__":
    main(*sys.argv[1:])

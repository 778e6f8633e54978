"""The catalogue a fleet's clients push to; also a program, for hosts that tests can't reach."""

import sys
from pathlib import Path

from tests.lifecycle.fleet_clients import SUBSCRIPTIONS
from tests.lifecycle.running_service import RunningService
from tests.nightly.mortal_service import open_catalogue, subscribe


def open_books(service: RunningService, key: str) -> None:
    """Create a priced metric and the clients' subscriptions."""
    open_catalogue(service, key, {"tokens": "sum_agg"}, {"tokens": "0.01"})
    for subscription in SUBSCRIPTIONS:
        subscribe(service, key, subscription)


if __name__ == "__main__":
    open_books(RunningService(Path(), "", port=int(sys.argv[1])), sys.argv[2])

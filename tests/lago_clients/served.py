"""A house of its own behind a real socket, with every exchange kept."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from catalog.store import api_keys, services
from fusion_billing.app import create_app, create_front_door
from fusion_billing.billing import bill_services
from fusion_billing.clock import TestClock
from fusion_billing.house import House, opened_house
from fusion_billing.settings import Settings
from tests.fusion_billing.makers import a_service
from tests.lago_clients.recorder import Recorder

OPENED_AT = datetime(2026, 1, 1, 5, 0, tzinfo=UTC)
TWELFTH = datetime(2026, 1, 12, 5, 0, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
START_SECONDS_MAX = 30


@dataclass(frozen=True)
class Served:
    """Where the app listens, its key, its clock, and what was exchanged."""

    root: str
    key: str
    house: House
    clock: TestClock
    recorder: Recorder

    def end_month(self) -> None:
        """Move the clock to February and bill January."""
        self.clock.advance(FEBRUARY)
        bill_services(self.house, at=FEBRUARY)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Serve a new house without an Odoo at the first of January."""
    clock = TestClock(OPENED_AT)
    with opened_house(Settings(data_dir=folder), clock) as house:
        with house.state.write() as connection:
            services.add_service(connection, a_service(OPENED_AT))
            _, key = api_keys.create_key(connection, "nexadesk", house.pepper, OPENED_AT)
        recorder = Recorder(create_front_door(create_app(house), house))
        with listening(recorder) as root:
            yield Served(root, key, house, clock, recorder)


@contextmanager
def listening(recorder: Recorder) -> Iterator[str]:
    """Run the app on a free port of this machine and give its address."""
    server = uvicorn.Server(
        uvicorn.Config(recorder, host="127.0.0.1", port=0, log_level="warning", lifespan="on")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS_MAX
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started, "the app did not start"
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(START_SECONDS_MAX)

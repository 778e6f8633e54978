"""The house, opened: every store and thread of one process, built by hand in one place."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from catalog.billable_metrics import BillableMetric
from catalog.store import billable_metrics, services
from fusion_billing.clock import Clock
from fusion_billing.settings import Settings
from ingest.committer import Committer
from ingest.flush import Flusher, known_events
from ingest.key_index import KeyIndex
from ingest.usage_log import UsageLog
from rating.rated_line_store import ship_rated_lines
from storage.inbox import Inbox
from storage.lake import Lake
from storage.state import State, open_state

PEPPER_BYTES = 32


@dataclass(frozen=True, slots=True)
class House:
    """What the process has open; closed in the reverse order of opening."""

    settings: Settings
    clock: Clock
    pepper: bytes
    state: State
    lake: Lake
    inbox: Inbox
    flusher: Flusher
    committer: Committer
    usage_log: UsageLog


@contextmanager
def opened_state(settings: Settings) -> Iterator[State]:
    """Open only the state database: enough for services and keys while the service runs."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    state = open_state(settings.database_url.get_secret_value(), settings.data_dir.resolve())
    try:
        yield state
    finally:
        state.close()


@contextmanager
def opened_house(settings: Settings, clock: Clock) -> Iterator[House]:
    """Open everything; LakeBusyError when another process has this data folder open."""
    with opened_state(settings) as state:
        lake = Lake(settings.data_dir / "lake")
        inbox = Inbox(settings.data_dir / "inbox.sqlite")
        flusher = Flusher(inbox, lake, lambda: _metrics_in_force(state))
        committer = Committer(inbox, KeyIndex(known_events(inbox, lake)))
        ship_rated_lines(state, lake)
        try:
            yield House(
                settings=settings,
                clock=clock,
                pepper=read_pepper(settings.data_dir),
                state=state,
                lake=lake,
                inbox=inbox,
                flusher=flusher,
                committer=committer,
                usage_log=UsageLog(lake, flusher),
            )
        finally:
            committer.close()
            flusher.flush()
            inbox.close()
            lake.close()


def read_pepper(data_dir: Path) -> bytes:
    """Return the secret that keys are digested with; made once, readable by the owner only."""
    path = data_dir / "pepper"
    fresh = path.with_suffix(f".{os.getpid()}")
    if not path.exists():
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(PEPPER_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # Another process may have been faster; its pepper is the one that counts.
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_bytes()


def _metrics_in_force(state: State) -> dict[tuple[str, str], BillableMetric]:
    with state.read() as connection:
        return {
            (service.code, code): metric
            for service in services.services(connection)
            for code, metric in billable_metrics.metrics_by_code(connection, service.code).items()
        }

"""A fleet: real `serve` processes with a role each, over one PostgreSQL and one bucket."""

import secrets
import signal
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from storage.lake import Lake, LakePlace
from tests.lifecycle.hosts import Hosts
from tests.lifecycle.running_service import COMMAND, HOST, RunningService
from tests.real_parts import PostgresServer
from tests.real_parts.s3 import S3Server

LEASE_SECONDS = 2
# Five processes start at once, on a machine that may be busy with others.
START_SECONDS_MAX = 180
OPENED_AT = "2026-01-01T05:00:00Z"
ROLES = {"api-1": "api", "api-2": "api", "flush-1": "flush", "flush-2": "flush", "jobs": "jobs"}
# Everything that writes runs as often as it can, so that kills meet it.
BUSY = {
    "flush_seconds": "0.2",
    "compact_seconds": "1",
    "compact_files_min": "4",
    "bill_seconds": "5",
    "bill_grace_seconds": "0",
    "lease_seconds": str(LEASE_SECONDS),
    "job_lease_seconds": "5",
    "flush_wait_seconds_max": "20",
}


@dataclass(frozen=True)
class Stores:
    """What all processes share, as one of them reaches it."""

    database_url: str
    bucket: str
    s3_url: str
    s3: S3Server
    pepper: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    def settings(self, shards: int) -> dict[str, str]:
        """Return the settings of a process, but for its role."""
        return BUSY | {
            "database_url": self.database_url,
            "inbox_url": self.database_url,
            "lake_catalog": self.database_url,
            "lake_data": f"s3://{self.bucket}/lake",
            "s3_endpoint": self.s3_url,
            "s3_key_id": self.s3.key_id,
            "s3_secret": self.s3.secret,
            "pepper": self.pepper,
            "shards": str(shards),
        }

    @contextmanager
    def opened_lake(self, folder: Path) -> Iterator[Lake]:
        """Give the lake the processes share."""
        place = LakePlace(
            folder,
            catalog=self.database_url,
            data=f"s3://{self.bucket}/lake",
            s3_endpoint=self.s3_url,
            s3_key_id=self.s3.key_id,
            s3_secret=self.s3.secret,
        )
        lake = Lake(place)
        yield lake
        lake.close()


def new_stores(postgresql: PostgresServer, s3: S3Server) -> Stores:
    """Return an empty database and an empty bucket."""
    name = f"fleet-{secrets.token_hex(4)}"
    postgresql.create_database(name)
    s3.create_bucket(name)
    return Stores(postgresql.url(name), name, s3.url, s3)


@dataclass
class Fleet:
    """The processes by name; any of them may be killed, paused and started again."""

    members: dict[str, RunningService]

    def start(self, names: Sequence[str] = tuple(ROLES)) -> None:
        """Start those of the processes that do not run, all at once."""
        chosen = [self.members[name] for name in names if not self.is_running(name)]
        with ThreadPoolExecutor(len(ROLES)) as pool:
            list(pool.map(RunningService.start, chosen))

    def run(self, *words: str) -> str:
        """Run one verb of the command line beside the fleet and return what it says."""
        member = self.members["jobs"]
        done = subprocess.run(
            [*COMMAND, *words, "--data-dir", str(member.data_dir)],
            capture_output=True,
            text=True,
            env=member._environment() | {"FUSION_ROLES": "api,flush,jobs"},
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pause(self, name: str) -> None:
        """Freeze a process as a stalled host would; it does not notice."""
        self._send(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a frozen process go on."""
        self._send(name, signal.SIGCONT)

    def is_running(self, name: str) -> bool:
        """Say whether a process is there, frozen or not."""
        process = self.members[name].process
        return process is not None and process.poll() is None

    def end(self) -> None:
        """Kill whatever still runs."""
        for name, member in self.members.items():
            if self.is_running(name):
                member.kill()

    def _send(self, name: str, number: signal.Signals) -> None:
        process = self.members[name].process
        assert process is not None
        process.send_signal(number)


@dataclass
class Member(RunningService):
    """A process of the fleet, perhaps on a host of its own; its log tells when it is ready."""

    start_seconds_max: int = START_SECONDS_MAX
    starts_before: int = 0

    def _is_ready(self) -> bool:
        if self.host == HOST:
            return super()._is_ready()
        # Tests reach this machine alone: on another host it is its log that tells.
        log = (self.data_dir / "serve.log").read_text()
        return log.count("Uvicorn running") > self.starts_before

    def start(self) -> None:
        """Start serving and wait until traffic is taken."""
        log = self.data_dir / "serve.log"
        self.starts_before = log.read_text().count("Uvicorn running") if log.exists() else 0
        super().start()


@contextmanager
def fleet_of(
    stores: Stores, folder: Path, shards: int = 4, hosts: Hosts | None = None
) -> Iterator[Fleet]:
    """Give two API processes, two flush workers and one for jobs, each with a folder of its own."""
    members: dict[str, RunningService] = {}
    for name, roles in ROLES.items():
        (folder / name).mkdir()
        settings = stores.settings(shards) | {"roles": roles}
        members[name] = member = Member(folder / name, OPENED_AT, settings)
        if hosts is not None:
            member.before_command, member.host = hosts.inside(name), hosts.address(name)
    fleet = Fleet(members)
    try:
        yield fleet
    finally:
        fleet.end()

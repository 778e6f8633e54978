"""A real `fusion-billing serve` in a process of its own, which a test may kill and start again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS_MAX = 60
HOST = "127.0.0.1"
COMMAND = (sys.executable, "-m", "fusion_billing")


def free_port() -> int:
    """Return a loopback port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class RunningService:
    """One service process over one data folder; without a test clock it has the machine's."""

    data_dir: Path
    test_clock: str
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    before_command: Sequence[str] = ()
    host: str = HOST
    start_seconds_max: int = START_SECONDS_MAX

    @property
    def url(self) -> str:
        """Return the base URL that Lago's clients are given."""
        return f"http://{self.host}:{self.port}/"

    def create_service(self, code: str) -> str:
        """Create a service from the command line and return its key."""
        created = self._cli("service", "create", code, "--json")
        return str(json.loads(created)["api_key"])

    def start(self) -> None:
        """Start serving and wait until traffic is taken."""
        arguments = ["serve", "--port", str(self.port)]
        arguments += ["--test-clock", self.test_clock] if self.test_clock else []
        arguments += [] if self.host == HOST else ["--host", "0.0.0.0"]  # noqa: S104 - its own net
        with (self.data_dir / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.before_command, *COMMAND, *arguments, "--data-dir", str(self.data_dir)],
                stdout=log,
                stderr=log,
                env=self._environment(),
            )
        self._wait_until_ready()

    def kill(self) -> None:
        """End the process as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask the process to end and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=START_SECONDS_MAX)

    def advance_clock(self, key: str, to: str) -> None:
        """Move the service's frozen time forward."""
        self.fetch("test_clock/advance", key=key, body={"to": to})

    def fetch(self, path: str, *, key: str = "", body: object = None) -> str:
        """Return the text of an answer."""
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.start_seconds_max
        while time.monotonic() < deadline:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            try:
                if self._is_ready():
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"no service: {(self.data_dir / 'serve.log').read_text()[-2000:]}")

    def _is_ready(self) -> bool:
        """Say whether the service takes traffic; OSError while it does not answer."""
        self.fetch("readyz")
        return True

    def _cli(self, *arguments: str) -> str:
        done = subprocess.run(
            [*COMMAND, *arguments, "--data-dir", str(self.data_dir)],
            check=True,
            capture_output=True,
            text=True,
            env=self._environment(),
            timeout=START_SECONDS_MAX,
        )
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return os.environ | {f"FUSION_{name.upper()}": v for name, v in self.settings.items()}

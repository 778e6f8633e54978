"""A server process under supervision: started, awaited, stopped, and never left behind."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.real_parts.commands import last_lines, retry_command
from tests.real_parts.faults import PartMissingError

START_SECONDS_MAX = 120
POLL_SECONDS = 0.05
SUPERVISOR = Path(__file__).with_name("supervisor.py")


class SupervisedServer:
    """A server that ends with this process; its folder (log, data) ends with it."""

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        stop_signal: str,
        *,
        account: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Start the server; its output goes to `server.log` in its folder."""
        self.folder = folder
        supervisor = [sys.executable, "-I", "-S", str(SUPERVISOR)]
        supervisor += ["--folder", str(folder), "--signal", stop_signal]
        supervisor += ["--account", account] if account else []
        with (folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*supervisor, "--", *(str(word) for word in command)],
                cwd=folder,
                env=env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Return when the server is ready; raise with the end of its log when it will not be."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = (self.folder / "server.log").read_text(errors="replace")
                self.stop()
                reason = f"the server did not start:\n{last_lines(log)}\n"
                raise PartMissingError(reason, retry_command())
            time.sleep(POLL_SECONDS)

    def wait_until_ended(self) -> None:
        """Return when the server, told to end by other means, has ended."""
        self._process.wait(timeout=START_SECONDS_MAX)

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        if self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait(timeout=START_SECONDS_MAX)
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """Return a loopback TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""Servers under measurement: the product's own `serve`, and the bare app, each in a process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import on_cores, server_cores
from benchmarks.raw_client import asked
from benchmarks.workload import SERVICE
from tests.lifecycle.running_service import free_port

START_SECONDS_MAX = 600
STOP_SECONDS_MAX = 120
PRODUCT = (sys.executable, "-m", "fusion_billing")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens, its process, and how long it took to be ready."""

    port: int
    pid: int
    ready_seconds: float


def create_service(data_dir: Path) -> str:
    """Create the service in a data folder and return its key; its days begin in UTC."""
    words = (SERVICE, "--timezone", "UTC", "--json", "--data-dir", str(data_dir))
    created = subprocess.run(
        [*PRODUCT, "service", "create", *words], check=True, capture_output=True, text=True
    )
    return str(json.loads(created.stdout)["api_key"])


@contextmanager
def serving(
    data_dir: Path,
    settings: Mapping[str, str],
    *arguments: str,
    cores: set[int] | None = None,
) -> Iterator[Server]:
    """Run the product on a data folder, by default with the server's core alone."""
    port = free_port()
    words = ("serve", "--port", str(port), "--data-dir", str(data_dir), *arguments)
    variables = os.environ | {f"FUSION_{name.upper()}": value for name, value in settings.items()}
    log = data_dir / "serve.log"
    with _running([*PRODUCT, *words], port, "/readyz", log, variables, cores) as server:
        yield server


@contextmanager
def serving_bare(folder: Path, single_bytes: int, batch_bytes: int) -> Iterator[Server]:
    """Run the bare app, with the server's core alone."""
    port = free_port()
    words = (str(port), str(single_bytes), str(batch_bytes))
    command = [sys.executable, "-m", "benchmarks.bare_app", *words]
    with _running(command, port, "/single", folder / "bare.log", os.environ, None) as server:
        yield server


@contextmanager
def _running(
    command: Sequence[str],
    port: int,
    ready_path: str,
    log: Path,
    variables: Mapping[str, str],
    cores: set[int] | None,
) -> Iterator[Server]:
    started = time.perf_counter()
    with log.open("ab") as output, on_cores(cores or server_cores()):
        process = subprocess.Popen(command, stdout=output, stderr=output, env=dict(variables))
    try:
        _wait_until_ready(process, port, ready_path, log)
        yield Server(port, process.pid, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)


def _wait_until_ready(
    process: "subprocess.Popen[bytes]", port: int, ready_path: str, log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        try:
            asked(port, "GET", ready_path)
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"{log.name} says why the server did not start: {log.read_text()[-2000:]}")

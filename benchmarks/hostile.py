"""One well-behaved client's latencies, alone and beside hostile bodies, and what these cost."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import TURNS, percentile
from benchmarks.machine import client_cores, memory_megabytes, on_cores
from benchmarks.raw_client import Caller
from benchmarks.serving import Server, create_service, serving

PER_SECOND = 2
PAUSE_SECONDS = 0.01
EVENTS_PATH = "/api/v1/events"


def hostile_figures(folder: Path, requests_count: int) -> Iterator[str]:
    """Yield p50 and p99 of one client that pushes every 10 ms, without and with hostile bodies."""
    data_dir = folder / "hostile"
    data_dir.mkdir()
    key = create_service(data_dir)
    alone: list[float] = []
    beside: list[float] = []
    told: Counter[str] = Counter()
    with serving(data_dir, {}) as server, on_cores(client_cores()):
        caller = Caller(server.port, key)
        _timed(caller, requests_count, "warm")
        before = memory_megabytes(server.pid)
        for turn in range(TURNS):
            alone += _timed(caller, requests_count, f"alone-{turn}")
            with _hostility(server, key, data_dir, told):
                beside += _timed(caller, requests_count, f"beside-{turn}")
        grown = memory_megabytes(server.pid) - before
    for name, each in (("alone", alone), ("beside hostile bodies", beside)):
        p50, p99 = percentile(each, 0.5) * 1000, percentile(each, 0.99) * 1000
        yield f"one client's push, {name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms"
    yield (
        f"p99 beside is {percentile(beside, 0.99) / percentile(alone, 0.99):.2f} of p99 alone, at "
        f"{PER_SECOND} hostile bodies a second; memory grew by {grown:.0f} MB"
    )
    yield f"what the hostile were answered: {dict(sorted(told.items()))}"


def _timed(caller: Caller, count: int, name: str) -> list[float]:
    """Return the seconds of each push, one every 10 ms."""
    each = []
    for number in range(count):
        event = {
            "transaction_id": f"{name}-{number}", "external_subscription_id": "s", "code": "x",
            "properties": {"x": "1"},
        }  # fmt: skip
        body = json.dumps({"event": event}).encode()
        started = time.perf_counter()
        caller.ask("POST", EVENTS_PATH, body)
        each.append(time.perf_counter() - started)
        time.sleep(PAUSE_SECONDS)
    return each


@contextmanager
def _hostility(server: Server, key: str, folder: Path, told: Counter[str]) -> Iterator[None]:
    words = (str(server.port), key, str(PER_SECOND))
    answers = folder / "hostile.log"
    with answers.open("wb") as log:
        command = [sys.executable, "-m", "benchmarks.hostile_caller", *words]
        process = subprocess.Popen(command, stdout=log)
        try:
            while process.poll() is None and not answers.stat().st_size:
                time.sleep(PAUSE_SECONDS)
            yield
        finally:
            process.terminate()
            process.wait()
    told.update(answers.read_text().split())

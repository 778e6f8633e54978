"""Schemathesis, an independent reader of our OpenAPI, against a service in its own process."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fusion_billing.app import MOUNT
from fusion_billing.openapi.document import OPERATIONS
from tests.fusion_billing.conftest import fresh_roof
from tests.fusion_billing.openapi.tour import FEBRUARY, UNDONE_FROM, Tour, is_unmounted
from tests.lifecycle.running_service import RunningService

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance", "ignored_auth",
)  # fmt: skip
# A clock that runs ahead would end every lease and key: it is asked in a life of its own.
CLOCK = "/test_clock/advance"
# Two threads that parse Python at once can meet a fault of CPython 3.11 (AST recursion depth).
WORKERS = "1"
PATHS_EACH_PART = 8
REQUEST_SECONDS_MAX = 30
RUN_SECONDS_MAX = 3600
REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class World:
    """A data folder after the tour through our examples, for copying, and the key to it."""

    folder: Path
    key: str


def toured(folder: Path) -> World:
    """Return a folder in which every example has run but those that take things away again."""
    with fresh_roof(folder) as roof:
        Tour(roof).go(before=UNDONE_FROM)
        return World(folder, roof.key)


def parts() -> list[tuple[str, ...]]:
    """Return all documented paths in parts of a few minutes each, the clock's last and alone."""
    named = [("" if is_unmounted(one) else MOUNT) + one.path for one in OPERATIONS.values()]
    paths = [path for path in dict.fromkeys(named) if path != CLOCK]
    starts = range(0, len(paths), PATHS_EACH_PART)
    return [*(tuple(paths[start : start + PATHS_EACH_PART]) for start in starts), (CLOCK,)]


def said_by_schemathesis(
    folder: Path, world: World, *, examples: int, phases: tuple[str, ...], paths: tuple[str, ...]
) -> str:
    """Return what it says at its end of these paths; AssertionError with all of it on a failure."""
    data_dir = shutil.copytree(world.folder, folder / "data")
    service = RunningService(data_dir, FEBRUARY.isoformat())
    service.start()
    try:
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")), "run",
                f"{service.url}openapi.json", "--header", f"Authorization: Bearer {world.key}",
                "--max-examples", str(examples), "--phases", ",".join(phases),
                "--checks", ",".join(CHECKS), "--request-timeout", str(REQUEST_SECONDS_MAX),
                "--generation-deterministic", "--no-shrink", "--no-color", "--workers", WORKERS,
                "--continue-on-failure", *(f"--include-path={path}" for path in paths),
            ],
            capture_output=True, text=True, cwd=folder, check=False, timeout=RUN_SECONDS_MAX,
            env=os.environ | {
                "SCHEMATHESIS_HOOKS": "tests.fusion_billing.openapi.schemathesis_hooks",
                "PYTHONPATH": str(REPOSITORY),
            },
        )  # fmt: skip
    finally:
        service.stop()
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-2000:]}"
    return done.stdout

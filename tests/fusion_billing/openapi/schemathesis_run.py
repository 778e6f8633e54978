"""Schemathesis, an independent reader of our OpenAPI, against a service in its own process."""

import subprocess
import sys
from pathlib import Path

from tests.lifecycle.running_service import RunningService

STARTED_AT = "2026-01-12T05:00:00Z"
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance", "ignored_auth",
)  # fmt: skip
# It writes no lines of JSON, and a clock that runs ahead would end every lease and key.
LEFT_OUT = ("/api/billing/v1/usage/import", "/test_clock/advance")
REQUEST_SECONDS_MAX = 30
RUN_SECONDS_MAX = 3 * 3600


def said_by_schemathesis(folder: Path, *, examples: int, phases: tuple[str, ...]) -> str:
    """Return what it says at its end; AssertionError with all of it when a check failed."""
    service = RunningService(folder, STARTED_AT)
    key = service.create_service("nexadesk")
    service.start()
    try:
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")), "run",
                f"{service.url}openapi.json", "--header", f"Authorization: Bearer {key}",
                "--max-examples", str(examples), "--phases", ",".join(phases),
                "--checks", ",".join(CHECKS), "--request-timeout", str(REQUEST_SECONDS_MAX),
                "--generation-deterministic", "--no-shrink", "--no-color", "--workers", "2",
                "--continue-on-failure", *(f"--exclude-path={path}" for path in LEFT_OUT),
            ],
            capture_output=True, text=True, cwd=folder, check=False, timeout=RUN_SECONDS_MAX,
        )  # fmt: skip
    finally:
        service.stop()
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-2000:]}"
    return done.stdout

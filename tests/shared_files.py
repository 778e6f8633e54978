"""Data that lies beside the repository: only tests read it, the product never does."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared_file(name: str) -> Path:
    """Return a shared file; in CI a missing one fails, elsewhere the test is skipped."""
    path = SHARED / name
    if path.exists():
        return path
    message = f"shared/{name} is missing: put the shared folder beside the repository"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)

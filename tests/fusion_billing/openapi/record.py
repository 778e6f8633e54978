"""Writes the answers of all examples again: `python -m tests.fusion_billing.openapi.record`."""

import json
import re
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from fusion_billing.openapi.document import EXAMPLES, OPERATIONS
from tests.fusion_billing.conftest import fresh_roof
from tests.fusion_billing.openapi.tour import Tour

UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def steady(text: str) -> str:
    """Return a text whose ids and digests don't change from one recording to the next."""
    text = UUID.sub(_numbered("1a901a90-1a90-4a90-8a90-{:012x}"), text)
    return DIGEST.sub(_numbered("{:064x}"), text)


def _numbered(form: str) -> Callable[[re.Match[str]], str]:
    known: dict[str, str] = {}
    return lambda found: known.setdefault(found[0], form.format(len(known) + 1))


def record() -> None:
    """Go on the tour and keep what was answered."""
    with tempfile.TemporaryDirectory() as folder, fresh_roof(Path(folder)) as roof:
        tour = Tour(roof)
        tour.go()
    bodies: dict[str, Any] = {name: tour.bodies[name] for name in OPERATIONS}
    text = json.dumps(bodies, indent=1, ensure_ascii=False)
    Path(str(resources.files("fusion_billing.openapi").joinpath(EXAMPLES))).write_text(
        steady(text) + "\n", "utf-8"
    )


if __name__ == "__main__":
    record()

"""Writes the answers of all examples again: `python -m tests.fusion_billing.openapi.record`."""

import json
import re
import tempfile
from collections.abc import Callable
from importlib import resources
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

from fusion_billing.openapi.document import EXAMPLES, OPERATIONS, recorded_answers
from tests.fusion_billing.conftest import fresh_roof
from tests.fusion_billing.openapi.tour import Tour

UUID_TEXT = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
SIGNATURE = re.compile(r"\b[0-9a-f]{128}\b")
FIRST_ID = 0x1A901A9000004A908A90000000000000
# A house makes its pair of keys anew each time: the one that was shown stays.
OF_ITS_OWN_KEYS = ("GET /webhooks/public_key", "GET /webhooks/json_public_key")


def steady(text: str) -> str:
    """Return a text whose ids and digests don't change from one recording to the next."""
    text = UUID_TEXT.sub(_numbered("1a901a90-1a90-4a90-8a90-{:012x}"), text)
    text = SIGNATURE.sub(_numbered("{:0128x}"), text)
    return DIGEST.sub(_numbered("{:064x}"), text)


def _numbered(form: str) -> Callable[[re.Match[str]], str]:
    known: dict[str, str] = {}
    return lambda found: known.setdefault(found[0], form.format(len(known) + 1))


def record() -> None:
    """Go on the tour and keep what was answered; what was made first has the least id."""
    numbers = count(FIRST_ID)
    with (
        patch("uuid.uuid4", lambda: UUID(int=next(numbers))),
        patch("fusion_billing.scheduler.look_at_alerts", lambda *_, **__: 0),  # It has a clock.
        tempfile.TemporaryDirectory() as folder,
        fresh_roof(Path(folder)) as roof,
    ):
        tour = Tour(roof)
        tour.go()
    known = recorded_answers()
    bodies: dict[str, Any] = {name: tour.bodies[name] for name in OPERATIONS}
    bodies |= {name: known[name] for name in OF_ITS_OWN_KEYS if name in known}
    text = json.dumps(bodies, indent=1, ensure_ascii=False)
    Path(str(resources.files("fusion_billing.openapi").joinpath(EXAMPLES))).write_text(
        steady(text) + "\n", "utf-8"
    )


if __name__ == "__main__":
    record()

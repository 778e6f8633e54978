"""A small durable keeper of raw events for import tests, and a program that a fault may end.

Run as a program: data folder, usage file, name of the fault point, pass at which it strikes.
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from catalog.exact_json import JsonObject
from catalog.services import Service
from catalog.store import services
from ingest.files import usage_file as usage_files
from ingest.files.usage_file import usage_file
from ingest.files.usage_import import Importing, import_usage
from ingest.keeping import Outcome, RowOutcome
from storage import fault_points
from storage.state import State, open_state

NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
BATCH_ROWS = 10


class Keeper:
    """Keeps events by transaction id in a file: the same again is known, other content refused."""

    def __init__(self, path: Path) -> None:
        """Read what was kept before."""
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.kept: dict[str, str] = dict(json.loads(line) for line in lines)

    def __call__(
        self, service_code: str, raws: list[JsonObject], at: datetime
    ) -> Sequence[RowOutcome]:
        """Keep what is new and say of each event what it was."""
        return [self._outcome(f"{service_code}/{raw['transaction_id']}", raw) for raw in raws]

    def _outcome(self, key: str, raw: JsonObject) -> RowOutcome:
        content = json.dumps(raw, default=str)
        if "code" not in raw:
            return RowOutcome(Outcome.REFUSED, {"code": ["value_is_mandatory"]})
        if key not in self.kept:
            self.kept[key] = content
            with self.path.open("a") as file:
                file.write(json.dumps([key, content]) + "\n")
            return RowOutcome(Outcome.KEPT)
        if self.kept[key] == content:
            return RowOutcome(Outcome.KNOWN)
        return RowOutcome(Outcome.REFUSED, {"transaction_id": ["value_already_exist"]})


def state_with(folder: Path, *codes: str) -> State:
    """Open the state of a folder, with services of these codes."""
    state = open_state("", folder)
    add_services(state, *codes)
    return state


def add_services(state: State, *codes: str) -> None:
    """Add services of these codes where they are missing."""
    with state.write() as connection:
        for code in codes:
            if services.find_service(connection, code) is None:
                services.add_service(
                    connection, Service(code, code, code, "America/Toronto", "CAD", NOW)
                )


def main(folder: Path, path: Path, fault: str, passes: int) -> None:
    """Import a file in small batches until the fault strikes."""
    usage_files.BATCH_ROWS = BATCH_ROWS
    state = state_with(folder, "nexadesk")
    fault_points.arm(fault, passes)
    parts = Importing(state, Keeper(folder / "kept"), lambda: NOW)
    import_usage(parts, "nexadesk", usage_file(path), "import-1")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))

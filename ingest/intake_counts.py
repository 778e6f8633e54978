"""What the path of usage has done since the start of the process: plain counts for whoever asks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ingest.keys.key_index import Verdict


@dataclass(slots=True)
class IntakeCounts:
    """Events by what became of them; each field is written by one thread."""

    decided: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    failed_pushes: int = 0
    commits: int = 0
    flushed: int = 0
    quarantined: int = 0

    def add(self, decided: Iterable[Sequence[Verdict]]) -> None:
        """Count the verdicts of some pushes."""
        for verdicts in decided:
            new_count = verdicts.count(Verdict.NEW)
            self.decided[Verdict.NEW] += new_count
            if new_count < len(verdicts):
                for verdict in (Verdict.KNOWN, Verdict.CONFLICT):
                    self.decided[verdict] += verdicts.count(verdict)

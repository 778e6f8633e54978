"""Ingest over real stores, which a test may stop and start again as a process would."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.committer import Committer
from ingest.deciding import IndexDecider
from ingest.flush import Flusher
from ingest.keys.kept_keys import KeptKeys
from ingest.keys.key_index import Verdict
from ingest.push import Push, Receipt
from ingest.receiving import Intake
from ingest.usage_event import UsageEvent
from ingest.usage_frame import MetricsInForce
from storage.inbox import Inbox, open_inbox
from storage.lake import Lake
from storage.lake_tables import QUARANTINE, USAGE
from tests.ingest.makers import a_batch, a_metric
from tests.prepared import prepared_lake

METRICS: MetricsInForce = {("nexadesk", "tokens"): a_metric()}
SINCE = datetime(2026, 9, 1, tzinfo=UTC)
SEED = 11


@dataclass
class Ingest:
    """The parts of ingest of one folder."""

    folder: Path
    keys: KeptKeys
    inbox: Inbox
    lake: Lake
    flusher: Flusher
    intake: Intake

    @classmethod
    def start(cls, folder: Path, metrics: MetricsInForce = METRICS) -> "Ingest":
        """Open the stores of a folder, as a process does when it starts."""
        lake, inbox = Lake(prepared_lake(folder / "lake")), open_inbox("", folder)
        flusher = Flusher(inbox, lake, lambda: metrics)

        keys = KeptKeys(folder, lake, inbox, SINCE, worth_keeping=1)
        committer = Committer(inbox, lambda: IndexDecider(keys.open()))
        return cls(folder, keys, inbox, lake, flusher, Intake(committer, flusher, lake, SINCE))

    def stop(self) -> None:
        """Close the stores without a last flush, as a crash would leave them."""
        self.intake.committer.close()
        self.inbox.close()
        self.lake.close()

    def retire(self) -> None:
        """Close the stores as a process does that is asked to stop: its keys are kept."""
        self.intake.committer.close()
        self.flusher.flush()
        self.keys.keep()
        self.inbox.close()
        self.lake.close()

    def take_in(self, push: Push) -> Receipt:
        """Take in one push as a request does."""
        return asyncio.run(self.intake.take_in(push))

    def push(self, *events: UsageEvent) -> Sequence[Verdict]:
        """Push events together and return what became of them."""
        return self.take_in(a_batch(*events)).verdicts

    def stored(self) -> list[str]:
        """Return the transaction ids in the lake, sorted."""
        return sorted(self.lake.scan(USAGE).collect()["transaction_id"])

    def set_aside(self) -> list[tuple[str, str]]:
        """Return transaction id and reason of what is in quarantine, sorted."""
        frame = self.lake.scan(QUARANTINE).collect()
        return sorted(zip(frame["transaction_id"], frame["reason"], strict=True))

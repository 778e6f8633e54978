"""A simulated season of clients and misfortunes: what was answered is in the lake, once.

Clients push, repeat, reorder, alter and mix late and early usage; the clock jumps; commits fail;
the process dies and starts again. hypothesis draws the order and prints it when a law breaks.
"""

import asyncio
import json
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from catalog.errors import TemporarilyUnavailable
from ingest.answering import PushLimits, answer_receipt
from ingest.push import Receipt
from ingest.usage_event import UsageEvent
from storage.lake import CompactionRules
from storage.lake_tables import QUARANTINE, USAGE
from tests.ingest.makers import NOW, SERVICE, a_batch, a_push, an_event
from tests.ingest.running_ingest import Ingest

names = st.integers(0, 12).map(lambda number: f"tx-{number}")
times = st.sampled_from([1_793_880_000, 1_788_300_000, 1_700_000_000, 1_900_000_000, None])
values = st.integers(1, 3)
LIMITS = PushLimits()
# A season takes as long as two dozen examples of a plain law: it opens and closes real stores.
EXAMPLES_PER_SEASON = 25


class Season(RuleBasedStateMachine):
    """Pushes against one folder, and beside it what every caller was told."""

    @initialize()
    def open(self) -> None:
        """Start with an empty folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="fusion-season-"))
        self.ingest = Ingest.start(self.folder)
        self.kept: dict[str, UsageEvent] = {}
        self.first_s: dict[str, int] = {}
        self.receipts: dict[str, bytes] = {}
        self.now_s = int(NOW.timestamp())

    def taken_in(self, events: list[UsageEvent]) -> Receipt | None:
        """Take in a batch at this moment; None when it could not be stored."""
        try:
            return self.ingest.take_in(replace(a_batch(*events), received_s=self.now_s))
        except TemporarilyUnavailable:
            return None

    @rule(drawn=st.lists(st.tuples(names, times, values), min_size=1, max_size=4))
    def push(self, drawn: list[tuple[str, Any, int]]) -> None:
        """Push events, some of them known, some with another content than before."""
        events = [
            an_event(name, timestamp=time, properties={"tokens": value})
            for name, time, value in drawn
        ]
        receipt = self.taken_in(events)
        assert receipt is not None
        told = dict[str, UsageEvent]()
        conflicts = []
        for index, event in enumerate(events):
            known = self.kept.get(event.transaction_id) or told.get(event.transaction_id)
            if known is None:
                told[event.transaction_id] = event
            elif known != event:
                conflicts.append(index)
        assert receipt.conflicts == conflicts
        if conflicts:
            return
        for event, first_s in zip(events, receipt.received_s, strict=True):
            assert self.first_s.setdefault(event.transaction_id, first_s) == first_s
        self.kept |= told

    @rule(drawn=st.lists(st.tuples(names, values), min_size=1, max_size=3))
    def push_for_a_receipt(self, drawn: list[tuple[str, int]]) -> None:
        """Push the good ones of a batch; the same batch gets the same receipt for ever."""
        events = [a_push(name, properties={"tokens": value}) for name, value in drawn]
        body = json.dumps({"mode": "partial", "events": events})
        at = NOW.fromtimestamp(self.now_s, NOW.tzinfo)
        receipt, _ = asyncio.run(
            answer_receipt(self.ingest.intake, LIMITS, SERVICE, body.encode(), at)
        )
        assert self.receipts.setdefault(body, receipt) == receipt
        for name, value in drawn:
            event = an_event(name, properties={"tokens": value})
            self.kept.setdefault(name, event)
            self.first_s.setdefault(name, self.now_s)

    @rule(seconds=st.sampled_from([1, 7, 3_600, -3_600]))
    def let_time_pass(self, seconds: int) -> None:
        """The clock goes on, or jumps back an hour."""
        self.now_s += seconds

    @rule()
    def flush(self) -> None:
        """Move what waits into the lake."""
        self.ingest.flusher.flush()

    @rule()
    def merge(self) -> None:
        """Merge whatever there is."""
        at = NOW + timedelta(days=2)
        self.ingest.lake.compact(at, CompactionRules(files_min=2))

    @rule()
    def die(self) -> None:
        """End without a last flush and start again."""
        self.ingest.stop()
        self.ingest = Ingest.start(self.folder)

    @rule()
    def retire(self) -> None:
        """End as one is asked to, and start again from the keys that were kept."""
        self.ingest.retire()
        self.ingest = Ingest.start(self.folder)

    @rule(name=names, value=values)
    def push_in_vain(self, name: str, value: int) -> None:
        """The disk refuses: the caller hears so, and nothing is kept that was not."""
        append = self.ingest.inbox.append
        self.ingest.inbox.append = _refuse  # type: ignore[method-assign] # a disk that refuses
        receipt = self.taken_in([an_event(name, properties={"tokens": value})])
        self.ingest.inbox.append = append  # type: ignore[method-assign]
        assert receipt is None or name in self.kept

    @invariant()
    def nothing_waits_for_ever(self) -> None:
        """The committer lives."""
        if hasattr(self, "ingest"):
            assert self.ingest.intake.committer.is_running

    def teardown(self) -> None:
        """At the end the lake holds what was answered, each event once, with its content."""
        if not hasattr(self, "ingest"):
            return
        self.ingest.flusher.flush()
        rows = self.ingest.lake.scan(USAGE).collect()
        stored = {
            name: (value, str(properties))
            for name, value, properties in rows.select(
                "transaction_id", "value", "properties"
            ).iter_rows()
        }
        aside = self.ingest.lake.scan(QUARANTINE).collect()
        self.ingest.stop()
        shutil.rmtree(self.folder)
        assert rows.height == len(stored)
        assert {name: text for name, (_, text) in stored.items()} == {
            name: str(event.properties, "utf-8") for name, event in self.kept.items()
        }
        assert set(aside["reason"]) <= {"value_already_exist"}


def _refuse(*_args: object, **_named: object) -> None:
    raise OSError("no space left on device")


Season.TestCase.settings = settings(
    max_examples=max(1, settings().max_examples // EXAMPLES_PER_SEASON),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestSeason = Season.TestCase

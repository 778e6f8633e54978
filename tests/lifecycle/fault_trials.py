"""A program that takes in usage and dies where it is told: one life after another in one folder.

Started as `python -m tests.lifecycle.fault_trials FOLDER LIVES SEED`. Each life is a forked
process, so that what takes long to load is loaded once. A client repeats blindly what it was
not answered for, and some of what it was. Prints one JSON line: deaths by place, lives,
and the slowest start.
"""

import asyncio
import json
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl

from ingest.answering import PushLimits, answer_batch
from storage.fault_points import arm
from storage.lake import CompactionRules
from tests.ingest.makers import NOW, SERVICE, a_push
from tests.ingest.running_ingest import Ingest
from tests.lifecycle.forking import forked

SOURCES = ("storage", "ingest")
PLACE = re.compile(r'reached\("([a-z_.]+)"\)')
EMBEDDED = ("commit.", "flush.", "inbox.", "lake.append", "lake.merge", "lake.clean")
ALSO_EMBEDDED = ("lake.expired", "lake.orphans_deleted")
PASSES_MAX = 3
EVENTS_PER_PUSH_MAX = 12
PUSHES_PER_LIFE = 4
REPEATS = 2
RULES = CompactionRules(
    files_min=2,
    snapshots_kept=timedelta(0),
    files_kept=timedelta(0),
    housekeeping_every=timedelta(0),
    mark_moves_kept=3,
)


def places() -> list[str]:
    """Return every named place of the source, sorted."""
    root = Path(__file__).parents[2]
    found = {
        name
        for folder in SOURCES
        for path in (root / folder).rglob("*.py")
        for name in PLACE.findall(path.read_text())
    }
    return sorted(found)


def embedded_places() -> list[str]:
    """Return the places that a house in one process passes while it takes in usage."""
    return [name for name in places() if name.startswith(EMBEDDED) or name in ALSO_EMBEDDED]


@dataclass
class Client:
    """Remembers in a file what it was answered, as a client's own database would."""

    folder: Path
    answers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Read body and answer of every push that was answered in earlier lives."""
        path = self.folder / "answers.ndjson"
        lines = path.read_text().splitlines() if path.exists() else []
        # A life may end in the middle of a line; that answer was never seen.
        self.answers = dict(json.loads(line) for line in lines if line.endswith("]"))

    def note(self, body: str, answer: str) -> None:
        """Keep an answer; an earlier one must be the same, byte by byte."""
        known = self.answers.get(body)
        if known is not None:
            assert known == answer, "a retry got another answer"
            return
        self.answers[body] = answer
        with (self.folder / "answers.ndjson").open("a") as file:
            file.write(json.dumps([body, answer]) + "\n")


def pushes(life: int, seed: int) -> list[str]:
    """Return the bodies that a client wants to push in a life; the same whenever asked."""
    chance = random.Random(f"{seed}-{life}")
    bodies = []
    for number in range(PUSHES_PER_LIFE):
        count = chance.randint(1, EVENTS_PER_PUSH_MAX)
        events = [
            a_push(
                f"{life}-{number}-{place}",
                external_subscription_id=f"sub-{chance.randint(1, 5)}",
                code="tokens" if chance.random() < 0.95 else "unknown",
                timestamp=1_793_880_000 + chance.randint(-5_000_000, 0),
                properties={"tokens": str(chance.randint(1, 1000))},
            )
            for place in range(count)
        ]
        bodies.append(json.dumps({"events": events}))
    return bodies


def live(folder: Path, life: int, seed: int, fault: str | None) -> None:
    """Open the house, push what is owed, flush and merge; die at the fault, if it is reached."""
    chance = random.Random(f"{seed}-{life}-{fault}")
    if fault is not None:
        # The first round dies at the first pass: some places are passed once in a folder's life.
        arm(fault, 1 if life < len(embedded_places()) else chance.randint(1, PASSES_MAX))
    began = time.monotonic_ns()
    ingest = Ingest.start(folder / "house")
    with (folder / "starts").open("a") as file:
        file.write(f"{(time.monotonic_ns() - began) // 1_000_000}\n")
    client = Client(folder)
    answered = dict(client.answers)
    owed = [body for each in range(life + 1) for body in pushes(each, seed)]
    fresh = [body for body in owed if body not in answered]
    repeated = chance.sample(sorted(answered), min(REPEATS, len(answered)))
    for body in [*fresh, *repeated]:
        answer = asyncio.run(
            answer_batch(ingest.intake, PushLimits(), SERVICE, body.encode(), _later(life))
        )
        client.note(body, answer.decode())
        if chance.random() < 0.5:
            ingest.flusher.flush()
    ingest.flusher.flush()
    ingest.lake.compact(_later(life) + timedelta(days=2), RULES)
    ingest.stop()


def check(folder: Path, lives: int, seed: int) -> None:
    """Everything pushed is in the lake once, with its value, and every answer is given again."""
    ingest = Ingest.start(folder / "house")
    client = Client(folder)
    owed = [body for life in range(lives) for body in pushes(life, seed)]
    for body in owed:
        answer = asyncio.run(
            answer_batch(ingest.intake, PushLimits(), SERVICE, body.encode(), _later(lives))
        )
        client.note(body, answer.decode())
    ingest.flusher.flush()
    pushed = [event for body in owed for event in json.loads(body)["events"]]
    usage = ingest.lake.query("SELECT transaction_id, value, metric_code FROM lake.raw.usage")
    aside = ingest.lake.query("SELECT transaction_id, reason FROM lake.raw.quarantine")
    counted = {
        event["transaction_id"]: event["properties"]["tokens"]
        for event in pushed
        if event["code"] == "tokens"
    }
    stored = dict(usage.select("transaction_id", pl.col("value").cast(pl.Int64)).iter_rows())
    assert usage.height == len(stored) == len(counted), "lost or doubled"
    assert stored == {name: int(value) for name, value in counted.items()}
    assert sorted(aside["transaction_id"]) == sorted(
        event["transaction_id"] for event in pushed if event["code"] != "tokens"
    )
    ingest.stop()


def run(folder: Path, lives: int, seed: int) -> dict[str, object]:
    """Live many lives, each with its own fault, then check; return what happened."""
    names = embedded_places()
    died: Counter[str] = Counter()
    for life in range(lives):
        fault = names[life % len(names)]
        if forked(partial(live, folder, life, seed, fault)):
            died[fault] += 1
    assert not forked(partial(check, folder, lives, seed))
    starts = [int(line) for line in (folder / "starts").read_text().split()]
    return {"died": died, "lives": lives, "slowest_start_ms": max(starts)}


def _later(life: int) -> datetime:
    """Return the time of a life: a retry must be answered with the first one's."""
    return NOW + timedelta(seconds=life)


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))

"""A group commit takes what waits, up to a number of pushes and of bytes."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from ingest import committer
from ingest.committer import Committer
from ingest.deciding import Decided, IndexDecider
from ingest.intake_counts import IntakeCounts
from ingest.keys.key_index import KeyIndex
from ingest.push import Push
from storage.inbox import open_inbox
from tests.ingest.makers import a_batch, an_event


class SlowDecider(IndexDecider):
    """Decides the first group only when told to, so that others gather behind it."""

    def __init__(self) -> None:
        super().__init__(KeyIndex(11))
        self.is_asked = threading.Event()
        self.may_go_on = threading.Event()

    def decide(self, pushes: Sequence[Push]) -> list[Decided]:
        """Wait, then decide."""
        self.is_asked.set()
        assert self.may_go_on.wait(60)
        return super().decide(pushes)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what another thread does; AssertionError when it takes a minute."""
    give_up_at = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.001)


def commits_of(folder: Path, pushes: Sequence[Push]) -> int:
    """Push one, then others while it waits to be kept; return how many commits it took."""
    counts, decider = IntakeCounts(), SlowDecider()
    folder.mkdir(exist_ok=True)
    with (
        closing(open_inbox("", folder)) as inbox,
        closing(Committer(inbox, lambda: decider, counts)) as keeping,
    ):
        first = threading.Thread(target=keeping.submit, args=[a_batch(an_event("first"))])
        first.start()
        # Else one of the others might share its commit.
        assert decider.is_asked.wait(60)
        others = [threading.Thread(target=keeping.submit, args=[push]) for push in pushes]
        for thread in others:
            thread.start()
        wait_until(lambda: keeping.waiting_count == len(pushes))
        decider.may_go_on.set()
        for thread in (first, *others):
            thread.join()
        assert inbox.waiting_count() == len(pushes) + 1
    return counts.commits


@pytest.mark.parametrize(("pushes_max", "expected"), [(6, 2), (5, 3), (1, 7)])
def test_a_commit_takes_so_many_pushes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pushes_max: int, expected: int
) -> None:
    """Six pushes that wait behind one are kept in as many commits as the limit makes of them."""
    monkeypatch.setattr(committer, "PUSHES_PER_COMMIT_MAX", pushes_max)

    assert commits_of(tmp_path, [a_batch(an_event(str(each))) for each in range(6)]) == expected


def test_a_commit_ends_with_the_push_that_reaches_its_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two bodies of half the bytes share a commit; with one byte more to go, three do."""
    pushes = [a_batch(an_event(str(each))) for each in range(6)]
    (size,) = {len(push.body) for push in pushes}

    monkeypatch.setattr(committer, "BYTES_PER_COMMIT", 2 * size)
    assert commits_of(tmp_path / "two", pushes) == 1 + 3
    monkeypatch.setattr(committer, "BYTES_PER_COMMIT", 2 * size + 1)
    assert commits_of(tmp_path / "three", pushes) == 1 + 2

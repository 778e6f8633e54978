"""A house keeps at its end what is known, for its next start; nothing that nobody is sure of."""

from functools import partial
from pathlib import Path

import pytest

from catalog.errors import TemporarilyUnavailable
from fusion_billing import house
from fusion_billing.clock import TestClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from ingest.keys.kept_keys import FILE, KeptKeys
from ingest.keys.key_index import Verdict
from storage.inbox import CommitUnknownError
from tests.fusion_billing.conftest import OPENED_AT
from tests.ingest.makers import a_batch, an_event
from tests.prepared import prepared_house


@pytest.fixture(autouse=True)
def every_key_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a house keep few keys, too."""
    monkeypatch.setattr(house, "KeptKeys", partial(KeptKeys, worth_keeping=1))


def test_the_next_start_knows_what_was_kept(tmp_path: Path) -> None:
    """What was taken in is flushed, then kept; a retry after the start is a repeat."""
    settings = Settings(data_dir=prepared_house(tmp_path))
    with opened_house(settings, TestClock(OPENED_AT)) as first:
        assert first.intake.take_in_now(a_batch(an_event("a"))).verdicts == [Verdict.NEW]
        assert first.inbox.waiting_count() == 1

    assert (tmp_path / FILE).exists()
    with opened_house(settings, TestClock(OPENED_AT)) as second:
        receipt = second.intake.take_in_now(a_batch(an_event("a"), an_event("b")))
    assert receipt.verdicts == [Verdict.KNOWN, Verdict.NEW]


def test_a_doubtful_commit_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody knows whether a push was kept, the next start reads the stores."""
    settings = Settings(data_dir=prepared_house(tmp_path))

    def doubtful(*_asked: object, **_named: object) -> None:
        raise CommitUnknownError("the connection broke")

    with opened_house(settings, TestClock(OPENED_AT)) as opened:
        opened.intake.take_in_now(a_batch(an_event("a")))
        monkeypatch.setattr(opened.inbox, "append", doubtful)
        with pytest.raises(TemporarilyUnavailable):
            opened.intake.take_in_now(a_batch(an_event("b")))

    assert not (tmp_path / FILE).exists()

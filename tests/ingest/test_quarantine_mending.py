"""Mended events keep every digit, move to their new key, and count once."""

from decimal import Decimal

import msgspec
import pytest

from catalog.errors import ValidationFailed
from catalog.exact_json import JsonObject
from ingest.keys.key_index import Verdict
from ingest.quarantine.quarantined_event import valid_changes
from tests.ingest.makers import an_event
from tests.ingest.repairing import Repairing, decided, uncountable


def test_a_mend_merges_properties_and_keeps_every_digit(bench: Repairing) -> None:
    """Named properties are set, null removes one, the others stay as they were written."""
    bench.set_aside(an_event("a", properties={"token": 1, "price": "7.50", "model": "x"}))

    done = bench.mend(properties={"tokens": Decimal("0.10"), "token": None})

    assert done.repaired == 1
    (row,) = bench.usage().rows(named=True)
    assert row["properties"] == '{"model":"x","price":"7.50","tokens":0.10}'
    assert row["value"] == Decimal("0.1")
    changes = msgspec.json.decode(decided(bench, "0-1-0").changes)
    assert changes == {"properties": {"token": None, "tokens": 0.1}}


def test_a_mend_may_change_code_and_time(bench: Repairing) -> None:
    """A mended event counts for the metric and at the moment that were meant."""
    bench.set_aside(uncountable("a", timestamp=1_793_880_000))

    assert bench.mend(code="tokens", timestamp=1_780_000_000).repaired == 1

    (row,) = bench.usage().rows(named=True)
    assert (row["metric_code"], row["occurred_at"].timestamp()) == ("tokens", 1_780_000_000)
    assert bench.open() == []
    assert bench.mend(code="tokens").repaired == 0


def test_a_mend_that_mends_nothing_changes_nothing(bench: Repairing) -> None:
    """What could still not be counted stays as it was, and is counted by reason."""
    bench.set_aside(uncountable("a"))

    done = bench.mend(code="call")

    assert (done.repaired, done.still_faulty) == (0, {"billable_metric_not_found": 1})
    assert decided(bench, "0-1-0") is None
    assert len(bench.open()) == 1


def test_a_moved_event_is_known_under_its_new_key(bench: Repairing) -> None:
    """With its subscription mended, an event is one event of that subscription from then on."""
    bench.set_aside(an_event("a", external_subscription_id=None))
    assert bench.mend(external_subscription_id="sub-2").repaired == 1

    assert bench.ingest.push(an_event("a", external_subscription_id="sub-2")) == [Verdict.KNOWN]
    bench.restart()
    assert bench.ingest.push(an_event("a", external_subscription_id=None)) == [Verdict.KNOWN]
    assert bench.usage()["subscription_id"].to_list() == ["sub-2"]


def test_a_move_onto_the_same_event_is_no_second_one(bench: Repairing) -> None:
    """When the app has sent the event again by itself, mending the first counts nothing more."""
    bench.set_aside(an_event("a", external_subscription_id=None))
    bench.ingest.push(an_event("a", external_subscription_id="sub-2"))

    assert bench.mend(external_subscription_id="sub-2").repaired == 1
    assert bench.usage().height == 1
    assert bench.open() == []


def test_a_move_onto_another_event_is_refused(bench: Repairing) -> None:
    """A key that is known with other content is not taken over, and the row stays open."""
    bench.set_aside(an_event("a", external_subscription_id=None))
    bench.ingest.push(an_event("a", external_subscription_id="sub-2", properties={"tokens": 1}))

    done = bench.mend(external_subscription_id="sub-2")

    assert done.refused == {"0-1-0": {"transaction_id": ["value_already_exist"]}}
    assert (done.repaired, done.still_faulty) == (0, {"value_already_exist": 1})
    assert bench.usage()["value"].to_list() == [1]
    assert [row.id for row in bench.open()] == ["0-1-0"]
    assert decided(bench, "0-1-0") is None


def test_rows_moved_onto_one_key_count_once(bench: Repairing) -> None:
    """Of rows that a mend gives one key, those that say the same are one event, others refused."""
    bench.set_aside(
        an_event("a", external_subscription_id=None),
        an_event("a", code="token"),
        an_event("a", external_subscription_id="sub-3", code="token", timestamp=1_793_880_001),
    )

    done = bench.mend(external_subscription_id="sub-2", code="tokens")

    assert (done.repaired, list(done.refused)) == (2, ["0-1-2"])
    assert bench.usage().height == 1


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, ["value_is_mandatory"]),
        ({"transaction_id": "b"}, {"transaction_id": ["field_cannot_be_changed"]}),
        ({"code": None}, {"code": ["value_is_invalid"]}),
        ({"code": " "}, {"code": ["value_is_mandatory"]}),
        ({"timestamp": "soon"}, {"timestamp": ["invalid_format"]}),
        ({"properties": []}, {"properties": ["value_is_invalid"]}),
    ],
)
def test_senseless_changes_are_refused(changes: JsonObject, codes: object) -> None:
    """A mend names what it changes, as valid as a push must be."""
    with pytest.raises(ValidationFailed) as refused:
        valid_changes(changes)

    assert refused.value.details == {"changes": codes}

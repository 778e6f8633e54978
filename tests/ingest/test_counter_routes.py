"""Counter pushes over HTTP: kept once, replaced as a whole, counted as they stand."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from ingest.counters.shapes import PUSHES_MAX
from tests.ingest.counter_caller import Caller, SharedHouse, shared_house
from tests.ingest.counter_makers import a_counter_push

NEXT_HOUR = {"window_start": "2026-11-05T13:00:00Z", "window_end": "2026-11-05T14:00:00Z"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedHouse]:
    """Give an open house."""
    with shared_house(tmp_path_factory.mktemp("counters")) as shared:
        yield shared


@pytest.fixture
def caller(shared: SharedHouse) -> Caller:
    """Give the app of a new service, whose metric tokens takes deltas."""
    caller = shared.new_caller()
    caller.add_metric()
    return caller


def one(transaction_id: str = "push-1", **changed: object) -> dict[str, object]:
    """Return the body of a single push."""
    return {"usage": a_counter_push(transaction_id, **changed)}


def many(*pushes: dict[str, object], **more: object) -> dict[str, object]:
    """Return the body of a batch."""
    return {"usage": list(pushes), **more}


def test_the_newest_total_of_a_window_counts(caller: Caller) -> None:
    """A window pushed again is replaced as a whole; both pushes can be seen."""
    caller.ask("PUT", "/usage", one("push-1", value="7"))
    caller.ask("PUT", "/usage", one("push-2", value="12.5"))
    caller.ask("PUT", "/usage", one("push-3", value=1, **NEXT_HOUR))
    (first, second) = caller.windows()

    assert str(caller.units()).rstrip("0") == "13.5"
    assert (first["value"], first["usage"], first["revisions_count"]) == ("12.5", "12.5", 2)
    assert (first["notices"], second["notices"]) == (["replaced"], [])


def test_a_push_is_answered_with_what_was_kept(caller: Caller) -> None:
    """The receipt names the push, and its window for ever."""
    received_at = caller.clock().strftime("%Y-%m-%dT%H:%M:%SZ")

    assert caller.ask("PUT", "/usage", one(dimensions={"model": "large"})) == {
        "usage": {
            "transaction_id": "push-1",
            "status": "kept",
            "fact_id": 'w:1793880000000000:1793883600000000:["tokens",{"model":"large"}]',
            "received_at": received_at,
            "error_details": None,
        }
    }


@pytest.mark.parametrize("mode", ["all_or_nothing", "partial"])
def test_a_retry_is_answered_as_the_first_time(mode: str, caller: Caller) -> None:
    """Receipts are equal byte by byte, though the window was replaced in the meantime."""
    single, batch = one(), many(a_counter_push("push-2", value=3), mode=mode)
    first = caller.text("PUT", "/usage", single), caller.text("PUT", "/usage/batch", batch)
    caller.house.flusher.flush()
    caller.clock.advance(caller.clock() + timedelta(hours=1))
    caller.ask("PUT", "/usage", one("push-3", value=9))
    written_otherwise = {"usage": dict(reversed(a_counter_push(value=7.0).items()))}

    assert caller.text("PUT", "/usage", single) == first[0]
    assert caller.text("PUT", "/usage", written_otherwise) == first[0]
    assert caller.text("PUT", "/usage/batch", batch) == first[1]
    assert caller.units() == 9


def test_one_id_says_one_thing(caller: Caller) -> None:
    """The same id with another value is refused, and what it said first stands."""
    caller.ask("PUT", "/usage", one(value=7))

    taken = {"transaction_id": ["value_already_exist"]}
    assert caller.faults("/usage", one(value=8)) == taken
    batch = many(a_counter_push("push-2", **NEXT_HOUR), a_counter_push(value=8))
    assert caller.faults("/usage/batch", batch) == {"1": taken}
    assert caller.units() == 7


def test_a_faulty_batch_keeps_nothing(caller: Caller) -> None:
    """All or nothing: every faulty push is named at its index."""
    batch = many(a_counter_push(), a_counter_push("", value="x"), a_counter_push("p", code="no"))

    assert caller.faults("/usage/batch", batch) == {
        "1": {
            "transaction_id": ["value_is_mandatory"], "value": ["value_is_not_valid_number"],
        },
        "2": {"code": ["billable_metric_not_found"]},
    }  # fmt: skip
    assert caller.windows() == []


def test_a_partial_batch_keeps_the_good_ones(caller: Caller) -> None:
    """Each push has its row in the receipt, in order, kept or refused with its codes."""
    caller.ask("PUT", "/usage", one("taken"))
    batch = many(
        a_counter_push("good", value=5, **NEXT_HOUR),
        a_counter_push("bad", value=None),
        a_counter_push("taken", value=6),
        {},
        mode="partial",
    )
    receipt = caller.ask("PUT", "/usage/batch", batch)["receipt"]
    rows = receipt["usage"]

    assert (receipt["kept_count"], receipt["refused_count"]) == (1, 3)
    assert [row["status"] for row in rows] == ["kept", "refused", "refused", "refused"]
    assert [row["index"] for row in rows] == [0, 1, 2, 3]
    assert [row["transaction_id"] for row in rows] == ["good", "bad", "taken", None]
    assert rows[2]["error_details"] == {"transaction_id": ["value_already_exist"]}
    assert caller.units() == 12


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"usage": []}, {"usage": ["no_pushes"]}),
        ({"usage": {}}, {"usage": ["no_pushes"]}),
        ({"mode": "partial"}, {"usage": ["no_pushes"]}),
        ({"usage": [{}], "mode": "some"}, {"mode": ["value_is_invalid"]}),
        ({"usage": [{}], "mode": ["partial"]}, {"mode": ["value_is_invalid"]}),
    ],
)
def test_a_senseless_batch_is_refused(body: object, details: object, caller: Caller) -> None:
    """A batch without pushes, or of an unknown mode, is refused as a whole."""
    assert caller.faults("/usage/batch", body) == details


def test_a_batch_has_a_limit(caller: Caller) -> None:
    """A thousand pushes are taken, one more is refused."""
    pushes = [a_counter_push(f"push-{number}", value=number) for number in range(PUSHES_MAX + 1)]

    assert caller.faults("/usage/batch", many(*pushes)) == {"usage": ["too_many_pushes"]}
    receipt = caller.ask("PUT", "/usage/batch", many(*pushes[:-1]))["receipt"]
    assert receipt["kept_count"] == PUSHES_MAX
    assert caller.units() == PUSHES_MAX - 1


@pytest.mark.parametrize("body", [[], 1, None, "x"])
def test_a_body_that_is_no_object_is_a_bad_request(body: object, caller: Caller) -> None:
    """What can't be read is a 400, never a 500."""
    caller.text("PUT", "/usage/batch", body, 400)
    caller.text("PUT", "/usage", body, 400)


def test_an_ever_rising_counter_counts_its_rise(caller: Caller) -> None:
    """Readings count by their differences, and a fall begins anew."""
    caller.add_metric(code="calls", counter_semantics="cumulative")
    ends = ["2026-10-31T00:00:00Z", "2026-11-01T12:00:00Z", 1_793_880_000, "2026-11-06T00:00:00Z"]
    for number, (end, value) in enumerate(zip(ends, [100, 130, 150, 20], strict=True)):
        push = one(f"p{number}", code="calls", window_start=None, window_end=end, value=value)
        caller.ask("PUT", "/usage", push)
    windows = caller.windows("calls")

    assert caller.units("calls") == 70
    assert [window["usage"] for window in windows] == ["100.0", "30.0", "20.0", "20.0"]
    assert [window["notices"] for window in windows] == [["first_reading"], [], [], ["reset"]]


def test_events_and_counters_of_one_metric_add_up(caller: Caller) -> None:
    """An app may send single events beside its totals."""
    event = {
        "transaction_id": "event-1", "external_subscription_id": "sub-1", "code": "tokens",
        "timestamp": 1_793_880_000, "properties": {"tokens": 3},
    }  # fmt: skip
    caller.ask("POST", "/events", {"event": event})
    caller.ask("PUT", "/usage", one(value=7))

    assert caller.units() == 10


def test_ids_of_events_and_counters_are_one_kind(caller: Caller) -> None:
    """An id that an event bears names no counter push."""
    event = {"transaction_id": "push-1", "external_subscription_id": "sub-1", "code": "tokens"}
    caller.ask("POST", "/events", {"event": event})

    assert caller.faults("/usage", one()) == {"transaction_id": ["value_already_exist"]}


def test_a_window_across_two_periods_is_told(caller: Caller) -> None:
    """With a subscription behind it, a window over the month's end shows its notice."""
    plan = {
        "name": "Team", "code": "team", "interval": "monthly", "amount_cents": 0,
        "amount_currency": "CAD",
    }  # fmt: skip
    caller.ask("POST", "/plans", {"plan": plan})
    caller.ask("POST", "/customers", {"customer": {"external_id": "acme"}})
    subscription = {
        "external_customer_id": "acme", "plan_code": "team", "external_id": "sub-1",
    }  # fmt: skip
    caller.ask("POST", "/subscriptions", {"subscription": subscription})
    over = {"window_start": "2026-11-01T03:30:00Z", "window_end": "2026-11-01T04:30:00Z"}
    caller.ask("PUT", "/usage", one(**over))

    assert [window["notices"] for window in caller.windows()] == [["straddles_period"]]


def test_windows_are_paged(caller: Caller) -> None:
    """A long list comes in pages, as Lago's lists do."""
    caller.ask("PUT", "/usage/batch", many(a_counter_push(), a_counter_push("2", **NEXT_HOUR)))
    query = "external_subscription_id=sub-1&code=tokens&per_page=1&page=2"
    page = caller.ask("GET", f"/usage/windows?{query}")

    assert [window["transaction_id"] for window in page["windows"]] == ["2"]
    assert page["meta"]["total_count"] == 2


def test_windows_are_asked_by_subscription_and_metric(caller: Caller) -> None:
    """Both names are mandatory, and an unknown metric is not found."""
    missing = caller.ask("GET", "/usage/windows?code=tokens", status=422)
    unknown = caller.ask("GET", "/usage/windows?code=no&external_subscription_id=sub-1", status=404)

    assert missing["error_details"] == {"external_subscription_id": ["value_is_mandatory"]}
    assert unknown["code"] == "billable_metric_not_found"


def test_the_lake_keeps_a_push_as_it_was_told(caller: Caller) -> None:
    """A row of raw.revision bears the window, the exact number and the dimensions."""
    caller.ask("PUT", "/usage", one(value="0.000000000001", dimensions={"model": "a"}))
    caller.house.flusher.flush()
    row = caller.house.lake.query(
        "SELECT * FROM lake.raw.revision WHERE service = ?", [caller.service_code]
    ).row(0, named=True)

    assert str(row["value"]) == "1E-12"
    assert json.loads(row["properties"]) == {"tokens": "0.000000000001", "model": "a"}
    assert (row["window_end"] - row["occurred_at"]) == timedelta(microseconds=1)
    assert (row["is_void"], row["correction_id"], row["value_text"]) == (False, None, None)

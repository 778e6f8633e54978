"""Bad input gets a clear refusal in Lago's envelope, never a 500, and nothing is half kept."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.store import api_keys, services
from ingest.flush import stream_of
from storage.lake_tables import QUARANTINE, USAGE
from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.makers import a_push, a_service, open_account

EVENTS = "/api/v1/events"
BATCH = "/api/v1/events/batch"
LAST_SECOND = 253_402_300_799  # of the year 9999


def stored_count(roof: Roof) -> int:
    """Return how many events are kept anywhere; refused ones are only remembered."""
    roof.house.flusher.flush()
    kept = roof.house.lake.scan(QUARANTINE).filter(pl.col("reason") != "value_already_exist")
    return roof.house.lake.scan(USAGE).collect().height + kept.collect().height


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer nonsense", "Bearer fb_live_0000000000_x", "Basic YTpi"]
)
def test_an_unknown_key_is_401(roof: Roof, header: str | None) -> None:
    """Without a good key the answer is 401 and says nothing else."""
    headers = {} if header is None else {"Authorization": header}
    answer = roof.client.post(EVENTS, json={"event": a_push("1")}, headers=headers)

    assert answer.status_code == 401
    assert answer.json() == {"status": 401, "error": "Unauthorized"}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"{}", b'{"events": {}}', b"[" * 500_000]
)
def test_what_is_not_an_event_is_400(roof: Roof, body: bytes) -> None:
    """Malformed JSON and a missing root key are 400."""
    answer = roof.client.post(EVENTS, content=body, headers=roof.headers)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("BadRequest: ")


@pytest.mark.parametrize(
    ("event", "details"),
    [
        ({"code": "tokens"}, {"transaction_id": ["value_is_mandatory"]}),
        ({"transaction_id": "1"}, {"code": ["value_is_mandatory"]}),
        (a_push("1", timestamp="yesterday"), {"timestamp": ["invalid_format"]}),
        (a_push("1", timestamp=1_768_046_400_000), {"timestamp": ["invalid_format"]}),
        (a_push("1", properties=[1]), {"properties": ["value_is_invalid"]}),
        (
            a_push("1", external_subscription_id=[1]),
            {"external_subscription_id": ["value_is_invalid"]},
        ),
        (a_push("x" * 256), {"transaction_id": ["value_is_too_long"]}),
        (
            a_push("1", precise_total_amount_cents="a"),
            {"precise_total_amount_cents": ["invalid_format"]},
        ),
    ],
)  # fmt: skip
def test_wrong_fields_are_422(roof: Roof, event: object, details: object) -> None:
    """Wrong types carry Lago's codes by field."""
    answer = roof.client.post(EVENTS, json={"event": event}, headers=roof.headers)

    assert answer.status_code == 422
    assert answer.json() == {
        "status": 422,
        "error": "Unprocessable Entity",
        "code": "validation_errors",
        "error_details": details,
    }


def test_the_far_future_counts_when_it_comes(roof: Roof) -> None:
    """An event of the year 9999 is kept and in no period of today; one second later is no time."""
    open_account(roof)
    for number, timestamp in enumerate((LAST_SECOND, LAST_SECOND + 1)):
        event = a_push(str(number), timestamp=timestamp)
        answer = roof.client.post(EVENTS, json={"event": event}, headers=roof.headers)
        assert answer.status_code == (200 if timestamp == LAST_SECOND else 422)
    assert answer.json()["error_details"] == {"timestamp": ["invalid_format"]}

    usage = roof.get("/customers/acme/current_usage?external_subscription_id=acme-team")[
        "customer_usage"
    ]
    assert (stored_count(roof), usage["charges_usage"][0]["units"]) == (1, "0.0")


def test_a_faulty_batch_keeps_nothing(roof: Roof) -> None:
    """One faulty event refuses its batch and is named at its index."""
    events = [a_push("1"), a_push("2", timestamp="x"), a_push("3"), {}]
    answer = roof.client.post(BATCH, json={"events": events}, headers=roof.headers)

    assert answer.status_code == 422
    assert sorted(answer.json()["error_details"]) == ["1", "3"]
    assert stored_count(roof) == 0


@pytest.mark.parametrize(
    ("count", "codes"), [(0, ["no_events"]), (101, ["too_many_events"]), (100, None)]
)
def test_a_batch_has_a_limit(roof: Roof, count: int, codes: list[str] | None) -> None:
    """A hundred events are taken, one more or none at all are refused."""
    events = [a_push(str(number)) for number in range(count)]
    answer = roof.client.post(BATCH, json={"events": events}, headers=roof.headers)

    if codes is None:
        assert answer.status_code == 200
    else:
        assert answer.json()["error_details"] == {"events": codes}
    assert stored_count(roof) == (count if codes is None else 0)


@pytest.mark.parametrize(("path", "setting"), [
    ("/api/v1/events", "events_body_bytes_max"), ("/api/v1/plans", "body_bytes_max"),
])  # fmt: skip
def test_a_body_has_a_limit(roof: Roof, path: str, setting: str) -> None:
    """A body of as many bytes as the limit is read, one more is 413."""
    limit = getattr(roof.house.settings, setting)

    at_limit = roof.client.post(path, content=b" " * limit, headers=roof.headers)
    beyond = roof.client.post(path, content=b" " * (limit + 1), headers=roof.headers)

    assert at_limit.status_code == 400
    assert beyond.status_code == 413


@pytest.mark.parametrize("mount", ["/api/billing/v1", "/api/v1", "/api/billing/api/v1"])
def test_an_unknown_route_is_404(roof: Roof, mount: str) -> None:
    """A route nobody serves, or a method it does not know, is Lago's 404."""
    for method, path in (("GET", "/wallets"), ("PATCH", "/events"), ("DELETE", "/events")):
        answer = roof.client.request(method, mount + path, headers=roof.headers)

        assert answer.status_code == 404
        assert answer.json()["code"] == "resource_not_found"


def test_known_ids_with_other_content_are_refused(roof: Roof) -> None:
    """The same id with other content is 422 and changes nothing; the same content is a 200."""
    first = roof.post("/events", {"event": a_push("1", timestamp=None)})
    roof.clock.advance(roof.clock().replace(hour=9))

    again = roof.post("/events", {"event": a_push("1", timestamp=None)})
    other = roof.client.post(EVENTS, json={"event": a_push("1", 5)}, headers=roof.headers)
    batch = roof.client.post(
        BATCH, json={"events": [a_push("2"), a_push("1", 5)]}, headers=roof.headers
    )

    assert again == first
    assert other.json()["error_details"] == {"transaction_id": ["value_already_exist"]}
    assert batch.json()["error_details"] == {"1": {"transaction_id": ["value_already_exist"]}}
    assert stored_count(roof) == 1


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=8,
)
fields = ["transaction_id", "code", "timestamp", "properties", "external_subscription_id"]


@given(event=st.dictionaries(st.sampled_from(fields), json_values))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_event_makes_the_server_fail(roof: Roof, event: dict[str, object]) -> None:
    """Whatever JSON an event is made of, the answer is 200 or a 4xx, and the inbox goes on."""
    answer = roof.client.post(EVENTS, json={"event": event}, headers=roof.headers)

    assert answer.status_code in (200, 400, 422)
    roof.house.flusher.flush()
    assert roof.house.lake.mark(stream_of(0)) == roof.house.inbox.last_id(0)


def test_another_services_usage_is_not_seen(roof: Roof) -> None:
    """An event of one service is 404 and absent from the list for another's key."""
    open_account(roof)
    roof.post("/events", {"event": a_push("1")})
    other = replace(a_service(roof.clock()), id="service-2", code="nexamaps")
    with roof.house.state.write() as connection:
        services.add_service(connection, other)
        _, key = api_keys.create_key(connection, "nexamaps", roof.house.pepper, roof.clock())
    headers = {"Authorization": f"Bearer {key}"}

    assert roof.client.get(f"{EVENTS}/1", headers=headers).status_code == 404
    assert roof.client.get(EVENTS, headers=headers).json()["events"] == []
    assert roof.get("/events/1")["event"]["transaction_id"] == "1"

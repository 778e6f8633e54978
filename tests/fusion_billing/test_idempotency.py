"""The laws of `Idempotency-Key`, over HTTP, against an open house."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from httpx2 import Response

from catalog.store import api_keys, services
from fusion_billing.app import MOUNT
from fusion_billing.idempotency import store
from fusion_billing.idempotency.decision import KeptAnswer, Verdict, request_digest
from storage.request_tables import kept_request
from tests.fusion_billing.conftest import Roof, open_roof
from tests.fusion_billing.makers import a_push, a_service, open_account

TERMS = store.Terms(lease_seconds=30, kept_hours=168)
CUSTOMERS = "/api/v1/customers"
CUSTOMERS_SERVED = f"{MOUNT}/customers"
ACME = b'{"customer": {"external_id": "acme", "name": "Acme"}}'
OTHER = b'{"customer": {"external_id": "acme", "name": "Other"}}'


def ask(
    roof: Roof,
    key: str,
    body: bytes = ACME,
    path: str = CUSTOMERS,
    method: str = "POST",
    **headers: str,
) -> Response:
    """Send a request under a key and return the answer."""
    given = roof.headers | {"Idempotency-Key": key, "Content-Type": "application/json"} | headers
    return roof.client.request(method, path, content=body, headers=given)


def kept_count(roof: Roof) -> int:
    with roof.house.state.read() as connection:
        return int(
            connection.execute(sa.select(sa.func.count()).select_from(kept_request)).scalar_one()
        )


def a_mark(key: str = "k", holder: str = "h", body: bytes = ACME) -> store.Mark:
    return store.Mark("nexadesk", key, request_digest("POST", CUSTOMERS_SERVED, b"", body), holder)


def begin(roof: Roof, mark: store.Mark) -> Verdict:
    with roof.house.state.write() as connection:
        return store.begin(connection, mark, roof.clock(), TERMS)[0]


def test_a_repeat_gets_the_first_answer_again(roof: Roof) -> None:
    """Status and bytes of the first answer come again, with a header that says so."""
    first = ask(roof, "k1")
    roof.post("/customers", {"customer": {"external_id": "acme", "name": "Changed since"}})
    again = ask(roof, "k1")

    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert roof.get("/customers/acme")["customer"]["name"] == "Changed since"


def test_a_refusal_is_repeated_too(roof: Roof) -> None:
    """A 422 stays a 422 under its key, though the same request would be taken now."""
    order = b'{"subscription": {"external_customer_id": "acme", "plan_code": "team",'
    order += b' "external_id": "s2"}}'
    first = ask(roof, "k1", order, "/api/v1/subscriptions")
    open_account(roof)
    again = ask(roof, "k1", order, "/api/v1/subscriptions")

    assert first.status_code == again.status_code
    assert 400 <= first.status_code < 500
    assert first.content == again.content


def test_a_delete_is_repeated_as_it_went(roof: Roof) -> None:
    """A second DELETE under a key shows what the first deleted, where a new one is a 404."""
    ask(roof, "k1")
    first = ask(roof, "k2", b"", f"{CUSTOMERS}/acme", "DELETE")
    again = ask(roof, "k2", b"", f"{CUSTOMERS}/acme", "DELETE")
    new = ask(roof, "k3", b"", f"{CUSTOMERS}/acme", "DELETE")

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert new.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", CUSTOMERS, OTHER), ("POST", "/api/v1/plans", ACME),
     ("PUT", CUSTOMERS, ACME), ("POST", f"{CUSTOMERS}?a=1", ACME)],
)  # fmt: skip
def test_another_request_under_a_known_key_is_refused(
    roof: Roof, method: str, path: str, body: bytes
) -> None:
    """A key belongs to one method, path, query and body: anything else is a 422."""
    ask(roof, "k1")
    other = ask(roof, "k1", body, path, method)

    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    assert roof.get("/customers/acme")["customer"]["name"] == "Acme"


def test_a_key_under_way_is_a_conflict(roof: Roof) -> None:
    """While the first request runs, its repeat is told to come back, and does nothing."""
    assert begin(roof, a_mark()) is Verdict.RUN
    meanwhile = ask(roof, "k")

    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "idempotency_key_in_use")
    assert meanwhile.headers["retry-after"] == "1"
    assert roof.get("/customers")["customers"] == []


def test_the_mark_of_a_dead_process_ends_with_its_lease(roof: Roof) -> None:
    """A request whose holder died runs again when the lease is over, and the dead keeps nothing."""
    begin(roof, a_mark(holder="dead"))
    roof.clock.advance(roof.clock() + timedelta(seconds=29))
    assert ask(roof, "k").status_code == 409

    roof.clock.advance(roof.clock() + timedelta(seconds=1))
    assert ask(roof, "k").status_code == 200
    with roof.house.state.write() as connection:
        late = store.finish(connection, a_mark(holder="dead"), KeptAnswer(200, (), b"late"))
    assert not late
    assert ask(roof, "k").content != b"late"


def test_a_renewed_lease_lasts(roof: Roof) -> None:
    """A request that says it still runs keeps its key beyond its first lease."""
    begin(roof, a_mark())
    for _ in range(3):
        roof.clock.advance(roof.clock() + timedelta(seconds=20))
        with roof.house.state.write() as connection:
            store.renew(connection, a_mark(), roof.clock(), TERMS)

    assert ask(roof, "k").status_code == 409


def test_requests_at_the_same_time_take_effect_once(roof: Roof) -> None:
    """Of twelve equal requests at once one runs; the others get its answer or a conflict."""
    body = b'{"billable_metric": {"name": "T", "code": "t", "aggregation_type": "count_agg"}}'
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(lambda _: ask(roof, "k", body, "/api/v1/billable_metrics"), range(12))
        )

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert sum("idempotent-replayed" not in answer.headers and answer.status_code == 200
               for answer in answers) == 1  # fmt: skip


def test_a_failure_is_not_kept(roof: Roof, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 500 or 503 leaves no trace of its key: the repeat runs and may end well."""
    with monkeypatch.context() as broken:
        broken.setattr("catalog.routes.customers.lock_service", lambda *_: 1 / 0)
        assert ask(roof, "k").status_code == 500
    assert kept_count(roof) == 0
    again = ask(roof, "k")

    assert again.status_code == 200
    assert "idempotent-replayed" not in again.headers


def test_a_key_of_one_service_means_nothing_to_another(roof: Roof) -> None:
    """The same key of two services names two requests, each with its own answer."""
    other = replace(a_service(roof.clock()), id="service-2", code="nexamaps")
    with roof.house.state.write() as connection:
        services.add_service(connection, other)
        _, secret = api_keys.create_key(connection, "nexamaps", roof.house.pepper, roof.clock())
    first = ask(roof, "k")
    second = ask(roof, "k", OTHER, Authorization=f"Bearer {secret}")

    assert first.status_code == second.status_code == 200
    assert second.json()["customer"]["name"] == "Other"


@pytest.mark.parametrize("authorization", ["", "Bearer nonsense"])
def test_a_stranger_gets_no_replay(roof: Roof, authorization: str) -> None:
    """Without a good key of ours the answer is 401, whatever the Idempotency-Key."""
    ask(roof, "k")

    assert ask(roof, "k", Authorization=authorization).status_code == 401


def test_a_revoked_key_gets_no_replay(roof: Roof) -> None:
    """An answer is not repeated to an API key that was revoked since."""
    ask(roof, "k")
    with roof.house.state.write() as connection:
        api_keys.revoke_key(connection, "nexadesk", roof.key.split("_")[2], roof.clock())

    assert ask(roof, "k").status_code == 401


def test_a_key_has_a_form(roof: Roof) -> None:
    """A key has 1 to 255 printable ASCII characters; another is refused by name."""
    cases = {
        "x" * 255: None, "x" * 256: "value_is_too_long", "": "value_is_mandatory",
        "  ": "value_is_mandatory", "a\x7fb": "invalid_format", "\xe9": "invalid_format",
    }  # fmt: skip
    for key, code in cases.items():
        headers = [(name.encode(), value.encode("latin-1")) for name, value in
                   (roof.headers | {"Idempotency-Key": key}).items()]  # fmt: skip
        answer = roof.client.post(CUSTOMERS, content=ACME, headers=headers)

        assert answer.status_code == (422 if code else 200)
        if code:
            assert answer.json()["error_details"] == {"idempotency_key": [code]}


def test_two_keys_are_none(roof: Roof) -> None:
    """A request that names two keys is refused: nobody can say which one is meant."""
    headers = [*roof.headers.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = roof.client.post(CUSTOMERS, content=ACME, headers=headers)

    assert answer.json()["error_details"] == {"idempotency_key": ["value_is_invalid"]}


def test_a_restart_frees_what_a_killed_process_held(roof: Roof) -> None:
    """With one process there is nobody to wait for after a start: the repeat runs at once."""
    begin(roof, a_mark())
    with open_roof(roof.house, roof.clock) as again:
        assert ask(again, "k").status_code == 200


def test_a_keyed_body_has_the_usual_limits(roof: Roof) -> None:
    """A key does not let a larger body in."""
    limit = roof.house.settings.body_bytes_max

    assert ask(roof, "k1", b" " * limit).status_code == 400
    assert ask(roof, "k2", b" " * (limit + 1)).status_code == 413


def test_an_answer_is_kept_for_its_hours(roof: Roof) -> None:
    """After the kept time the key is free again, and the scheduler's job deletes what is over."""
    ask(roof, "k")
    roof.clock.advance(roof.clock() + timedelta(hours=168))
    roof.scheduler._forget_requests()

    assert kept_count(roof) == 0
    assert "idempotent-replayed" not in ask(roof, "k", OTHER).headers


def test_pushes_of_usage_take_keys_too(roof: Roof) -> None:
    """The fast way in repeats an answer byte for byte, also of a gzip body, and counts once."""
    body = gzip.compress(str({"event": a_push("1")}).replace("'", '"').encode())
    headers = {"Content-Encoding": "gzip"}
    first = ask(roof, "k", body, "/api/v1/events", **headers)
    again = ask(roof, "k", body, "/api/v1/events", **headers)

    assert (first.status_code, first.content) == (200, again.content)
    assert again.headers["idempotent-replayed"] == "true"


def test_reading_takes_no_notice_of_a_key(roof: Roof) -> None:
    """A GET under a key is answered afresh, and nothing is kept."""
    assert ask(roof, "k", b"", CUSTOMERS, "GET").status_code == 200
    assert kept_count(roof) == 0

"""Webhook endpoints, the public key, and the sequence of lifecycle events, over HTTP."""

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import FastAPI

import catalog.routes.lifecycle_events
import catalog.routes.webhook_endpoints
from catalog.http import Limits
from catalog.lifecycle_event import PAGE_EVENTS_MAX
from catalog.store.lifecycle_events import append
from catalog.store.webhook_key import SigningKeyError, private_webhook_key, public_webhook_key
from catalog.webhook_endpoints import ENDPOINTS_MAX, EVENT_TYPES
from catalog.webhook_url import WebhookRules
from storage.state import State
from tests.catalog.conftest import PEPPER, START, Caller, Clock, built_app

URL = "https://hooks.nexadesk.com/billing"
Fields = dict[str, Any]
lago: Any = import_module("lago_python_client.models.webhook_endpoint")


@pytest.fixture
def app(state: State, clock: Clock) -> FastAPI:
    """Serve webhooks and lifecycle events too."""
    built = built_app()
    for router in (catalog.routes.webhook_endpoints.router, catalog.routes.lifecycle_events.router):
        built.include_router(router, prefix="/api/v1")
    built.state.state, built.state.pepper, built.state.clock = state, PEPPER, clock
    built.state.limits, built.state.webhook_rules = Limits(), WebhookRules()
    return built


def create(caller: Caller, url: str = URL, **changed: object) -> Fields:
    asked = {"webhook_endpoint": {"webhook_url": url} | changed}
    made: Fields = caller.post("/webhook_endpoints", asked)["webhook_endpoint"]
    return made


def test_an_endpoint_is_kept_shown_listed_changed_and_deleted(caller: Caller) -> None:
    """The five calls give Lago's object, which its Python client reads."""
    made = create(caller, signature_algo="hmac", name="Desk", event_types=["alert.triggered"])
    path = f"/webhook_endpoints/{made['lago_id']}"

    assert made == {
        "lago_id": made["lago_id"],
        "lago_organization_id": "nexadesk",
        "webhook_url": URL,
        "signature_algo": "hmac",
        "name": "Desk",
        "event_types": ["alert.triggered"],
        "created_at": "2026-08-10T12:00:00Z",
    }
    assert lago.WebhookEndpointResponse.parse_obj(made).webhook_url == URL
    assert caller.get(path)["webhook_endpoint"] == made
    assert caller.get("/webhook_endpoints")["webhook_endpoints"] == [made]
    changed = {"webhook_endpoint": {"webhook_url": f"{URL}/2", "event_types": ["*"]}}
    after = caller.put(path, changed)["webhook_endpoint"]
    assert after == made | {"webhook_url": f"{URL}/2", "event_types": None}
    assert caller.delete(path)["webhook_endpoint"] == after
    assert caller.delete(path, 404)["code"] == "webhook_endpoint_not_found"
    assert caller.get("/webhook_endpoints")["meta"]["total_count"] == 0
    assert create(caller)["signature_algo"] == "jwt"


@pytest.mark.parametrize(
    ("fields", "details"),
    [
        ({"webhook_url": ""}, {"webhook_url": ["value_is_mandatory", "url_invalid"]}),
        ({"name": "x"}, {"webhook_url": ["value_is_mandatory", "url_invalid"]}),
        ({"webhook_url": "nexadesk"}, {"webhook_url": ["url_invalid"]}),
        ({"webhook_url": 5}, {"webhook_url": ["url_invalid"]}),
        ({"webhook_url": "https://10.0.0.1"}, {"webhook_url": ["host_is_not_public"]}),
        ({"webhook_url": URL, "signature_algo": "md5"}, {"signature_algo": ["value_is_invalid"]}),
        ({"webhook_url": URL, "event_types": "all"}, {"event_types": ["must_be_array"]}),
        ({"webhook_url": URL, "event_types": ["x", 5]}, {"event_types": ["invalid_types"]}),
        ({"webhook_url": URL, "event_types": ["*", "alert.triggered"]},
         {"event_types": ["invalid_types"]}),
    ],
)  # fmt: skip
def test_a_faulty_endpoint_is_refused(caller: Caller, fields: Fields, details: Fields) -> None:
    """Each fault has its field and Lago's code; codes of forbidden addresses are ours."""
    asked = {"webhook_endpoint": fields}
    assert caller.faults("POST", "/webhook_endpoints", asked) == details


def test_types_are_named_once_in_lower_case(caller: Caller) -> None:
    """Names are trimmed and each kept once; an empty list means none, null all (Lago)."""
    made = create(caller, event_types=[" Alert.Triggered", "alert.triggered", "", None])

    assert made["event_types"] == ["alert.triggered"]
    assert create(caller, f"{URL}/2", event_types=[])["event_types"] == []
    assert create(caller, f"{URL}/3", event_types=None)["event_types"] is None
    assert create(caller, f"{URL}/4", event_types=sorted(EVENT_TYPES))["event_types"]
    assert len(EVENT_TYPES) == 75


def test_a_url_is_kept_once_and_ten_of_them(caller: Caller) -> None:
    """A URL is unique in its service; ten endpoints are kept, an eleventh is not (Lago)."""
    made = [create(caller, f"{URL}/{number}") for number in range(ENDPOINTS_MAX)]
    taken = {"webhook_endpoint": {"webhook_url": f"{URL}/1"}}
    path = f"/webhook_endpoints/{made[0]['lago_id']}"

    assert caller.faults("POST", "/webhook_endpoints", taken) == {
        "webhook_url": ["value_already_exist"]
    }
    assert caller.faults("PUT", path, taken) == {"webhook_url": ["value_already_exist"]}
    one_more = {"webhook_endpoint": {"webhook_url": URL}}
    assert caller.faults("POST", "/webhook_endpoints", one_more) == {"base": ["exceeded_limit"]}
    caller.delete(path)
    create(caller)


def test_another_service_sees_no_endpoint(caller: Caller, other: Caller) -> None:
    """A foreign endpoint is 404 on every call, in no list, and its URL is free."""
    path = f"/webhook_endpoints/{create(caller)['lago_id']}"
    for method in ("GET", "PUT", "DELETE"):
        body = {"webhook_endpoint": {"name": "stolen"}} if method == "PUT" else None
        assert other.ask(method, path, 404, body)["code"] == "webhook_endpoint_not_found"
    assert other.get("/webhook_endpoints")["webhook_endpoints"] == []
    create(other)


def test_the_public_key_is_one_for_all_and_ever(
    caller: Caller, other: Caller, state: State
) -> None:
    """One key is made, given in both of Lago's ways, and verifies what the private one signs."""
    with ThreadPoolExecutor(3) as first:
        keys = set(first.map(lambda _: public_webhook_key(state, PEPPER, START), range(3)))
    json_key = caller.get("/webhooks/json_public_key")["webhook"]["public_key"]
    plain = other.http.get("/api/v1/webhooks/public_key", headers=other.headers)

    assert (plain.text, plain.headers["content-type"]) == (json_key, "text/plain; charset=utf-8")
    assert keys == {base64.b64decode(json_key).decode()}
    public = load_pem_public_key(base64.b64decode(json_key))
    assert isinstance(public, RSAPublicKey)
    signature = private_webhook_key(state, PEPPER).sign(b"body", PKCS1v15(), SHA256())
    public.verify(signature, b"body", PKCS1v15(), SHA256())
    assert other.http.get("/api/v1/webhooks/public_key").status_code == 401


def test_the_private_key_needs_the_houses_secret(state: State) -> None:
    """Without a pair, or with another secret, there is no key to sign with, and it says why."""
    with pytest.raises(SigningKeyError, match="no key pair"):
        private_webhook_key(state, PEPPER)
    public_webhook_key(state, PEPPER, START)
    with pytest.raises(SigningKeyError, match="another secret"):
        private_webhook_key(state, b"another")


def tell(state: State, service: str, *kinds: str) -> None:
    with state.write() as connection:
        for kind in kinds:
            append(connection, service, kind, {"of": service}, START)


def test_events_are_read_on_from_a_sequence(caller: Caller, other: Caller, state: State) -> None:
    """Each page begins after the last, without gap; kinds narrow it, and are read past."""
    tell(state, "nexadesk", "alert.triggered", "events.errors", "alert.triggered")
    tell(state, "nexacloud", "subscription.started")

    first = caller.get("/lifecycle_events?limit=2")
    assert [each["sequence"] for each in first["lifecycle_events"]] == [1, 2]
    assert first["meta"] == {"next_after": 2, "last_sequence": 3}
    rest = caller.get("/lifecycle_events?after=2")
    assert rest["lifecycle_events"] == [{
        "sequence": 3,
        "webhook_type": "alert.triggered",
        "object_type": "triggered_alert",
        "organization_id": "nexadesk",
        "created_at": "2026-08-10T12:00:00Z",
        "triggered_alert": {"of": "nexadesk"},
    }]  # fmt: skip
    errors = caller.get("/lifecycle_events?kind[]=events.errors&kind=none")
    assert [each["events_errors"] for each in errors["lifecycle_events"]] == [{"of": "nexadesk"}]
    assert errors["meta"] == {"next_after": 3, "last_sequence": 3}
    assert caller.get("/lifecycle_events?after=9")["meta"]["next_after"] == 9
    (foreign,) = other.get("/lifecycle_events")["lifecycle_events"]
    assert foreign["subscription"] == {"of": "nexacloud"}


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("after=-1", {"after": ["value_is_invalid"]}),
        ("after=x&limit=0", {"after": ["value_is_invalid"], "limit": ["value_is_invalid"]}),
        ("after=9999999999999999999", {"after": ["value_is_invalid"]}),
        ("limit=", {"limit": ["value_is_invalid"]}),
    ],
)
def test_a_faulty_place_is_refused(caller: Caller, query: str, details: Fields) -> None:
    """A reader that lost count hears of it, and does not begin anew."""
    assert caller.faults("GET", f"/lifecycle_events?{query}", None) == details


@pytest.mark.parametrize("asked", [PAGE_EVENTS_MAX, PAGE_EVENTS_MAX + 1])
def test_a_page_of_events_has_a_limit(caller: Caller, state: State, asked: int) -> None:
    """A thousand events are given at once, however many are asked for."""
    tell(state, "nexadesk", *["alert.triggered"] * (PAGE_EVENTS_MAX + 1))
    page = caller.get(f"/lifecycle_events?limit={asked}")

    assert (len(page["lifecycle_events"]), page["meta"]["next_after"]) == (1000, 1000)


def test_a_callers_services_alone_read(a_caller: Callable[[str], Caller]) -> None:
    """A service that nothing happened to reads nothing, from any place."""
    assert a_caller("nexamaps").get("/lifecycle_events")["meta"] == {
        "next_after": 0, "last_sequence": 0,
    }  # fmt: skip

"""Accounts over HTTP, as Lago's customers: upsert, shapes, soft deletion."""

from datetime import timedelta

import pytest

from catalog.store.accounts import accounts_by_id
from storage.state import State
from tests.catalog.conftest import START, Caller, Clock
from tests.catalog.makers import a_customer, a_subscription, priced, subscribed


def test_a_customer_comes_back_as_lago_shows_it(caller: Caller) -> None:
    """Creation answers Lago's object, member by member, and reading it says the same."""
    created = caller.post("/customers", a_customer(name="Acme", zipcode=90210, country="ca"))
    customer = dict(created["customer"])

    assert len(customer.pop("lago_id")) == 36
    assert {name: value for name, value in customer.items() if value is not None} == {
        "billing_entity_code": "nexadesk",
        "external_id": "acme",
        "account_type": "customer",
        "name": "Acme",
        "zipcode": "90210",
        "country": "CA",
        "sequential_id": 1,
        "slug": "NEXADESK-001",
        "created_at": "2026-08-10T12:00:00Z",
        "updated_at": "2026-08-10T12:00:00Z",
        "applicable_timezone": "America/Toronto",
        "finalize_zero_amount_invoice": "inherit",
        "billing_configuration": {
            "invoice_grace_period": None,
            "payment_provider": None,
            "payment_provider_code": None,
            "document_locale": None,
            "subscription_invoice_issuing_date_anchor": None,
            "subscription_invoice_issuing_date_adjustment": None,
        },
        "shipping_address": {},
        "skip_invoice_custom_sections": False,
        "metadata": [],
        "taxes": [],
        "integration_customers": [],
        "applicable_invoice_custom_sections": [],
        "error_details": [],
    }
    assert customer.keys() >= {
        "firstname", "lastname", "customer_type", "address_line1", "address_line2", "state",
        "email", "city", "url", "phone", "logo_url", "legal_name", "legal_number", "currency",
        "tax_identification_number", "timezone", "net_payment_term", "external_salesforce_id",
    }  # fmt: skip
    assert caller.get("/customers/acme") == created


def test_a_second_post_changes_only_what_it_names(caller: Caller, clock: Clock) -> None:
    """POST is an upsert on external_id: members absent stay, null clears."""
    first = caller.post("/customers", a_customer(name="Acme", city="Toronto"))["customer"]
    clock.now += timedelta(days=1)
    second = caller.post("/customers", a_customer(name=None, email="a@b.ca"))["customer"]

    assert second == {
        **first, "name": None, "email": "a@b.ca", "updated_at": "2026-08-11T12:00:00Z",
    }  # fmt: skip


def test_customers_are_numbered_within_their_service(caller: Caller, other: Caller) -> None:
    """The number of a customer counts its own service's only."""
    caller.post("/customers", a_customer("a"))
    other.post("/customers", a_customer("a"))
    second = caller.post("/customers", a_customer("b"))["customer"]

    assert (second["sequential_id"], second["slug"]) == (2, "NEXADESK-002")


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"external_id": " "}, {"external_id": ["value_is_mandatory"]}),
        ({"external_id": None}, {"external_id": ["value_is_mandatory"]}),
        ({"external_id": "a/b"}, {"external_id": ["value_is_invalid"]}),
        ({"external_id": "a?b"}, {"external_id": ["value_is_invalid"]}),
        ({"external_id": "a#b"}, {"external_id": ["value_is_invalid"]}),
        ({"external_id": "a\nb"}, {"external_id": ["value_is_invalid"]}),
        ({"external_id": "x" * 256}, {"external_id": ["value_is_too_long"]}),
        ({"external_id": {}}, {"external_id": ["value_is_invalid"]}),
        ({"email": "nobody"}, {"email": ["invalid_email_format"]}),
        ({"country": "Canada"}, {"country": ["not_a_valid_country_code"]}),
        ({"currency": "XQX"}, {"currency": ["value_is_invalid"]}),
        ({"timezone": "America/Nowhere"}, {"timezone": ["invalid_timezone"]}),
        ({"name": "x" * 4097}, {"name": ["value_is_too_long"]}),
        ({"name": True, "city": []}, {"name": ["value_is_invalid"], "city": ["value_is_invalid"]}),
    ],
)
def test_a_faulty_field_is_named_with_its_code(
    changed: dict[str, object], faults: dict[str, object], caller: Caller
) -> None:
    """Each fault is refused at its field and nothing is kept."""
    assert caller.faults("POST", "/customers", a_customer(**changed)) == faults  # type: ignore[arg-type]
    assert caller.get("/customers")["meta"]["total_count"] == 0


@pytest.mark.parametrize(
    "external_id", ["x" * 255, "with space", "été:1@a+b&c=d;e,f", "100%", "..a", "🎉", "'\"<>\\"]
)
def test_an_external_id_may_hold_what_paths_can_carry(external_id: str, caller: Caller) -> None:
    """Every id that is taken can be read again under itself."""
    created = caller.post("/customers", a_customer(external_id))
    found = caller.http.get(
        caller.http.base_url.join(f"/api/v1/customers/{external_id.replace('%', '%25')}"),
        headers=caller.headers,
    )

    assert found.json() == created


def test_a_whole_number_is_taken_as_its_digits(caller: Caller) -> None:
    """Rails casts numbers to text, so apps that send a number as id go on working."""
    assert caller.post("/customers", {"customer": {"external_id": 42}})["customer"][
        "external_id"
    ] == "42"  # fmt: skip


def test_what_belongs_to_odoo_is_taken_and_dropped(caller: Caller) -> None:
    """Taxes, payment terms and metadata are no fault, and not ours."""
    body = a_customer(tax_codes=["hst"], net_payment_term=30, metadata=[{"key": "a"}], x={"y": 1})

    assert caller.post("/customers", body)["customer"]["net_payment_term"] is None


def test_days_cannot_move_under_a_live_subscription(caller: Caller) -> None:
    """A new timezone would make periods overlap; the one in force may be named again."""
    subscribed(caller)
    same = caller.post("/customers", a_customer(timezone="America/Toronto"))["customer"]

    assert same["timezone"] == "America/Toronto"
    moved = caller.faults("POST", "/customers", a_customer(timezone="Europe/Paris"))
    assert moved == {"timezone": ["not_supported_yet"]}
    caller.delete("/subscriptions/acme-team")
    free = caller.post("/customers", a_customer(timezone="Europe/Paris"))["customer"]
    assert free["applicable_timezone"] == "Europe/Paris"


def test_a_deleted_customer_takes_its_subscriptions_along(caller: Caller, clock: Clock) -> None:
    """Active ones end at that instant, pending ones are canceled, both stay readable."""
    subscribed(caller)
    pending = a_subscription(external_id="later", subscription_at="2026-12-01")
    caller.post("/subscriptions", pending)
    clock.now += timedelta(hours=1)
    caller.delete("/customers/acme")
    ended = caller.get("/subscriptions?status[]=terminated&status[]=canceled")["subscriptions"]

    assert {one["external_id"]: one["terminated_at"] for one in ended} == {
        "acme-team": "2026-08-10T13:00:00Z", "later": None,
    }  # fmt: skip
    assert caller.get("/customers/acme", 404)["code"] == "customer_not_found"


def test_a_deleted_customers_id_is_free_again(caller: Caller, state: State) -> None:
    """Deletion is soft: the new customer is another one, the old one's history stays."""
    first = caller.post("/customers", a_customer())["customer"]
    caller.delete("/customers/acme")
    second = caller.post("/customers", a_customer())["customer"]

    assert (second["sequential_id"], caller.get("/customers")["meta"]["total_count"]) == (2, 1)
    with state.read() as connection:
        kept = accounts_by_id(connection, "nexadesk")
    assert kept.keys() == {first["lago_id"], second["lago_id"]}
    assert kept[first["lago_id"]].deleted_at == START


def test_a_list_shows_newest_first(caller: Caller) -> None:
    """Customers created in the same instant come in the order of their numbers, reversed."""
    for external_id in ("a", "b", "c"):
        caller.post("/customers", a_customer(external_id))
    page = caller.get("/customers?per_page=2")

    assert [customer["external_id"] for customer in page["customers"]] == ["c", "b"]
    assert "taxes" not in page["customers"][0]


def test_a_customer_unknown_to_a_subscription_has_only_its_id(caller: Caller) -> None:
    """Lago creates a subscription's customer on the fly."""
    priced(caller)
    caller.post("/subscriptions", a_subscription(external_customer_id="new"))
    customer = caller.get("/customers/new")["customer"]

    assert (customer["external_id"], customer["name"]) == ("new", None)

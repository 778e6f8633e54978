"""Previews: what the next invoice would be, from our own rating, and nothing kept."""

from typing import Any

import pytest

from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.makers import a_push
from tests.lago_clients.differences import unexplained
from tests.odoo_bridge.answers import lago_models as lago

CUSTOMER = {"customer": {"external_id": "acme"}}
FEBRUARY_TENTH = 1_770_724_800


def preview(roof: Roof, body: object) -> dict[str, Any]:
    """Return the previewed invoice."""
    return dict(roof.post("/invoices/preview", body)["invoice"])


def refusal(roof: Roof, body: object) -> tuple[int, Any]:
    """Return the status and the details, or else the code, of a refused preview."""
    answer = roof.client.post("/api/v1/invoices/preview", json=body, headers=roof.headers)
    told = answer.json()
    return answer.status_code, told.get("error_details", told.get("code"))


def test_a_preview_is_the_running_period(billed: Roof) -> None:
    """The next invoice of a billed subscription holds its fee and what it has used since."""
    push = a_push("feb", tokens=3_000, timestamp=FEBRUARY_TENTH)
    billed.post("/events", {"event": push})
    invoice = preview(billed, CUSTOMER | {"subscriptions": {"external_ids": ["acme-team"]}})

    assert invoice["fees_amount_cents"] == 4_990 + 9_990
    assert sum(fee["amount_cents"] for fee in invoice["fees"]) == invoice["fees_amount_cents"]
    assert invoice["issuing_date"] == "2026-03-01"
    assert [one["external_id"] for one in invoice["subscriptions"]] == ["acme-team"]
    assert unexplained({"invoice": invoice}, "Invoice") == set()
    assert lago.InvoiceResponse.parse_obj(invoice).status == "draft"


def test_a_preview_keeps_nothing(billed: Roof) -> None:
    """After a preview there are the same invoices as before, and no subscription more."""
    before = [billed.get(path) for path in ("/invoices", "/subscriptions")]
    preview(billed, CUSTOMER)
    preview(billed, {"customer": {"name": "New"}, "plan_code": "team"})

    assert [billed.get(path) for path in ("/invoices", "/subscriptions")] == before


def test_a_plan_is_previewed_for_nobody(billed: Roof) -> None:
    """The first invoice on a plan, from the middle of a month, holds its share of the fee."""
    body = {"customer": {"name": "New"}, "plan_code": "team"}
    invoice = preview(billed, body | {"subscription_at": "2026-02-15T05:00:00Z"})

    assert invoice["fees_amount_cents"] == 2_495
    assert invoice["subscriptions"] == []
    assert unexplained({"invoice": invoice}, "Invoice") == set()


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, (422, {"customer": ["value_is_mandatory"]})),
        ({"customer": {"external_id": "nobody"}}, (404, "customer_not_found")),
        (
            CUSTOMER | {"subscriptions": {"external_ids": ["other"]}},
            (404, "subscription_not_found"),
        ),
        (
            CUSTOMER | {"subscriptions": {"external_ids": ["acme-team", "other"]}},
            (422, {"subscriptions": ["one_subscription_per_invoice"]}),
        ),
        (CUSTOMER | {"plan_code": "other"}, (404, "plan_not_found")),
        (
            CUSTOMER | {"coupons": [{"code": "ten"}]},
            (422, {"coupons": ["not_supported_yet"]}),
        ),
        (
            CUSTOMER | {"subscriptions": {"external_ids": ["acme-team"], "plan_code": "team"}},
            (422, {"subscriptions": ["not_supported_yet"]}),
        ),
    ],
)
def test_what_cannot_be_previewed_is_named(billed: Roof, body: object, answer: object) -> None:
    """What is unknown, or can't be imagined exactly, is refused at its member."""
    assert refusal(billed, body) == answer

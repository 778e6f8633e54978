"""Without an Odoo, our own drafts are the invoices; what needs Odoo says so."""

from pathlib import Path

import pytest

from tests.fusion_billing.conftest import Roof
from tests.lago_clients.differences import unexplained
from tests.odoo_bridge.answers import lago_models as lago
from tests.odoo_bridge.answers.conftest import billed_roof, key_of_other_service

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def status_and_code(roof: Roof, method: str, path: str, key: str = "") -> tuple[int, str]:
    """Ask and return the status with the code of the refusal."""
    headers = {"Authorization": f"Bearer {key}"} if key else roof.headers
    answer = roof.client.request(method, f"/api/v1{path}", headers=headers, json={})
    return answer.status_code, answer.json().get("code", "")


def only_invoice(roof: Roof) -> dict[str, object]:
    """Return the only invoice of the list."""
    (invoice,) = roof.get("/invoices")["invoices"]
    return dict(invoice)


def test_a_waiting_draft_is_a_draft_invoice(billed: Roof) -> None:
    """A draft that Odoo has not got is listed once, unpaid, with its rated cents and no tax."""
    answer = billed.get("/invoices")
    (invoice,) = answer["invoices"]

    assert answer["meta"]["total_count"] == 1
    assert (invoice["status"], invoice["payment_status"]) == ("draft", "pending")
    assert (invoice["fees_amount_cents"], invoice["taxes_amount_cents"]) == (10_907, 0)
    assert (invoice["total_amount_cents"], invoice["total_due_amount_cents"]) == (10_907, 10_907)
    assert (invoice["issuing_date"], invoice["payment_due_date"]) == ("2026-02-01", "2026-03-03")
    assert invoice["customer"]["external_id"] == "acme"
    assert unexplained(answer, "InvoicesPaginated") == set()
    assert lago.InvoiceResponse.parse_obj(invoice).total_amount_cents == 10_907


def test_one_invoice_shows_what_it_bills(billed: Roof) -> None:
    """One invoice has the fees that add up to it, its subscription and the billed period."""
    lago_id = only_invoice(billed)["lago_id"]
    answer = billed.get(f"/invoices/{lago_id}")
    invoice = answer["invoice"]

    assert sum(fee["amount_cents"] for fee in invoice["fees"]) == invoice["fees_amount_cents"]
    assert {fee["lago_invoice_id"] for fee in invoice["fees"]} == {lago_id}
    assert [one["external_id"] for one in invoice["subscriptions"]] == ["acme-team"]
    (period,) = invoice["billing_periods"]
    assert period["charges_from_datetime"] == "2026-01-01T05:00:00Z"
    assert period["charges_to_datetime"] == "2026-02-01T04:59:59Z"
    assert period["invoicing_reason"] == "subscription_periodic"
    assert unexplained(answer, "Invoice") == set()
    assert lago.InvoiceResponse.parse_obj(invoice).lago_id == lago_id


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status[]=draft", 1),
        ("status[]=finalized", 0),
        ("status=draft&status=voided", 1),
        ("payment_status[]=pending", 1),
        ("payment_status[]=succeeded", 0),
        ("payment_overdue=true", 0),
        ("payment_overdue=false", 1),
        ("partially_paid=true", 0),
        ("currency=cad", 1),
        ("currency=USD", 0),
        ("issuing_date_from=2026-02-01&issuing_date_to=2026-02-01", 1),
        ("issuing_date_from=2026-02-02", 0),
        ("issuing_date_to=2026-01-31", 0),
        ("amount_from=10907&amount_to=10907", 1),
        ("amount_from=10908", 0),
        ("amount_to=10906", 0),
        ("external_customer_id=acme", 1),
        ("external_customer_id=nobody", 0),
        ("search_term=ACM", 1),
        ("search_term=%25", 0),
        ("invoice_type=subscription", 1),
        ("invoice_type=one_off", 0),
        ("self_billed=true", 0),
        ("payment_dispute_lost=true", 0),
        ("metadata[a]=b", 0),
        ("billing_entity_codes[]=nexadesk", 1),
        ("billing_entity_codes[]=other", 0),
        ("page=2&per_page=1", 0),
    ],
)
def test_a_list_is_narrowed(billed: Roof, query: str, count: int) -> None:
    """Each of Lago's filters takes or leaves the draft as it would an invoice."""
    assert len(billed.get(f"/invoices?{query}")["invoices"]) == count


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("status[]=open", "status", "value_is_invalid"),
        ("payment_status=late", "payment_status", "value_is_invalid"),
        ("payment_overdue=maybe", "payment_overdue", "value_is_invalid"),
        ("issuing_date_from=yesterday", "issuing_date_from", "invalid_date"),
        ("amount_from=1.5", "amount_from", "invalid_value"),
    ],
)
def test_a_senseless_filter_is_refused(billed: Roof, query: str, field: str, code: str) -> None:
    """A filter that can mean nothing is named with Lago's code, not ignored."""
    answer = billed.client.get(f"/api/v1/invoices?{query}", headers=billed.headers)

    assert (answer.status_code, answer.json()["error_details"]) == (422, {field: [code]})


def test_another_service_sees_nothing(billed: Roof) -> None:
    """A foreign invoice is not listed, and its id is 404; so is a foreign customer's."""
    lago_id = only_invoice(billed)["lago_id"]
    key = key_of_other_service(billed.house)
    listed = billed.client.get("/api/v1/invoices", headers={"Authorization": f"Bearer {key}"})

    assert listed.json()["invoices"] == []
    assert status_and_code(billed, "GET", f"/invoices/{lago_id}", key) == (404, "invoice_not_found")
    found = status_and_code(billed, "GET", "/customers/acme/invoices", key)
    assert found == (404, "customer_not_found")


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", f"/invoices/{UNKNOWN}", (404, "invoice_not_found")),
        ("GET", "/invoices/not-a-uuid", (404, "invoice_not_found")),
        ("POST", "/invoices", (405, "one_off_invoices_are_made_in_odoo")),
        ("PUT", f"/invoices/{UNKNOWN}/finalize", (405, "odoo_not_configured")),
        ("POST", f"/invoices/{UNKNOWN}/void", (404, "invoice_not_found")),
        ("POST", f"/invoices/{UNKNOWN}/retry_payment", (404, "invoice_not_found")),
        ("POST", f"/invoices/{UNKNOWN}/download", (404, "invoice_not_found")),
        ("POST", f"/invoices/{UNKNOWN}/payment_url", (405, "odoo_not_configured")),
        ("GET", f"/credit_notes/{UNKNOWN}", (404, "credit_note_not_found")),
        ("POST", "/credit_notes", (405, "credit_notes_are_made_in_odoo")),
        ("GET", f"/payments/{UNKNOWN}", (404, "payment_not_found")),
        ("GET", "/taxes", (405, "odoo_not_configured")),
        ("GET", "/taxes/hst_1", (405, "odoo_not_configured")),
        ("GET", "/customers/acme/portal_url", (405, "odoo_not_configured")),
        ("GET", "/customers/nobody/portal_url", (404, "customer_not_found")),
        ("POST", "/customers/acme/checkout_url", (405, "odoo_not_configured")),
        ("GET", "/customers/acme/payment_methods", (405, "odoo_not_configured")),
        ("GET", "/customers/nobody/payments", (404, "customer_not_found")),
        ("GET", "/documents/nothing", (404, "document_not_found")),
    ],
)
def test_what_needs_odoo_says_so(
    billed: Roof, method: str, path: str, refusal: tuple[int, str]
) -> None:
    """What can't be answered without Odoo is refused with a code of its own, never invented."""
    assert status_and_code(billed, method, path) == refusal


def test_a_draft_of_ours_is_neither_voided_nor_paid(billed: Roof) -> None:
    """Acts on a draft that Odoo has not got are refused with the reason as code."""
    path = f"/invoices/{only_invoice(billed)['lago_id']}"

    assert status_and_code(billed, "POST", f"{path}/void") == (
        405,
        "invoices_are_corrected_by_credit_notes_in_odoo",
    )
    assert status_and_code(billed, "POST", f"{path}/retry_payment") == (405, "invalid_status")


@pytest.mark.parametrize("name", ["credit_notes", "payments"])
def test_what_only_odoo_has_is_empty(billed: Roof, name: str) -> None:
    """Without Odoo there are no credit notes and no payments; a customer's lists are empty too."""
    empty = {"current_page": 0, "next_page": None, "prev_page": None}
    empty |= {"total_pages": 0, "total_count": 0}

    assert billed.get(f"/{name}") == {name: [], "meta": empty}
    assert billed.get(f"/customers/acme/{name}") == {name: [], "meta": empty}


def test_an_external_id_given_anew_shows_nothing_old(tmp_path: Path) -> None:
    """Whoever gets the external id of a deleted customer does not get its invoices."""
    with billed_roof(tmp_path) as roof:
        roof.client.delete("/api/v1/customers/acme", headers=roof.headers)
        roof.post("/customers", {"customer": {"external_id": "acme"}})

        assert roof.get("/customers/acme/invoices")["invoices"] == []
        assert len(roof.get("/invoices")["invoices"]) == 1

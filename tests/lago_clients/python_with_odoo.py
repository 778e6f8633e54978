"""What the Python client is answered of what lies in Odoo: each answer passes its models."""

from urllib.request import urlopen

from tests.lago_clients.odoo_books import BASE_URL, PDF
from tests.lago_clients.python_client import METHOD_NOT_ALLOWED, Client, refused

SECONDS_MAX = 30


def ask_odoo(lago: Client) -> None:
    """Post the only invoice, read its money and papers, and where its customer sees them."""
    (draft,) = lago.invoices.find_all({"status[]": ["draft"]})["invoices"]
    lago_id = draft.lago_id
    final = lago.invoices.finalize(lago_id)

    assert (draft.status, final.number) == ("draft", "INV/2026/00001")
    assert (final.fees_amount_cents, final.taxes_amount_cents) == (10_907, 1_418)
    assert (final.total_amount_cents, final.total_due_amount_cents) == (12_325, 10_760)
    assert (final.status, final.payment_status) == ("finalized", "pending")
    assert lago.invoices.find(lago_id).number == final.number
    assert _fetched(lago.invoices.download(lago_id).file_url) == PDF
    assert lago.invoices.payment_url(lago_id).startswith(f"{BASE_URL}/my/")
    collected = "payments_are_collected_in_odoo"
    refused(METHOD_NOT_ALLOWED, collected, lago.invoices.retry_payment, lago_id)
    read_settlements(lago, lago_id)
    read_company(lago)


def read_settlements(lago: Client, lago_id: str) -> None:
    """Read what the client paid of the invoice, and what a person credited of it."""
    (payment,) = lago.payments.find_all({"invoice_id": lago_id})["payments"]
    (note,) = lago.credit_notes.find_all()["credit_notes"]

    assert (payment.amount_cents, payment.invoice_ids) == (1_000, [lago_id])
    assert lago.payments.find(payment.lago_id) == payment
    assert (note.total_amount_cents, note.offset_amount_cents) == (565, 565)
    assert lago.credit_notes.find(note.lago_id) == note
    assert _fetched(lago.credit_notes.download(note.lago_id).file_url) == PDF


def read_company(lago: Client) -> None:
    """Read the company's taxes, and the pages of its portal."""
    (tax,) = lago.taxes.find_all()["taxes"]

    assert (tax.rate, tax.applied_to_organization) == (13, True)
    assert lago.taxes.find(tax.code) == tax
    assert "redirect=%2Fmy%2Finvoices" in lago.customers.portal_url("acme")
    assert "redirect=%2Fmy%2Fpayment_method" in lago.customers.checkout_url("acme")


def _fetched(url: str) -> bytes:
    """Return what whoever has a link gets, without a key."""
    with urlopen(url, timeout=SECONDS_MAX) as answer:
        return bytes(answer.read())

"""What the Python client does with usage, with what was billed of it, and at the end."""

import pytest

from tests.lago_clients.python_client import (
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    Client,
    models,
    refused,
    sends_no_key,
)

TENTH = 1_768_046_400
NO_ODOO = "odoo_not_configured"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def an_event(transaction_id: str, code: str = "tokens", **properties: object) -> object:
    """Return one event of acme-team on the tenth of January."""
    return models.Event(
        transaction_id=transaction_id, external_subscription_id="acme-team", code=code,
        timestamp=TENTH, properties=properties,
    )  # fmt: skip


def use(lago: Client) -> None:
    """Push, look at usage, estimate, and set alerts."""
    pushed = lago.events.create(an_event("1", tokens=1_000))
    assert lago.events.create(an_event("1", tokens=1_000)) == pushed
    lago.events.batch_create(
        models.BatchEvent(
            events=[an_event("2", tokens="50.5", region="eu"), an_event("3", "calls")]
        )
    )
    assert lago.events.find("2").properties == {"tokens": "50.5", "region": "eu"}
    (fee,) = lago.events.estimate_fees(an_event("4", "calls"))["fees"]
    now = lago.customers.current_usage("acme", "acme-team")
    lifetime = lago.subscriptions.lifetime_usage("acme-team")
    calls, tokens = now.charges_usage

    assert (fee.amount_cents, fee.units) == (200, "1.0")
    assert (calls.amount_cents, tokens.amount_cents) == (200, 901)
    assert [one.units for one in tokens.filters] == ["50.5", "1000.0"]
    assert lifetime.current_usage_amount_cents == 1_101
    assert lago.customers.projected_usage("acme", "acme-dev").amount_cents == 0
    # Usage of no filter has no values, in Lago's answer too, which its own client can't read.
    with pytest.raises(ValueError, match="values"):
        lago.customers.projected_usage("acme", "acme-team")
    set_alerts(lago)


def set_alerts(lago: Client) -> None:
    """Set two alerts at once and remove all."""
    steps = models.AlertThresholdList(
        __root__=[
            models.AlertThreshold(value="5000", code="warn"),
            models.AlertThreshold(value="1"),
        ]
    )
    both = [
        models.Alert(alert_type="current_usage_amount", code="spend", thresholds=steps),
        models.Alert(
            alert_type="billable_metric_current_usage_units", code="many", name="Many",
            billable_metric_code="tokens", thresholds=steps,
        ),
    ]  # fmt: skip
    made = lago.subscriptions.create_alerts("acme-team", models.AlertsList(alerts=both))["alerts"]
    assert [one.code for one in made] == ["spend", "many"]
    assert made[1].billable_metric.code == "tokens"
    assert lago.subscriptions.delete_alerts("acme-team") is None


def read(lago: Client) -> None:
    """Read what January came to, and ask for everything that is Odoo's."""
    (period,) = lago.customers.past_usage("acme", "acme-team")["usage_periods"]
    fees = lago.fees.find_all({"external_subscription_id": "acme-team"})["fees"]
    assert period.amount_cents == 6_101
    assert sum(fee.amount_cents for fee in fees) == 6_101
    assert lago.fees.find(fees[0].lago_id) == fees[0]
    refused(NOT_FOUND, "fee_not_found", lago.fees.find, UNKNOWN)
    read_invoices(lago)
    read_credit_notes(lago)
    read_payments(lago)


def read_invoices(lago: Client) -> None:
    """Find, list and preview; what posts, pays or voids needs Odoo."""
    invoices = lago.invoices
    listed = invoices.find_all({"status[]": ["draft"], "external_customer_id": "acme"})["invoices"]
    drafts = {
        invoices.find(one.lago_id).subscriptions.__root__[0].external_id: one for one in listed
    }
    draft = drafts["acme-team"]
    next_one = invoices.preview(
        models.InvoicePreview(
            customer=models.Customer(external_id="acme"),
            subscriptions=models.Subscriptions(external_ids=["acme-team"]),
        )
    )
    assert (draft.fees_amount_cents, draft.status) == (6_101, "draft")
    assert next_one.fees_amount_cents == 5_000
    one_off = models.OneOffInvoice(external_customer_id="acme", currency="CAD")
    no = METHOD_NOT_ALLOWED
    refused(no, "one_off_invoices_are_made_in_odoo", invoices.create, one_off)
    refused(NOT_FOUND, "invoice_not_found", invoices.download, draft.lago_id)
    refused(no, NO_ODOO, invoices.finalize, draft.lago_id)
    refused(no, NO_ODOO, invoices.payment_url, draft.lago_id)
    refused(no, "invalid_status", invoices.retry_payment, draft.lago_id)
    refused(no, "invoices_are_corrected_by_credit_notes_in_odoo", invoices.void, draft.lago_id)
    sends_no_key(lago.customer_invoices.find_all, "acme")


def read_credit_notes(lago: Client) -> None:
    """There are none without Odoo, and none is made here."""
    notes = lago.credit_notes
    assert notes.find_all()["credit_notes"] == []
    note = models.CreditNote(invoice_id=UNKNOWN, credit_amount_cents=1)
    refused(METHOD_NOT_ALLOWED, "credit_notes_are_made_in_odoo", notes.create, note)
    refused(NOT_FOUND, "credit_note_not_found", notes.find, UNKNOWN)
    refused(NOT_FOUND, "credit_note_not_found", notes.download, UNKNOWN)
    sends_no_key(lago.customer_credit_notes.find_all, "acme")


def read_payments(lago: Client) -> None:
    """Payments, taxes, cards and pages of the portal are Odoo's."""
    assert lago.payments.find_all()["payments"] == []
    refused(NOT_FOUND, "payment_not_found", lago.payments.find, UNKNOWN)
    no, cards = METHOD_NOT_ALLOWED, lago.customer_payment_methods
    refused(no, NO_ODOO, lago.taxes.find_all)
    refused(no, NO_ODOO, lago.taxes.find, "hst")
    refused(no, NO_ODOO, lago.customers.portal_url, "acme")
    refused(no, NO_ODOO, lago.customers.checkout_url, "acme")
    refused(no, NO_ODOO, cards.set_as_default, "acme", UNKNOWN)
    refused(no, NO_ODOO, cards.destroy, "acme", UNKNOWN)
    sends_no_key(cards.find_all, "acme")
    sends_no_key(lago.customer_payments.find_all, "acme")


def leave(lago: Client) -> None:
    """End everything."""
    ended = lago.subscriptions.destroy("acme-team")
    assert (ended.status, ended.plan_code) == ("terminated", "team")
    assert lago.customers.destroy("acme").external_id == "acme"
    refused(NOT_FOUND, "customer_not_found", lago.customers.find, "acme")
    assert lago.plans.destroy("team").code == "team"
    assert lago.billable_metrics.destroy("tokens").code == "tokens"

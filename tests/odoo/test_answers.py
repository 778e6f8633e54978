"""What a real Odoo 19 holds of two services of the same clients, asked over HTTP by each."""

from collections.abc import Iterator

import pytest

from odoo_bridge.answers.sources import OdooAnswers
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from tests.lago_clients.differences import unexplained
from tests.odoo.answering_house import Answering, answering_house
from tests.odoo_bridge.answers import lago_models as lago
from tests.odoo_bridge.makers import entered
from tests.real_parts import OdooDatabase

pytestmark = pytest.mark.xdist_group("odoo")

PDF = b"%PDF-1.4 an invoice\n%%EOF\n"
TOTAL = 11_300
EVERY = {"active_test": False}


@pytest.fixture(scope="module")
def answering(
    shared: tuple[OdooDatabase, OdooDatabase, OdooDatabase],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Answering]:
    """Give two services that have billed the same clients into a real Odoo."""
    admin, user, _ = shared
    with answering_house(tmp_path_factory.mktemp("house"), admin, user) as made:
        yield made


def test_an_invoice_is_final_once(answering: Answering) -> None:
    """Finalizing posts the move, with HST and a number; again it changes nothing."""
    before = answering.invoice("final")
    first, move_id = answering.finalized("final")
    again, _ = answering.finalized("final")
    (held,) = answering.inside.call("account.move", "read", [move_id], ["state", "name"])

    assert (before["status"], before["total_amount_cents"]) == ("draft", TOTAL)
    assert (held["state"], held["name"]) == ("posted", first["number"])
    assert again == first
    assert (first["status"], first["payment_status"]) == ("finalized", "pending")
    assert (first["fees_amount_cents"], first["taxes_amount_cents"]) == (10_000, 1_300)
    assert (first["total_amount_cents"], first["total_due_amount_cents"]) == (TOTAL, TOTAL)
    (tax,) = first["applied_taxes"]
    assert (tax["tax_rate"], tax["amount_cents"], tax["fees_amount_cents"]) == (13.0, 1_300, 10_000)
    assert (first["issuing_date"], first["payment_due_date"]) == ("2026-02-01", "2026-03-03")
    assert sum(fee["amount_cents"] for fee in first["fees"]) == 10_000
    assert unexplained({"invoice": first}, "Invoice") == set()
    assert lago.InvoiceResponse.parse_obj(first).number == held["name"]


def test_an_invoice_changed_by_hand_is_not_final(answering: Answering) -> None:
    """A draft whose amount was changed in Odoo is not posted by us; both numbers are told."""
    lago_id = answering.invoice("edited")["lago_id"]
    move_id = answering.move_id(lago_id)
    (move,) = answering.inside.call("account.move", "read", [move_id], ["invoice_line_ids"])
    change = [(1, move["invoice_line_ids"][0], {"price_unit": 90.0})]
    answering.inside.call("account.move", "write", [move_id], {"invoice_line_ids": change})
    answer = answering.one.client.put(
        f"/api/v1/invoices/{lago_id}/finalize", headers=answering.one.headers
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "third_party_error")
    assert "90.0" in answer.text
    assert "100.00" in answer.text
    assert answering.invoice("edited")["status"] == "draft"


def test_services_of_one_client_do_not_see_each_other(answering: Answering) -> None:
    """One partner, two services: each sees its own invoice, and the other's id is 404."""
    mine = answering.invoice("listed")
    others = answering.invoice("listed", answering.two)
    moves = [answering.move_id(one["lago_id"]) for one in (mine, others)]
    partners = answering.inside.call("account.move", "read", moves, ["partner_id"])

    assert len({one["partner_id"][0] for one in partners}) == 1
    assert (mine["fees_amount_cents"], others["fees_amount_cents"]) == (10_000, 25_000)
    for path in ("", "/download", "/payment_url", "/finalize", "/void"):
        method = {"": "GET", "/finalize": "PUT"}.get(path, "POST")
        refusal = answering.refused(method, f"/invoices/{others['lago_id']}{path}")
        assert refusal == (404, "invoice_not_found")


def test_a_shared_payment_shows_each_service_its_share(answering: Answering) -> None:
    """A payment of two services' invoices is, to each, what it paid of its own."""
    mine, move_id = answering.finalized("paid")
    others, other_id = answering.finalized("paid", answering.two)
    answering.pay([move_id, other_id], 113.0 + 282.5)
    (payment,) = answering.ask("GET", "/customers/paid/payments")["payments"]
    (foreign,) = answering.ask("GET", "/customers/paid/payments", answering.two)["payments"]
    invoice = answering.invoice("paid")

    assert (payment["amount_cents"], foreign["amount_cents"]) == (TOTAL, 28_250)
    assert payment["invoice_ids"] == [mine["lago_id"]]
    assert others["number"] not in str(payment)
    assert (invoice["payment_status"], invoice["total_due_amount_cents"]) == ("succeeded", 0)
    assert invoice["total_paid_amount_cents"] == TOTAL
    assert answering.ask("GET", f"/payments/{payment['lago_id']}")["payment"] == payment
    assert payment in answering.ask("GET", "/payments")["payments"]
    listed = answering.ask("GET", f"/payments?invoice_id={mine['lago_id']}")["payments"]
    assert listed == [payment]
    assert unexplained({"payment": payment}, "Payment") == set()
    assert lago.PaymentResponse.parse_obj(payment).amount_cents == TOTAL
    refusal = answering.refused("POST", f"/invoices/{mine['lago_id']}/payment_url")
    assert refusal == (422, "validation_errors")


def test_a_credit_note_made_in_odoo_belongs_to_its_invoice(answering: Answering) -> None:
    """What a person credits in Odoo is listed under its invoice, to its own service only."""
    invoice, move_id = answering.finalized("credited")
    answering.credit(move_id, 30.0, "Too much")
    (note,) = answering.ask("GET", "/customers/credited/credit_notes")["credit_notes"]
    changed = answering.invoice("credited")

    assert note["lago_invoice_id"] == invoice["lago_id"]
    assert note["invoice_number"] == invoice["number"]
    amounts = ("sub_total_excluding_taxes_amount_cents", "taxes_amount_cents", "total_amount_cents")
    assert [note[name] for name in amounts] == [3_000, 390, 3_390]
    assert (note["offset_amount_cents"], note["balance_amount_cents"]) == (3_390, 0)
    assert (note["credit_amount_cents"], note["refund_amount_cents"]) == (0, 0)
    assert (note["taxes_rate"], note["customer"]["external_id"]) == (13.0, "credited")
    assert "Too much" in note["description"]
    assert changed["total_offsetted_credit_note_amount_cents"] == 3_390
    assert (changed["total_due_amount_cents"], changed["total_paid_amount_cents"]) == (7_910, 0)
    assert answering.ask("GET", f"/credit_notes/{note['lago_id']}")["credit_note"] == note
    assert unexplained({"credit_note": note}, "CreditNote") == set()
    assert lago.CreditNoteResponse.parse_obj(note).total_amount_cents == 3_390
    foreign = answering.refused("GET", f"/credit_notes/{note['lago_id']}", answering.two)
    assert foreign == (404, "credit_note_not_found")
    assert answering.ask("GET", "/credit_notes", answering.two)["credit_notes"] == []


def test_a_pdf_comes_through_a_link_of_ours(answering: Answering) -> None:
    """A link gives Odoo's own PDF without a key, and holds neither Odoo's address nor its token."""
    lago_id = answering.invoice("printed")["lago_id"]
    assert answering.refused("POST", f"/invoices/{lago_id}/download") == (404, "invoice_not_found")
    invoice, move_id = answering.finalized("printed")
    url = answering.ask("POST", f"/invoices/{lago_id}/download")["invoice"]["file_url"]
    missing = answering.one.client.get(url)
    kept = {"name": "a.pdf", "res_model": "account.move", "res_id": move_id}
    kept |= {"res_field": "invoice_pdf_report_file", "raw": PDF.decode()}
    answering.inside.call("ir.attachment", "create", kept)
    found = answering.one.client.get(url)

    assert (missing.status_code, missing.json()["code"]) == (503, "pdf_not_rendered")
    assert (found.status_code, found.content) == (200, PDF)
    assert found.headers["content-type"] == "application/pdf"
    assert url.startswith("http://localhost/api/v1/documents/")
    assert str(answering.inside.port) not in url
    (move,) = answering.inside.call("account.move", "read", [move_id], ["access_token"])
    assert move["access_token"] not in url
    assert invoice["number"].replace("/", "-") in found.headers["content-disposition"]


def test_an_open_invoice_can_be_paid_without_a_login(answering: Answering) -> None:
    """The payment link opens the invoice's own page in Odoo's portal, for anybody who has it."""
    invoice, move_id = answering.finalized("late")
    told = answering.ask("POST", f"/invoices/{invoice['lago_id']}/payment_url")
    details = told["invoice_payment_details"]

    assert f"/my/invoices/{move_id}?access_token=" in details["payment_url"]
    assert details["external_customer_id"] == "late"
    refusal = answering.refused("POST", f"/invoices/{invoice['lago_id']}/retry_payment")
    assert refusal == (405, "payments_are_collected_in_odoo")
    refusal = answering.refused("POST", f"/invoices/{invoice['lago_id']}/void")
    assert refusal == (405, "invoices_are_corrected_by_credit_notes_in_odoo")


@pytest.mark.parametrize(
    ("query", "taken"),
    [
        ("status[]=finalized", True),
        ("status[]=draft", False),
        ("status[]=voided&status[]=finalized", True),
        ("payment_status[]=pending", True),
        ("payment_status[]=succeeded", False),
        ("payment_status[]=pending&payment_status[]=succeeded", True),
        ("payment_status[]=failed", False),
        ("payment_overdue=true", True),
        ("payment_overdue=false", False),
        ("partially_paid=false", True),
        ("partially_paid=true", False),
        ("currency=CAD&amount_from=11300&amount_to=11300", True),
        ("amount_from=11301", False),
        ("currency=USD", False),
        ("issuing_date_from=2026-02-01&issuing_date_to=2026-02-01", True),
        ("issuing_date_from=2026-02-02", False),
        ("search_term=LATE", True),
    ],
)
def test_odoo_narrows_a_list(answering: Answering, query: str, *, taken: bool) -> None:
    """Each of Lago's filters takes or leaves an overdue posted invoice, asked of Odoo itself."""
    lago_id = answering.finalized("late")[0]["lago_id"]
    found = answering.ask("GET", f"/invoices?{query}")["invoices"]

    assert (lago_id in {one["lago_id"] for one in found}) is taken


def test_a_page_costs_the_same_however_long(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of one invoice and one of seven ask Odoo equally often; pages add up to the whole."""
    answering.finalized("late")
    calls: list[str] = []
    call = OdooConnection.call

    def counted(
        self: OdooConnection, model: str, method: str, *args: OdooValue, **more: OdooValue
    ) -> OdooValue:
        calls.append(f"{model}.{method}")
        return call(self, model, method, *args, **more)

    monkeypatch.setattr(OdooConnection, "call", counted)
    whole = answering.ask("GET", "/invoices")
    asked_for_all = len(calls)
    pages = [answering.ask("GET", f"/invoices?per_page=3&page={page}") for page in (1, 2, 3)]

    assert whole["meta"]["total_count"] == len(whole["invoices"]) == 7
    assert asked_for_all <= 6
    assert [one for page in pages for one in page["invoices"]] == whole["invoices"]
    assert unexplained(whole, "InvoicesPaginated") == set()


def test_taxes_are_those_of_the_company(answering: Answering) -> None:
    """Sale taxes come with rate and a code that finds them; Ontario's HST is the default."""
    taxes = answering.ask("GET", "/taxes")["taxes"]
    (default,) = (tax for tax in taxes if tax["applied_to_organization"])
    quebec = [tax["rate"] for tax in taxes if "QST" in tax["name"]]

    assert default["rate"] == 13.0
    assert 14.975 in quebec
    assert answering.ask("GET", f"/taxes/{default['code']}")["tax"] == default
    assert answering.refused("GET", "/taxes/hst_999999") == (404, "tax_not_found")
    assert unexplained({"tax": default}, "Tax") == set()
    assert lago.TaxResponse.parse_obj(default).code == default["code"]


def test_a_customer_is_led_to_odoos_portal(answering: Answering) -> None:
    """Portal and card pages are behind the customer's own login, its address filled in."""
    portal = answering.ask("GET", "/customers/listed/portal_url")["customer"]["portal_url"]
    checkout = answering.ask("POST", "/customers/listed/checkout_url")["customer"]

    assert "/web/login?redirect=%2Fmy%2Finvoices&login=listed%40" in portal
    assert "redirect=%2Fmy%2Fpayment_method" in checkout["checkout_url"]
    assert "access_token" not in portal + checkout["checkout_url"]


def test_a_card_that_odoo_keeps_is_shown_and_left_alone(answering: Answering) -> None:
    """A saved card is shown by its last digits; it is changed in Odoo, as it is every service's."""
    move_id = answering.move_id(answering.invoice("listed")["lago_id"])
    (move,) = answering.inside.call("account.move", "read", [move_id], ["partner_id"])
    provider = answering.inside.call("payment.provider", "search", [], limit=1)[0]
    method = answering.inside.call("payment.method", "search", [], limit=1, context=EVERY)[0]
    card = {"provider_id": provider, "payment_method_id": method, "provider_ref": "tok_1"}
    card |= {"partner_id": move["partner_id"][0], "payment_details": "4242"}
    answering.inside.call("payment.token", "create", card)
    (shown,) = answering.ask("GET", "/customers/listed/payment_methods")["payment_methods"]
    path = f"/customers/listed/payment_methods/{shown['lago_id']}"

    assert (shown["provider_method_id"], shown["is_default"]) == ("4242", True)
    assert "tok_1" not in str(shown)
    assert lago.PaymentMethodResponse.parse_obj(shown).is_default
    for refusal in (
        answering.refused("DELETE", path),
        answering.refused("PUT", f"{path}/set_as_default"),
    ):
        assert refusal == (405, "payment_methods_are_changed_in_odoo")
    unknown = answering.refused("DELETE", "/customers/listed/payment_methods/unknown")
    assert unknown == (404, "payment_method_not_found")
    assert answering.ask("GET", "/customers/final/payment_methods")["payment_methods"] == []


def test_both_doors_give_the_same_answers(
    answering: Answering, shared: tuple[OdooDatabase, OdooDatabase, OdooDatabase]
) -> None:
    """What is answered through JSON-2 is what is answered through JSON-RPC."""
    paths = ["/invoices", "/credit_notes", "/payments", "/taxes", "/customers/listed/portal_url"]
    app_state = answering.one.app.state
    answers: OdooAnswers = app_state.odoo_answers
    by_rpc = [answering.ask("GET", path) for path in paths]
    app_state.odoo_answers = OdooAnswers(
        entered(shared[2], transport="json2"), answers.net_days, answers.secret
    )
    by_json2 = [answering.ask("GET", path) for path in paths]
    app_state.odoo_answers = answers

    assert by_json2 == by_rpc


def test_the_way_for_answers_is_impatient(answering: Answering) -> None:
    """Answers to apps use a connection of their own, which gives up within seconds."""
    answers: OdooAnswers = answering.one.app.state.odoo_answers

    assert answers.odoo is not None
    assert answers.odoo.settings.seconds_max <= 20

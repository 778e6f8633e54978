"""The bridge against a real Odoo 19: exactly once, to the cent, with minimal rights."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from catalog.accounts import Account
from odoo_bridge.check import Level, check
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import Misconfigured, OutcomeUnknown
from odoo_bridge.fields import FIELDS, missing_fields, setup
from odoo_bridge.loading import resolved_id
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.partners import partner_id_of
from rating.invoice_draft import DraftStatus, InvoiceDraft
from storage.tables import invoice_draft
from tests.odoo_bridge.broken_line import BrokenLine, broken_line
from tests.odoo_bridge.makers import Books, a_draft, a_line, an_account, entered
from tests.real_parts import OdooDatabase, OdooServer
from tests.real_parts.odoo_database import with_integration_user

pytestmark = pytest.mark.xdist_group("odoo")

CENT = Decimal("0.01")
HST = Decimal("0.13")
MOVE_FIELDS = [
    *("amount_untaxed", "amount_tax", "state", "partner_id", "invoice_date", "invoice_date_due"),
    *("invoice_origin", "x_fc_draft_id", "x_fc_service", "x_fc_account_id", "invoice_line_ids"),
]


@dataclass(frozen=True)
class House:
    """Everything between a draft and Odoo, in a database that the tests of this file share.

    `tag` keeps one test's clients apart from those of the others.
    """

    books: Books
    odoo: OdooConnection
    inside: OdooDatabase
    tag: str

    @property
    def email(self) -> str:
        """Return the address of this test's client."""
        return f"billing@{self.tag}.example"

    def account(
        self, name: str = "1", service_code: str = "nexadesk", **known: OdooValue
    ) -> Account:
        """Return an account of this test's client, unless another address is given."""
        known.setdefault("email", self.email)
        return an_account(f"{self.tag}-{name}", service_code, **known)

    def partner(self, name: str, **values: OdooValue) -> int:
        """Let a person make a partner."""
        return int(self.inside.call("res.partner", "create", {"name": name} | values))

    def moves(self) -> list[OdooValue]:
        """Return this test's invoices, as the administrator sees them."""
        mine = [["x_fc_account_id", "like", self.tag]]
        return list(self.inside.call("account.move", "search_read", mine, MOVE_FIELDS, order="id"))

    def count(self, model: str) -> int:
        """Return how many records of a model there are in all, archived ones too."""
        context = {"active_test": False}
        return int(self.inside.call(model, "search_count", [], context=context))


@pytest.fixture(scope="module")
def shared(odoo_server: OdooServer) -> Iterator[tuple[OdooDatabase, OdooDatabase]]:
    """Provide a database with our fields: as its administrator and as the minimal user see it."""
    with odoo_server.fresh_database() as admin:
        setup(entered(admin), dry_run=False)
        yield admin, with_integration_user(admin)


@pytest.fixture
def house(shared: tuple[OdooDatabase, OdooDatabase], tmp_path: Path) -> Iterator[House]:
    """Provide empty books beside an Odoo that is entered with minimal rights."""
    admin, user = shared
    books = Books(tmp_path)
    yield House(books, entered(user), admin, f"t{uuid4().hex[:12]}")
    books.state.close()


@pytest.fixture
def line(odoo_server: OdooServer) -> Iterator[BrokenLine]:
    """Provide a proxy before the server that can lose answers."""
    with broken_line(odoo_server.host, odoo_server.port) as made:
        yield made


def through(line: BrokenLine, house: House) -> OdooConnection:
    """Return a connection of the same user that goes through the proxy and hardly waits."""
    settings = replace(house.odoo.settings, url=f"http://127.0.0.1:{line.port}")
    return OdooConnection(settings, sleep=lambda _seconds: None)


def two_services(house: House) -> tuple[InvoiceDraft, InvoiceDraft]:
    """Keep a draft of each service for one client, whose address is spelled in two ways."""
    cloud = house.account("cloud", "nexacloud", email=house.email.upper())
    desk = house.account("desk", "nexadesk")
    return (
        house.books.add(cloud, a_draft(cloud, [10005, 233])),
        house.books.add(desk, a_draft(desk, lines=[a_line(4999, charge_code=None)])),
    )


def test_one_partner_gets_one_invoice_from_each_service(house: House) -> None:
    """A client of two services is one partner with two draft invoices, each with 13 % HST."""
    partners_before = house.count("res.partner")
    cloud, desk = two_services(house)
    report = house.books.send(house.odoo)
    moves = house.moves()

    assert (report.sent, report.parked, report.remaining, report.stopped_by) == (2, 0, 0, None)
    assert house.count("res.partner") == partners_before + 1
    assert len({move["partner_id"][0] for move in moves}) == 1
    assert {move["x_fc_draft_id"] for move in moves} == {cloud.id, desk.id}
    for move in moves:
        draft = cloud if move["x_fc_draft_id"] == cloud.id else desk
        untaxed = Decimal(draft.amount_cents).scaleb(-2)
        assert move["state"] == "draft"
        assert (move["invoice_date"], move["invoice_date_due"]) == ("2026-12-01", "2026-12-31")
        assert move["x_fc_service"] == draft.service_code
        assert move["x_fc_account_id"] == draft.account_external_id
        assert Decimal(repr(move["amount_untaxed"])) == untaxed
        assert Decimal(repr(move["amount_tax"])) == (untaxed * HST).quantize(CENT, ROUND_HALF_UP)
        assert house.books.kept(draft).odoo_move_id == move["id"]
        assert house.books.kept(draft).status is DraftStatus.SENT


def test_lines_carry_what_they_bill(house: House) -> None:
    """A line says its rated line, its metric and its exact quantity, and bills one times cents."""
    account = house.account()
    draft = house.books.add(account, a_draft(account, [1234]))
    house.books.send(house.odoo)
    fields = ["name", "quantity", "price_unit", "product_id", "x_fc_rated_line_id"]
    fields += ["x_fc_metric_code", "x_fc_quantity"]
    line_ids = house.moves()[0]["invoice_line_ids"]
    (held,) = house.inside.call("account.move.line", "read", line_ids, fields)
    product = house.inside.call(
        "product.product", "read", [held["product_id"][0]], ["type", "invoice_policy"]
    )[0]

    assert held["name"] == draft.lines[0].description
    assert (held["quantity"], held["price_unit"]) == (1.0, 12.34)
    assert held["x_fc_rated_line_id"] == draft.lines[0].rated_line_id
    assert held["x_fc_metric_code"] == "tokens"
    assert held["x_fc_quantity"] == "1234567.000000000001"
    assert (product["type"], product["invoice_policy"]) == ("service", "order")


def test_a_second_run_creates_nothing(house: House) -> None:
    """What was sent is not sent again, nor is any partner or product made twice."""
    drafts = two_services(house)
    house.books.send(house.odoo)
    counted = ("account.move", "account.move.line", "res.partner", "product.product")
    before = [house.count(model) for model in counted]
    first_repeat = house.books.send(house.odoo)
    with house.books.state.write() as connection:
        sent = invoice_draft.c.id == drafts[0].id
        connection.execute(invoice_draft.update().where(sent).values(status=DraftStatus.DRAFT))
    second_repeat = house.books.send(house.odoo)

    assert (first_repeat.sent, first_repeat.already_there) == (0, 0)
    assert (second_repeat.sent, second_repeat.already_there) == (0, 1)
    assert [house.count(model) for model in counted] == before


def test_a_crash_before_remembering_is_mended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that dies between Odoo's commit and ours is completed by the next, without a copy."""

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    drafts = two_services(house)
    with monkeypatch.context() as patched:
        patched.setattr("odoo_bridge.invoices.mark_sent", die)
        with pytest.raises(KeyboardInterrupt):
            house.books.send(house.odoo)
    statuses = {house.books.kept(draft).status for draft in drafts}
    before = len(house.moves())
    report = house.books.send(house.odoo)

    assert (statuses, before) == ({DraftStatus.DRAFT}, 2)
    assert (report.sent, report.already_there, report.remaining) == (0, 2, 0)
    assert len(house.moves()) == 2


@pytest.mark.parametrize("at_once", [False, True], ids=["after_commit", "while_running"])
def test_a_lost_answer_makes_no_second_invoice(
    house: House, line: BrokenLine, *, at_once: bool
) -> None:
    """When the connection breaks in mid-call, the invoice is found again, never made again."""
    drafts = two_services(house)
    line.lose_answers("x_fc_rated_line_id", at_once=at_once)
    settings = replace(house.odoo.settings, url=f"http://127.0.0.1:{line.port}")
    first = house.books.send(OdooConnection(settings))
    second = house.books.send(house.odoo)

    assert line.cuts == 1
    assert (first.sent + second.sent + second.already_there, first.parked) == (2, 0)
    assert len(house.moves()) == len(drafts)


def test_a_doubt_that_stays_ends_the_run(house: House, line: BrokenLine) -> None:
    """While nobody can know whether Odoo worked, the draft waits; the next run finds out."""
    account = house.account()
    draft = house.books.add(account, a_draft(account))
    line.lose_answers("__fb__", times=1000)
    broken = house.books.send(through(line, house))
    status = house.books.kept(draft).status
    mended = house.books.send(house.odoo)

    assert isinstance(broken.stopped_by, OutcomeUnknown)
    assert (status, broken.remaining) == (DraftStatus.DRAFT, 1)
    assert (mended.sent + mended.already_there, len(house.moves())) == (1, 1)


def test_two_matching_partners_are_left_to_a_person(house: House) -> None:
    """Two partners with the account's address park its draft, and both are named."""
    for name in ("Acme East", "Acme West"):
        house.partner(name, email=f"Billing <{house.email.upper()}>")
    account, other = house.account(), house.account("2", email=f"other@{house.tag}.example")
    draft = house.books.add(account, a_draft(account))
    house.books.add(other, a_draft(other))
    report = house.books.send(house.odoo)
    kept = house.books.kept(draft)

    assert (report.sent, report.parked) == (1, 1)
    assert kept.status is DraftStatus.PARKED
    assert kept.problem is not None
    assert "Acme East" in kept.problem
    assert "Acme West" in kept.problem


def test_an_existing_partner_is_linked_untouched(house: House) -> None:
    """A partner that people made is billed, stays as they wrote it, and stays linked."""
    partner_id = house.partner("Acme Holdings", email=house.email, is_company=True, ref="A-7")
    fields = ["name", "email", "vat", "street", "country_id", "ref", "write_date", "write_uid"]
    before = house.inside.call("res.partner", "read", [partner_id], fields)
    two_services(house)
    house.books.send(house.odoo)
    after = house.inside.call("res.partner", "read", [partner_id], fields)
    house.inside.call("res.partner", "write", [partner_id], {"email": "ap@acme.example"})
    account = house.account("later")
    house.books.add(account, a_draft(account))
    house.books.send(house.odoo)

    assert after == before
    assert {move["partner_id"][0] for move in house.moves()} == {partner_id}


def test_a_contact_stands_for_its_company(house: House) -> None:
    """An account with the address of a company's contact is billed to the company."""
    company = house.partner("Acme", is_company=True)
    house.partner("Jo", parent_id=company, email=house.email)

    assert partner_id_of(house.books.state, house.odoo, house.account()) == company


def test_a_tax_number_finds_the_partner(house: House) -> None:
    """A partner with the account's tax number is billed, though the addresses differ."""
    partner_id = house.partner("Acme", vat=house.tag, email=f"else@{house.tag}.example")
    account = house.account(vat=house.tag)

    assert partner_id_of(house.books.state, house.odoo, account) == partner_id


def test_an_archived_partner_asks_for_a_person(house: House) -> None:
    """A partner that was archived on purpose is neither billed nor replaced."""
    account = house.account()
    partner_id = partner_id_of(house.books.state, house.odoo, account)
    house.inside.call("res.partner", "write", [partner_id], {"active": False})
    draft = house.books.add(account, a_draft(account))
    house.books.send(house.odoo)

    assert house.books.kept(draft).status is DraftStatus.PARKED
    assert "archived" in str(house.books.kept(draft).problem)


def test_a_partner_deleted_in_odoo_is_found_anew(house: House) -> None:
    """A link to a partner that people deleted is forgotten, and the matching partner taken."""
    first = house.partner("Acme", email=house.email)
    account = house.account()
    linked = partner_id_of(house.books.state, house.odoo, account)
    house.inside.call("res.partner", "unlink", [first])
    second = house.partner("Acme", email=house.email)

    assert linked == first
    assert partner_id_of(house.books.state, house.odoo, account) == second


def test_without_an_address_no_partner_is_made(house: House) -> None:
    """An account without country or province waits, and its draft says what to set."""
    nowhere = house.account("a", country=None)
    no_province = house.account("b", state=None)
    drafts = [house.books.add(account, a_draft(account)) for account in (nowhere, no_province)]
    partners = house.count("res.partner")
    house.books.send(house.odoo)
    problems = [str(house.books.kept(draft).problem) for draft in drafts]

    assert "set country on the account" in problems[0]
    assert "set state on the account" in problems[1]
    assert house.count("res.partner") == partners


def test_racing_processes_make_one_partner(house: House, tmp_path: Path) -> None:
    """Accounts of one client that are first billed at the same moment end on one partner."""
    codes = ("nexacloud", "nexadesk") * 3
    accounts = [house.account(str(number), code) for number, code in enumerate(codes)]
    states = [Books(_folder(tmp_path, number)).state for number in range(len(accounts))]
    before = house.count("res.partner")

    def race(number: int) -> int:
        return partner_id_of(states[number], house.odoo, accounts[number])

    with ThreadPoolExecutor(len(accounts)) as racers:
        found = set(racers.map(race, range(len(accounts))))

    assert len(found) == 1
    assert house.count("res.partner") == before + 1


def test_racing_runs_make_one_invoice(house: House) -> None:
    """Two runs over the same drafts at the same moment create each invoice once."""
    drafts = two_services(house)
    with ThreadPoolExecutor(2) as racers:
        reports = list(racers.map(house.books.send, [house.odoo, house.odoo]))

    assert [report.stopped_by for report in reports] == [None, None]
    assert len(house.moves()) == len(drafts)
    assert {house.books.kept(draft).status for draft in drafts} == {DraftStatus.SENT}


def test_hundreds_of_amounts_total_exactly(house: House) -> None:
    """Hundreds of arbitrary cent amounts arrive as the exact sum, in more than one batch."""
    chance = random.Random(19)
    drafts = []
    for number in range(53):
        account = house.account(str(number))
        amounts = [chance.choice((1, -1, 1)) * chance.randint(1, 9_999_999) for _ in range(3)]
        amounts.append(10**8)
        drafts.append(house.books.add(account, a_draft(account, amounts)))
    report = house.books.send(house.odoo)
    held = {move["x_fc_draft_id"]: Decimal(repr(move["amount_untaxed"])) for move in house.moves()}

    assert (report.sent, report.parked) == (53, 0)
    assert held == {draft.id: Decimal(draft.amount_cents).scaleb(-2) for draft in drafts}


def test_one_refused_draft_does_not_hold_up_the_others(house: House) -> None:
    """When Odoo refuses one draft of a batch, it is parked with Odoo's words, the rest is sent."""
    good, bad = house.account("good"), house.account("bad", email=f"bad@{house.tag}.example")
    sound = house.books.add(good, a_draft(good))
    refused = house.books.add(bad, a_draft(bad))
    partner_id = partner_id_of(house.books.state, house.odoo, bad)
    rule = {
        "name": "refuse",
        "model_id": house.inside.call("ir.model", "search", [["model", "=", "account.move"]])[0],
        "trigger": "on_create",
    }
    automation = house.inside.call("base.automation", "create", rule)
    code = f"if record.partner_id.id == {partner_id}: raise UserError('Credit is blocked')"
    action = {"name": "refuse", "model_id": rule["model_id"], "state": "code", "code": code}
    action |= {"base_automation_id": automation, "usage": "base_automation"}
    house.inside.call("ir.actions.server", "create", action)
    report = house.books.send(house.odoo)

    assert (report.sent, report.parked) == (1, 1)
    assert house.books.kept(sound).status is DraftStatus.SENT
    assert "Credit is blocked" in str(house.books.kept(refused).problem)


def test_an_invoice_changed_by_hand_is_not_adopted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An invoice whose amount differs from its draft parks the draft with both numbers."""
    account = house.account()
    draft = house.books.add(account, a_draft(account, [1234]))
    monkeypatch.setattr("odoo_bridge.invoices.mark_sent", lambda *_args: None)
    house.books.send(house.odoo)
    (move,) = house.moves()
    change = {"invoice_line_ids": [(1, move["invoice_line_ids"][0], {"price_unit": 12.0})]}
    house.inside.call("account.move", "write", [move["id"]], change)
    report = house.books.send(house.odoo)
    kept = house.books.kept(draft)

    assert (report.parked, kept.status) == (1, DraftStatus.PARKED)
    assert "12.0" in str(kept.problem)
    assert "12.34" in str(kept.problem)


def test_unsound_drafts_never_reach_odoo(house: House) -> None:
    """A draft whose lines miss its amount, a credit and a foreign currency are parked unsent."""
    accounts = [house.account(name) for name in ("sum", "credit", "dollars")]
    house.books.add(accounts[0], a_draft(accounts[0], [100], amount_cents=101))
    house.books.add(accounts[1], a_draft(accounts[1], [-100]))
    house.books.add(accounts[2], a_draft(accounts[2], [100], currency="USD"))
    report = house.books.send(house.odoo)

    assert (report.sent, report.parked) == (0, 3)
    assert house.moves() == []


def test_a_dry_run_writes_nothing(house: House) -> None:
    """A dry run tells what would be sent and to whom, and leaves Odoo and the books alone."""
    drafts = two_services(house)
    counted = ("account.move", "res.partner", "product.product")
    before = [house.count(model) for model in counted]
    report = house.books.send(house.odoo, dry_run=True)

    assert (report.sent, report.remaining, report.dry_run) == (2, 2, True)
    assert "102.38 CAD to a new partner for Acme Ltd" in {line.message for line in report.drafts}
    assert [house.count(model) for model in counted] == before
    assert {house.books.kept(draft).status for draft in drafts} == {DraftStatus.DRAFT}


def test_without_our_fields_sending_is_refused(
    odoo_database: OdooDatabase, integration_user: OdooDatabase, tmp_path: Path
) -> None:
    """Before setup nothing is sent, and the refusal names the command; setup happens once."""
    admin, user, books = entered(odoo_database), entered(integration_user), Books(tmp_path)
    account = an_account()
    draft = books.add(account, a_draft(account))
    refused = books.send(user)
    foreseen = setup(admin, dry_run=True)
    unchanged = missing_fields(user)
    first, second = setup(admin, dry_run=False), setup(admin, dry_run=False)

    assert isinstance(refused.stopped_by, Misconfigured)
    assert "fusion-billing odoo setup" in str(refused.stopped_by)
    assert books.kept(draft).status is DraftStatus.DRAFT
    assert foreseen.created == tuple(unchanged) == first.created == FIELDS
    assert (second.created, missing_fields(user)) == ((), [])
    assert books.send(user).sent == 1


def test_the_integration_user_may_not_set_up(integration_user: OdooDatabase) -> None:
    """The user with minimal rights is told that setup needs an administrator."""
    with pytest.raises(Misconfigured):
        setup(entered(integration_user), dry_run=False)


def test_a_ready_odoo_passes_the_check(house: House) -> None:
    """An Odoo that is set up has no finding but good ones; the minimal rights suffice."""
    findings = check(house.odoo)

    assert {finding.level for finding in findings} == {Level.OK}
    assert any("13% HST" in finding.what for finding in findings)


def test_the_check_names_the_remedy(
    odoo_database: OdooDatabase, integration_user: OdooDatabase
) -> None:
    """Missing fields, rounding by line and a missing tax are found, each with its remedy."""
    values = {"tax_calculation_rounding_method": "round_per_line", "account_sale_tax_id": False}
    odoo_database.call("res.company", "write", [1], values)
    findings = check(entered(integration_user))
    levels = [finding.level for finding in findings if finding.level is not Level.OK]

    assert levels == [Level.FAIL, Level.WARN, Level.WARN]
    assert all(finding.remedy for finding in findings if finding.level is not Level.OK)


@pytest.mark.parametrize(
    ("login", "password", "database"),
    [("admin", "wrong", None), ("nobody", "admin", None), ("admin", "admin", "no_such_database")],
)
def test_a_wrong_entry_is_a_configuration_fault(
    odoo_database: OdooDatabase, login: str, password: str, database: str | None
) -> None:
    """A wrong password, user or database is told apart from an Odoo that is down."""
    wrong = OdooDatabase(
        odoo_database.host, odoo_database.port, database or odoo_database.database, login, password
    )
    with pytest.raises(Misconfigured):
        entered(wrong).call("res.partner", "search_count", [])


def test_an_external_id_of_nothing_is_none(integration_user: OdooDatabase) -> None:
    """An external id that Odoo doesn't know is no fault: there is no record."""
    assert resolved_id(entered(integration_user), "account.move", "__fb__.inv_none") is None


def _folder(parent: Path, number: int) -> Path:
    folder = parent / str(number)
    folder.mkdir()
    return folder

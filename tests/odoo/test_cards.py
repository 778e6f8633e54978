"""Saved cards charged on a real Odoo 19, with its own demo provider: once, after posting."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from odoo_bridge.cards.card_store import ChargeStatus, charge_again, charges_of
from odoo_bridge.cards.charging import charge_cards
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import OutcomeUnknown
from odoo_bridge.fields import setup
from odoo_bridge.invoices import SendRules
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.partners import partner_id_of
from rating.invoice_draft import InvoiceDraft
from storage.odoo_billing_tables import odoo_card_charge
from tests.odoo.api_keys import with_api_key
from tests.odoo.house import House
from tests.odoo.killed_once import charge, killed_at
from tests.odoo.stamps import changed, stamps_of
from tests.odoo_bridge.broken_line import Cut, broken_line
from tests.odoo_bridge.makers import NOW, Books, a_draft, entered
from tests.real_parts import OdooDatabase, OdooServer
from tests.real_parts.odoo_database import with_integration_user

pytestmark = pytest.mark.xdist_group("odoo")

CLOUD = frozenset({"nexacloud"})
CHARGING = SendRules(posting_codes=CLOUD, charging_codes=CLOUD)


@pytest.fixture(scope="module")
def paying(odoo_server: OdooServer) -> Iterator[tuple[OdooDatabase, OdooDatabase, OdooDatabase]]:
    """Provide a database with Odoo's demo provider: administrator, our user, and that by key."""
    with odoo_server.fresh_database() as admin:
        admin.call("ir.module.module", "update_list")
        demo = admin.call("ir.module.module", "search", [["name", "=", "payment_demo"]])
        admin.call("ir.module.module", "button_immediate_install", demo)
        provider = admin.call("payment.provider", "search", [["code", "=", "demo"]])
        (bank, *_) = admin.call("account.journal", "search", [["type", "=", "bank"]])
        admin.call("payment.provider", "write", provider, {"state": "test", "journal_id": bank})
        setup(entered(admin), dry_run=False)
        user = with_integration_user(admin)
        yield admin, user, with_api_key(admin, user)


@pytest.fixture
def till(
    paying: tuple[OdooDatabase, OdooDatabase, OdooDatabase], tmp_path: Path
) -> Iterator[House]:
    """Provide empty books beside it."""
    admin, user, keyed = paying
    books = Books(tmp_path)
    yield House(books, entered(user), admin, user, keyed, f"t{uuid4().hex[:12]}")
    books.state.close()


def save_card(house: House, partner_id: int, outcome: str = "done") -> None:
    """Let a client save a card with the demo provider."""
    inside = house.inside
    (provider,) = inside.call("payment.provider", "search", [["code", "=", "demo"]])
    method = inside.call("payment.method", "search", [["code", "=", "demo"]], limit=1)
    card = {"provider_id": provider, "payment_method_id": method[0], "partner_id": partner_id}
    card |= {"payment_details": "4242", "provider_ref": "fake", "demo_simulated_state": outcome}
    inside.call("payment.token", "create", card)


def due(house: House, outcome: str = "done", cards: int = 1) -> InvoiceDraft:
    """Keep a draft of a client with so many cards."""
    account = house.account("1", "nexacloud")
    draft = house.books.add(account, a_draft(account, [10_000]))
    partner_id = partner_id_of(house.books.state, house.odoo, account)
    for _ in range(cards):
        save_card(house, partner_id, outcome)
    return draft


def status_of(house: House, draft: InvoiceDraft) -> tuple[ChargeStatus, str]:
    """Return how a draft's charge stands."""
    with house.books.state.read() as connection:
        (kept,) = charges_of(connection, house.user.database, [draft.id])
    return kept.status, kept.problem or ""


def invoice(house: House, draft: InvoiceDraft) -> OdooValue:
    """Return what Odoo has of a draft."""
    mine = [["x_fc_draft_id", "=", draft.id]]
    fields = ["name", "payment_state"]
    (found,) = house.inside.call("account.move", "search_read", mine, fields)
    return found


def payments(house: House, draft: InvoiceDraft) -> list[str]:
    """Return the states of every payment that was tried for a draft."""
    mine = [["memo", "like", draft.id]]
    found = house.inside.call("account.payment", "search_read", mine, ["state"], order="id")
    return [one["state"] for one in found]


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
def test_a_posted_invoice_is_charged_once(till: House, transport: str) -> None:
    """With minimal rights, the invoice is paid by the saved card; more runs charge nothing."""
    odoo = entered(till.keyed, transport=transport)
    draft = due(till)
    till.books.send(odoo, rules=CHARGING)
    reports = [charge_cards(till.books.state, odoo, NOW) for _ in range(2)]

    assert [len(report.charges) for report in reports] == [1, 0]
    assert status_of(till, draft) == (ChargeStatus.CHARGED, "")
    assert invoice(till, draft)["payment_state"] in {"paid", "in_payment"}
    assert len(payments(till, draft)) == 1


def test_nothing_is_charged_unasked(till: House) -> None:
    """A service that did not ask, a draft invoice, and a client without a card charge nothing."""
    unasked = due(till)
    till.books.send(till.odoo, rules=SendRules(posting_codes=CLOUD))
    account = till.account("2", "nexacloud", email=f"two@{till.tag}.example")
    cardless = till.books.add(account, a_draft(account, [700]))
    till.books.send(till.odoo, rules=SendRules(charging_codes=CLOUD))
    before = charge_cards(till.books.state, till.odoo, NOW)
    till.inside.call("account.move", "action_post", [invoice(till, cardless)["id"]])
    after = charge_cards(till.books.state, till.odoo, NOW)

    assert (before.charges, before.stopped_by) == ((), None)
    assert [one.problem for one in after.charges] == ["the client has saved no card"]
    assert payments(till, unasked) + payments(till, cardless) == []


def test_a_refusal_is_parked_with_its_reason(till: House) -> None:
    """A card that is refused leaves the invoice open; a person's word tries it once more."""
    draft = due(till, outcome="error")
    till.books.send(till.odoo, rules=CHARGING)
    refused = charge_cards(till.books.state, till.odoo, NOW)
    charge_cards(till.books.state, till.odoo, NOW)
    once = payments(till, draft)
    with till.books.state.write() as connection:
        charge_again(connection, till.user.database, NOW)
    charge_cards(till.books.state, till.odoo, NOW)
    status, problem = status_of(till, draft)

    assert refused.has_problems
    assert "the card was refused for" in problem
    assert "odoo charge --again" in problem
    assert (status, once) == (ChargeStatus.PARKED, ["canceled"])
    assert payments(till, draft) == ["canceled"] * 2
    assert invoice(till, draft)["payment_state"] == "not_paid"


def test_two_cards_are_a_persons_choice(till: House) -> None:
    """Of two cards none is charged, and it is said why."""
    draft = due(till, cards=2)
    till.books.send(till.odoo, rules=CHARGING)
    charge_cards(till.books.state, till.odoo, NOW)

    assert "2 saved cards" in status_of(till, draft)[1]
    assert payments(till, draft) == []


@pytest.mark.parametrize(
    "how", [Cut.BEFORE, pytest.param(Cut.DURING, marks=pytest.mark.nightly), Cut.AFTER]
)
def test_a_charge_that_broke_off_is_never_repeated(till: House, how: Cut) -> None:
    """Cut before, during or after its work, it is looked for: found, or a person is told."""
    draft = due(till)
    till.books.send(till.odoo, rules=CHARGING)
    with broken_line(till.user.host, till.user.port) as line:
        odoo: OdooConnection = till.through(line)
        line.cut("action_create_payments", how)
        broken = charge_cards(till.books.state, odoo, NOW)
        soon = charge_cards(till.books.state, odoo, NOW + timedelta(minutes=1))
        later = charge_cards(till.books.state, odoo, NOW + timedelta(hours=1))
    status, problem = status_of(till, draft)
    made = payments(till, draft)

    assert line.cuts == 1
    assert isinstance(broken.stopped_by, OutcomeUnknown)
    assert len(soon.charges) + len(later.charges) == 1
    assert len(made) <= 1
    assert status is (ChargeStatus.CHARGED if made else ChargeStatus.PARKED)
    assert made or "is not known" in problem


def test_what_another_run_asked_for_is_not_asked_again(till: House) -> None:
    """A charge that is said to be asked for is only looked at, whoever died in the middle."""
    draft = due(till)
    till.books.send(till.odoo, rules=CHARGING)
    with till.books.state.write() as connection:
        connection.execute(sa.update(odoo_card_charge).values(status=ChargeStatus.ASKED))
    charge_cards(till.books.state, till.odoo, NOW)
    charge_cards(till.books.state, till.odoo, NOW + timedelta(hours=1))

    assert payments(till, draft) == []
    assert "is not known" in status_of(till, draft)[1]


@pytest.mark.parametrize("place", ["asked", "charged", "ended"])
def test_killed_around_a_charge_no_card_is_charged_twice(
    till: House, tmp_path: Path, place: str
) -> None:
    """Killed before, after or past the charge, it was made at most once; if not, a person hears."""
    draft = due(till)
    till.books.send(till.odoo, rules=CHARGING)
    killed_at(f"odoo.card.{place}", charge, tmp_path, till.user)
    for later in (timedelta(minutes=1), timedelta(hours=1), timedelta(hours=2)):
        charge_cards(till.books.state, till.odoo, NOW + later)
    status, problem = status_of(till, draft)
    made = payments(till, draft)

    assert len(made) == (0 if place == "asked" else 1)
    assert status is (ChargeStatus.CHARGED if made else ChargeStatus.PARKED)
    assert made or "is not known" in problem


def test_a_second_run_of_charges_writes_nothing(till: House, odoo_server: OdooServer) -> None:
    """Charged or refused, sent and charged again with nothing new, no record of Odoo changes."""
    for name, outcome in (("paid", "done"), ("refused", "error")):
        account = till.account(name, "nexacloud", email=f"{name}@{till.tag}.example")
        till.books.add(account, a_draft(account, [1_000]))
        save_card(till, partner_id_of(till.books.state, till.odoo, account), outcome)
    till.books.send(till.odoo, rules=CHARGING)
    first = charge_cards(till.books.state, till.odoo, NOW)
    before = stamps_of(odoo_server, till.inside)
    till.books.send(till.odoo, rules=CHARGING)
    second = charge_cards(till.books.state, till.odoo, NOW + timedelta(hours=1))

    assert (len(first.charges), second.charges) == (2, ())
    assert changed(before, stamps_of(odoo_server, till.inside)) == {}

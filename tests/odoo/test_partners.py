"""One client is one partner of a real Odoo 19; what people wrote there stays as it is."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from odoo_bridge.candidates import open_accounts
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.partners import link_by_hand, partner_id_of
from rating.invoice_draft import DraftStatus
from tests.odoo.house import House
from tests.odoo_bridge.makers import Books, a_draft

pytestmark = pytest.mark.xdist_group("odoo")


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
    house.two_services()
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


def _folder(parent: Path, number: int) -> Path:
    folder = parent / str(number)
    folder.mkdir()
    return folder


def test_a_partner_without_country_is_not_billed(house: House) -> None:
    """A partner that Odoo would tax by default parks the draft: no country, or no province."""
    nowhere = house.account("a", email=f"a@{house.tag}.example")
    somewhere = house.account("b", email=f"b@{house.tag}.example")
    house.partner("Nowhere", email=nowhere.email, country_id=False, state_id=False)
    house.partner("Somewhere", email=somewhere.email, state_id=False)
    drafts = [house.books.add(account, a_draft(account)) for account in (nowhere, somewhere)]
    house.books.send(house.odoo)
    problems = [str(house.books.kept(draft).problem) for draft in drafts]

    assert "has no country in Odoo" in problems[0]
    assert "has no province in Odoo" in problems[1]
    assert house.moves() == []


def test_a_partner_abroad_needs_no_province(house: House) -> None:
    """Odoo's Canadian books take every other country as one, so its country is enough."""
    france = house.inside.record_id("base.fr")
    partner_id = house.partner("Acme SA", email=house.email, country_id=france, state_id=False)

    assert partner_id_of(house.books.state, house.odoo, house.account()) == partner_id


def test_an_archived_match_asks_for_a_person(house: House) -> None:
    """A partner that was archived is neither billed nor replaced by a new one."""
    house.partner("Acme", email=house.email, active=False)
    before = house.count("res.partner")

    with pytest.raises(NeedsHuman, match="archived partners only"):
        partner_id_of(house.books.state, house.odoo, house.account())
    assert house.count("res.partner") == before


def test_a_partner_that_was_deleted_is_not_replaced(house: House) -> None:
    """When a linked partner is gone and none matches, a person decides what to do."""
    partner_id = house.partner("Acme", email=house.email)
    account = house.account()
    partner_id_of(house.books.state, house.odoo, account)
    house.inside.call("res.partner", "unlink", [partner_id])

    with pytest.raises(NeedsHuman, match=f"#{partner_id}, which account .* is gone from Odoo"):
        partner_id_of(house.books.state, house.odoo, account)


@pytest.mark.parametrize("is_ours", [True, False], ids=["made_by_us", "made_by_people"])
def test_a_merged_partner_is_followed(house: House, *, is_ours: bool) -> None:
    """After a merge in Odoo the account is billed to the partner that survived."""
    account = house.account()
    house.books.add(account, a_draft(account))
    if not is_ours:
        house.partner("Acme", email=house.email)
    house.books.send(house.odoo)
    merged = house.moves()[0]["partner_id"][0]
    survivor = house.partner("Acme Holdings", email=f"else@{house.tag}.example")
    wizard = house.inside.call(
        "base.partner.merge.automatic.wizard",
        "create",
        {"partner_ids": [(6, 0, [merged, survivor])], "dst_partner_id": survivor},
    )
    house.inside.call("base.partner.merge.automatic.wizard", "action_merge", [wizard])

    assert partner_id_of(house.books.state, house.odoo, account) == survivor


def test_a_partner_that_became_a_contact_is_billed_as_its_company(house: House) -> None:
    """When people put a linked partner under a company, the company is billed from then on."""
    partner_id = house.partner("Acme", email=house.email)
    account = house.account()
    linked = partner_id_of(house.books.state, house.odoo, account)
    company = house.partner("Acme Holdings", is_company=True)
    house.inside.call("res.partner", "write", [partner_id], {"parent_id": company})

    assert linked == partner_id
    assert partner_id_of(house.books.state, house.odoo, account) == company


def test_a_choice_holds_for_the_client(house: House) -> None:
    """A partner chosen by hand is billed for the account, and for the client's other services."""
    east, west = (house.partner(f"Acme {name}", email=house.email) for name in ("East", "West"))
    desk, cloud = house.account(), house.account("2", "nexacloud")
    accounts = [desk, cloud]
    state = house.books.state
    before = open_accounts(state, house.odoo, accounts)
    link_by_hand(state, house.odoo, desk, west)

    assert [found.account for found in before] == accounts
    assert [partner.partner_id for partner in before[0].candidates] == [east, west]
    assert open_accounts(state, house.odoo, accounts) == []
    assert partner_id_of(state, house.odoo, desk) == west
    assert partner_id_of(state, house.odoo, cloud) == west


def test_a_choice_that_could_not_be_billed_is_refused(house: House) -> None:
    """A partner that is archived or not there can't be chosen, and nothing is linked."""
    archived = house.partner("Acme", active=False)
    account, state = house.account(), house.books.state

    for partner_id, words in ((archived, "archived"), (999_999, "no partner #999999")):
        with pytest.raises(NeedsHuman, match=words):
            link_by_hand(state, house.odoo, account, partner_id)
    assert partner_id_of(state, house.odoo, account) not in {archived, 999_999}

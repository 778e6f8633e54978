"""What is sent to Odoo, as text: ids, invoices, partners, products."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo_bridge.external_ids import (
    client_external_id,
    digest,
    invoice_external_id,
    line_external_id,
    product_external_id,
)
from odoo_bridge.fields import FIELDS, to_odoo_field
from odoo_bridge.move_rows import COLUMNS, BillingTerms, amount_text, to_odoo_rows
from odoo_bridge.partner_rows import (
    client_key,
    normalized_email,
    partner_name,
    to_odoo_partner,
    vat_spellings,
)
from odoo_bridge.product_rows import ProductKey, product_keys, to_odoo_product
from tests.odoo_bridge.makers import TORONTO, a_draft, a_line, an_account

CHARGE, FEE = ProductKey("nexadesk", "tokens"), ProductKey("nexadesk", None)
PRODUCTS = {CHARGE: 5, FEE: 6}
TERMS = BillingTerms(TORONTO)


def cells(row: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(COLUMNS, row, strict=True))


@given(st.text(), st.text())
def test_external_ids_hold_only_safe_letters(first: str, second: str) -> None:
    """Whatever an id is made from, Odoo gets lower-case letters, digits and underscores."""
    made = [
        *(invoice_external_id(first), line_external_id(first, 3), client_external_id(first)),
        *(product_external_id(first, second), product_external_id(first, None)),
    ]

    assert all(re.fullmatch(r"__fb__\.[a-z0-9_]{1,100}", external_id) for external_id in made)


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_digests_keep_texts_apart(first: list[str], second: list[str]) -> None:
    """Two sequences of texts have the same digest only when they are the same."""
    assert (digest(*first) == digest(*second)) == (first == second)


def test_an_invoice_keeps_its_drafts_digits() -> None:
    """A draft's UUID can be read off its invoice's external id."""
    draft = a_draft(an_account())

    assert invoice_external_id(draft.id) == f"__fb__.inv_{draft.id.replace('-', '')}"


def test_a_draft_becomes_one_invoice() -> None:
    """The first row carries the header, every row a line with its own external id."""
    draft = a_draft(an_account(), lines=[a_line(1234), a_line(-56, 2, charge_code=None)])
    first, second = (cells(row) for row in to_odoo_rows(draft, 9, PRODUCTS, TERMS))
    header = [name for name in COLUMNS if not name.startswith("invoice_line_ids")]

    assert [first[name] for name in header] == [
        *(invoice_external_id(draft.id), "out_invoice", "9", "2026-12-01", "2026-12-31"),
        *("nexadesk sub-acct-1", "nexadesk acct-1", draft.id, "nexadesk", "acct-1"),
        *("", ""),
    ]
    assert {second[name] for name in header} == {""}
    assert first["invoice_line_ids/id"] == line_external_id(draft.id, 1)
    assert second["invoice_line_ids/id"] == line_external_id(draft.id, 2)
    assert first["invoice_line_ids/product_id/.id"] == "5"
    assert second["invoice_line_ids/product_id/.id"] == "6"
    assert second["invoice_line_ids/price_unit"] == "-0.56"


def test_a_line_is_one_times_its_cents() -> None:
    """The rounded amount travels as exact text and the quantity only as information."""
    row = cells(to_odoo_rows(a_draft(an_account(), [1234]), 9, PRODUCTS, TERMS)[0])

    assert row["invoice_line_ids/quantity"] == "1"
    assert row["invoice_line_ids/price_unit"] == "12.34"
    assert row["invoice_line_ids/x_fc_quantity"] == "1234567.000000000001"


def test_every_cell_is_text() -> None:
    """No float and no None crosses: every cell is a string."""
    rows = to_odoo_rows(a_draft(an_account(), [1, 2, 3]), 9, PRODUCTS, TERMS)

    assert {type(cell) for row in rows for cell in row} == {str}
    assert {len(row) for row in rows} == {len(COLUMNS)}


def test_no_tax_is_sent() -> None:
    """Tax is Odoo's to compute, so no column names it."""
    assert not [name for name in COLUMNS if "tax" in name]


@pytest.mark.parametrize(
    ("closing_at", "day"),
    [
        (datetime(2026, 12, 1, 4, 59, tzinfo=UTC), "2026-11-30"),
        (datetime(2026, 12, 1, 5, 0, tzinfo=UTC), "2026-12-01"),
    ],
)
def test_an_invoice_is_dated_where_the_service_is(closing_at: datetime, day: str) -> None:
    """The invoice's date is the closing's day in the service's timezone."""
    draft = a_draft(an_account(), closing_at=closing_at)

    assert cells(to_odoo_rows(draft, 9, PRODUCTS, TERMS)[0])["invoice_date"] == day


@given(st.integers(-(10**15), 10**15))
def test_amounts_are_exact_text(amount_cents: int) -> None:
    """Cents become text with two decimals and no exponent, and come back unchanged."""
    told = amount_text(amount_cents, "CAD")

    assert re.fullmatch(r"-?\d+\.\d\d", told)
    assert Decimal(told) * 100 == amount_cents


def test_the_same_row_is_written_every_time() -> None:
    """A repeated load writes what the first one wrote."""
    draft = a_draft(an_account(), [1, 2])

    assert to_odoo_rows(draft, 9, PRODUCTS, TERMS) == to_odoo_rows(draft, 9, PRODUCTS, TERMS)


def test_fee_and_charge_are_different_products() -> None:
    """The plan fee has a product of its own in each service."""
    draft = a_draft(an_account(), lines=[a_line(1), a_line(2, 2, charge_code=None)])

    assert product_keys(draft) == {CHARGE, FEE}
    assert CHARGE.external_id != FEE.external_id
    assert FEE.external_id != ProductKey("nexacloud", None).external_id


def test_a_product_is_an_ordered_service() -> None:
    """A product is a service billed as ordered; its taxes are left to the company's default."""
    columns, row = to_odoo_product(CHARGE)
    made = dict(zip(columns, row, strict=True))

    assert (made["type"], made["invoice_policy"], made["name"]) == (
        *("service", "order", "nexadesk: tokens"),
    )
    assert "taxes_id" not in made


@pytest.mark.parametrize(
    ("told", "normal"),
    [
        ("Billing@Acme.Example", "billing@acme.example"),
        ("AP Dept <Billing@ACME.example>", "billing@acme.example"),
        ("billing@acme.example, other@acme.example", "billing@acme.example"),
        ("billing@acme.example;other@acme.example", "billing@acme.example"),
        ("  ", None),
        ("nobody", None),
        (None, None),
    ],
)
def test_an_address_is_normalized_as_odoo_does(told: str | None, normal: str | None) -> None:
    """Case, names and further addresses do not make another client."""
    assert normalized_email(an_account(email=told)) == normal


def test_one_client_has_one_key() -> None:
    """Accounts of different services with one address, however spelled, are one client."""
    first = an_account("a", "nexacloud", email="Billing@Acme.example")
    second = an_account("b", "nexadesk", email="billing@acme.example", vat="123")

    assert client_key(first) == client_key(second)


@pytest.mark.parametrize(
    ("typed", "spellings"),
    [
        (" 123456789rt0001 ", {"123456789RT0001", "123456789 RT 0001", "123456789 RT0001"}),
        ("12-3", {"12-3"}),
        (" ", set()),
    ],
)
def test_a_tax_number_is_looked_for_as_people_write_it(typed: str, spellings: set[str]) -> None:
    """A Canadian number is found with its usual spaces and without, and as it was typed."""
    assert set(vat_spellings(an_account(vat=typed))) - {typed.strip()} == spellings - {typed}


def test_spaces_make_no_other_client() -> None:
    """Without an address, a tax number is the same client however it is spaced."""
    spellings = ("123456789RT0001", "123456789 rt 0001")
    keys = {client_key(an_account(str(n), email=None, vat=v)) for n, v in enumerate(spellings)}

    assert len(keys) == 1


def test_accounts_without_address_stay_apart() -> None:
    """Without address and tax number, every account is a client of its own."""
    first, second = (an_account(name, email=None) for name in "ab")
    taxed = [an_account(name, email=None, vat=" 123 ") for name in "ab"]

    assert client_key(first) != client_key(second)
    assert client_key(taxed[0]) == client_key(taxed[1])


def test_a_partner_leaves_empty_cells_out() -> None:
    """Only what the account says is sent, under the client's external id."""
    account = an_account()
    columns, row = to_odoo_partner(account, 38, 541)

    assert dict(zip(columns, row, strict=True)) == {
        "id": client_external_id(client_key(account)),
        "name": "Acme Ltd",
        "is_company": "True",
        "email": "billing@acme.example",
        "state_id/.id": "541",
        "country_id/.id": "38",
        "x_fc_account_id": "nexadesk acct-1",
    }


def test_a_nameless_account_is_named_by_its_id() -> None:
    """An invoice needs a name: the external id stands in for one."""
    assert partner_name(an_account("acct-9", name=None)) == "acct-9"


def test_our_fields_are_text_and_not_copied() -> None:
    """A field of ours is text under Odoo's prefix, and a duplicated invoice loses it."""
    made = [to_odoo_field(field, 1) for field in FIELDS]

    assert {field["ttype"] for field in made} == {"char", "text"}
    assert {field["copied"] for field in made} == {False}
    assert all(str(field["name"]).startswith("x_fc_") for field in made)

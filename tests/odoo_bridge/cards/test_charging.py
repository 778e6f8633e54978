"""A card is asked for once: whatever a charge is answered, it is never sent again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from odoo_bridge.cards.card_store import ChargeStatus, charges_of, intend_charge
from odoo_bridge.cards.charging import PATIENCE, charge_cards
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from tests.odoo_bridge.makers import NOW, Books, a_draft, an_account
from tests.odoo_bridge.scripted_odoo import Answer, Refusal, Result, ScriptedOdoo, refusal, result

BUSY = refusal("psycopg2.errors.SerializationFailure", "could not serialize access")
REFUSED = refusal("odoo.exceptions.UserError", "The provider is away")
GATEWAY = Answer(b"<html>", status=502)
INVOICE = {"id": 40, "name": "INV/40", "state": "posted", "payment_state": "not_paid"}
INVOICE |= {"partner_id": [3, "Acme"], "commercial_partner_id": [3, "Acme"]}
CARD = {"id": 5, "payment_details": "4242", "provider_id": [9, "Demo"]}
ASKING: list[OdooValue] = [[INVOICE], [CARD], [{"id": 7, "journal_id": [6, "Bank"]}], 11]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """Provide books with one draft whose card is to be charged."""
    made = Books(tmp_path)
    account = an_account()
    draft = made.add(account, a_draft(account))
    with made.state.write() as connection:
        intend_charge(connection, "books", draft.id, draft.service_code, 40, NOW)
    yield made
    made.state.close()


def status_of(books: Books) -> tuple[ChargeStatus, str]:
    """Return how the only charge stands."""
    with books.state.read() as connection:
        (kept,) = charges_of(connection, "books", [a_draft(an_account()).id])
    return kept.status, kept.problem or ""


def charges_asked(server: ScriptedOdoo) -> int:
    """Return how many times a card was to be charged."""
    return sum("action_create_payments" in str(asked) for asked in server.asked)


@pytest.mark.parametrize("broken", [BUSY, GATEWAY])
def test_a_broken_charge_is_looked_for(
    books: Books, odoo: OdooConnection, server: ScriptedOdoo, broken: Answer | Refusal
) -> None:
    """A charge without a clear answer ends the run; the next ones look for its payment only."""
    server.script.extend([*map(result, ASKING), broken])
    first = charge_cards(books.state, odoo, NOW)
    server.script.extend([result([INVOICE]), result([])])
    soon = charge_cards(books.state, odoo, NOW + timedelta(minutes=1))
    paid: list[Result] = [result([INVOICE]), result([{"id": 70, "state": "paid"}])]
    server.script.extend(paid)
    later = charge_cards(books.state, odoo, NOW + PATIENCE)

    assert first.stopped_by is not None
    assert (soon.charges, len(later.charges)) == ((), 1)
    assert (charges_asked(server), status_of(books)) == (1, (ChargeStatus.CHARGED, ""))
    assert not server.script


def test_a_charge_that_never_shows_is_a_persons(
    books: Books, odoo: OdooConnection, server: ScriptedOdoo
) -> None:
    """Refused without a trace, it waits until nothing can show any more, then it is parked."""
    server.script.extend([*map(result, ASKING), REFUSED, result([])])
    soon = charge_cards(books.state, odoo, NOW)
    server.script.extend([result([INVOICE]), result([])])
    late = charge_cards(books.state, odoo, NOW + PATIENCE)
    status, problem = status_of(books)

    assert (soon.charges, late.has_problems) == ((), True)
    assert (charges_asked(server), status) == (1, ChargeStatus.PARKED)
    assert "look at the provider's own list first" in problem


@pytest.mark.parametrize(
    ("move", "status"),
    [
        ({"state": "draft"}, ChargeStatus.INTENDED),
        ({"state": "cancel"}, ChargeStatus.NEEDLESS),
        ({"payment_state": "paid"}, ChargeStatus.NEEDLESS),
        ({"payment_state": "in_payment"}, ChargeStatus.NEEDLESS),
    ],
)
def test_what_is_not_open_is_not_charged(
    books: Books,
    odoo: OdooConnection,
    server: ScriptedOdoo,
    move: dict[str, str],
    status: ChargeStatus,
) -> None:
    """A draft waits to be posted; what is paid or cancelled needs no card."""
    server.script.append(result([INVOICE | move]))
    charge_cards(books.state, odoo, NOW)

    assert (charges_asked(server), status_of(books)[0]) == (0, status)

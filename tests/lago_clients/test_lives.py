"""Lago's clients call every operation, and every answer is Lago's but for what is listed."""

from itertools import chain

import pytest

from fusion_billing.lago_operations import OPERATIONS, Kind
from tests.lago_clients.calls import CALLS
from tests.lago_clients.differences import KNOWN, OWN
from tests.lago_clients.recorder import Exchange, calls_by_operation
from tests.lago_clients.required_fields import REQUIRED, lacking, ways_of
from tests.lago_clients.shapes import differences, lago_document

pytestmark = pytest.mark.xdist_group("lago_clients")

OK = 200
# Their root is `customer`, though they show a link of it only (Lago).
LINKS = ("/portal_url", "/checkout_url")
NO_BODY: tuple[object, ...] = (None, {})
ASKED = {kind: {one.name for one in OPERATIONS.values() if one.kind is kind} for kind in Kind}


@pytest.fixture(scope="module")
def lives(python_life: list[Exchange], javascript_life: list[Exchange]) -> list[Exchange]:
    """Give both clients' exchanges."""
    return [*python_life, *javascript_life]


def faults(exchanges: list[Exchange]) -> set[str]:
    """Return how the answers differ from Lago's document, statuses apart."""
    answers = lago_document()["operations"]
    return set(
        chain.from_iterable(
            differences(each.body, answers[each.operation]["answers"][str(each.status)] or {})
            for each in exchanges
            if each.body not in NO_BODY and str(each.status) in answers[each.operation]["answers"]
        )
    )


def is_own_status(exchange: Exchange) -> bool:
    """Say whether a status that Lago's document has not is one of our table's refusals."""
    operation = OPERATIONS[exchange.operation]
    code = exchange.body.get("code", "")
    return exchange.status == 405 and code in {operation.refusal, operation.without_odoo} - {""}


def test_the_javascript_client_calls_every_operation(javascript_life: list[Exchange]) -> None:
    """NATIVE 55 of 55 and VIA-ODOO 43 of 43 are called, each by the method of the table."""
    called = calls_by_operation(javascript_life)

    assert len(called.keys() & ASKED[Kind.NATIVE]) == 55
    assert len(called.keys() & ASKED[Kind.VIA_ODOO]) == 43
    assert called == {name: {calls.javascript} for name, calls in CALLS.items()}


def test_the_python_client_calls_whatever_it_can(python_life: list[Exchange]) -> None:
    """Every operation that it has a method for is called, each by the method of the table."""
    called = calls_by_operation(python_life)

    assert called == {name: {calls.python} for name, calls in CALLS.items() if calls.python}


def test_every_operation_is_done_or_refused_by_our_table(lives: list[Exchange]) -> None:
    """Each one is answered 200 at least once, but for those that the table says Odoo must do."""
    done = {each.operation for each in lives if each.status == OK}
    refused = {each.operation for each in lives if each.status == 405}
    missing = set(CALLS) - done

    assert not missing & ASKED[Kind.NATIVE]
    assert missing - refused == {
        "GET /credit_notes/{lago_id}",
        "GET /payments/{lago_id}",
        "GET /plans/{code}/fixed_charges/{fixed_charge_code}",
        "GET /subscriptions/{external_id}/fixed_charges/{fixed_charge_code}",
        "POST /credit_notes/{lago_id}/download",
        "POST /invoices/{lago_id}/download",
    }


def test_statuses_are_lagos_or_our_tables(lives: list[Exchange]) -> None:
    """A status that Lago's document does not name for an operation is a 405 of our table."""
    answers = lago_document()["operations"]
    own = [each for each in lives if str(each.status) not in answers[each.operation]["answers"]]

    assert own
    assert [each for each in own if not is_own_status(each)] == []


def test_answers_differ_from_lagos_only_as_listed(lives: list[Exchange]) -> None:
    """Members, types, choices and nulls are Lago's, but for the rows of the table."""
    assert faults(lives) - KNOWN == set()


def test_the_table_lists_no_difference_that_is_gone(
    lives: list[Exchange], lives_with_odoo: list[Exchange]
) -> None:
    """A row whose difference was mended is taken out."""
    asked = [each for each in lives_with_odoo if each.operation]

    assert faults([*lives, *asked]) >= OWN


def test_no_answer_lacks_what_the_python_client_needs(
    lives: list[Exchange], lives_with_odoo: list[Exchange]
) -> None:
    """Members that its models insist on are there, whichever client asks."""
    bodies = [
        each.body for each in (*lives, *lives_with_odoo)
        if each.status == OK and isinstance(each.body, dict) and not each.path.endswith(LINKS)
    ]  # fmt: skip

    assert set(chain.from_iterable(map(lacking, bodies))) == set()
    assert set(chain.from_iterable(map(ways_of, bodies))) == set(REQUIRED)

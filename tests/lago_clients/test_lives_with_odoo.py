"""What only Odoo knows reaches both clients of Lago, in Lago's shapes."""

import pytest

from fusion_billing.lago_operations import OPERATIONS, Kind
from tests.lago_clients.differences import KNOWN
from tests.lago_clients.recorder import Exchange
from tests.lago_clients.test_lives import OK, faults, is_own_status

pytestmark = pytest.mark.xdist_group("lago_clients")

# Always refused, or found nowhere: the table of operations says so, and how it is done in Odoo.
NEVER_DONE = {
    "GET /plans/{code}/fixed_charges/{fixed_charge_code}",
    "GET /subscriptions/{external_id}/fixed_charges/{fixed_charge_code}",
} | {one.name for one in OPERATIONS.values() if one.refusal}


def done(exchanges: list[Exchange]) -> set[str]:
    """Return the operations that were answered with a 200."""
    return {each.operation for each in exchanges if each.status == OK}


def test_with_an_odoo_every_operation_is_done(
    javascript_life: list[Exchange], lives_with_odoo: list[Exchange]
) -> None:
    """All of VIA-ODOO is answered 200 to a client, but for what the table always refuses."""
    via_odoo = {one.name for one in OPERATIONS.values() if one.kind is Kind.VIA_ODOO}

    assert via_odoo - done([*javascript_life, *lives_with_odoo]) == NEVER_DONE


@pytest.mark.parametrize("client", ["python", "javascript"])
def test_each_client_reads_what_is_odoos(lives_with_odoo: list[Exchange], client: str) -> None:
    """Invoices, papers, payments, credit notes, taxes and links are 200 to each client."""
    is_python = client == "python"
    own = [each for each in lives_with_odoo if each.call.islower() == is_python]

    assert done(own) >= {
        "GET /invoices", "GET /invoices/{lago_id}", "PUT /invoices/{lago_id}/finalize",
        "POST /invoices/{lago_id}/download", "POST /invoices/{lago_id}/payment_url",
        "GET /payments", "GET /payments/{lago_id}", "GET /credit_notes",
        "GET /credit_notes/{lago_id}", "POST /credit_notes/{lago_id}/download", "GET /taxes",
        "GET /taxes/{code}", "GET /customers/{external_customer_id}/portal_url",
        "POST /customers/{external_customer_id}/checkout_url",
    }  # fmt: skip


def test_answers_with_an_odoo_are_lagos(lives_with_odoo: list[Exchange]) -> None:
    """Statuses, members, types, choices and nulls are Lago's, but for the rows of the table."""
    asked = [each for each in lives_with_odoo if each.operation]

    assert [each for each in asked if each.status != OK and not is_own_status(each)] == []
    assert faults(asked) - KNOWN == set()

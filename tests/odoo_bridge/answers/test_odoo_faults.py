"""What an app is answered while Odoo is away, not set up, or refuses: never a wrong list."""

from collections.abc import Iterator
from typing import Any

import pytest

from odoo_bridge.answers.sources import OdooAnswers
from odoo_bridge.connection import OdooConnection
from tests.fusion_billing.conftest import Roof
from tests.odoo_bridge.scripted_odoo import Answer, Refusal, ScriptedOdoo, refusal, result

GATEWAY = Answer(b"", 502)
AWAY = [GATEWAY, GATEWAY]
NO_FIELD = refusal("builtins.ValueError", "Invalid field account.move.x_fc_service in condition")
DENIED = refusal("odoo.exceptions.AccessError", "You are not allowed to access secret-of-ours")


@pytest.fixture(autouse=True)
def _fresh_connection(scripted: Roof, script: ScriptedOdoo) -> Iterator[None]:
    """Let each test enter anew, so that one test's outage is not another's, and nobody waits."""
    state = scripted.app.state
    answers: OdooAnswers = state.odoo_answers
    assert answers.odoo is not None
    fresh = OdooConnection(answers.odoo.settings, sleep=lambda _seconds: None, attempts_max=2)
    state.odoo_answers = OdooAnswers(fresh, answers.net_days, answers.secret)
    script.script.clear()
    script.asked.clear()
    yield
    state.odoo_answers = answers


def asked(roof: Roof, path: str, method: str = "GET") -> tuple[int, dict[str, Any], str]:
    """Ask, and return the status, the body and when to ask again."""
    answer = roof.client.request(method, f"/api/v1{path}", headers=roof.headers)
    return answer.status_code, answer.json(), answer.headers.get("Retry-After", "")


def test_waiting_drafts_are_told_while_odoo_is_away(scripted: Roof, script: ScriptedOdoo) -> None:
    """A list without Odoo's part is a 503 that says when to ask again and what is known here."""
    script.script.extend(AWAY)
    status, body, retry_after = asked(scripted, "/invoices")

    assert (status, body["code"], retry_after) == (503, "odoo_unreachable", "30")
    assert [one["fees_amount_cents"] for one in body["invoices"]] == [10_907]
    assert body["meta"]["total_count"] == 1


def test_a_waiting_draft_needs_no_odoo(scripted: Roof, script: ScriptedOdoo) -> None:
    """One draft that Odoo has not got is shown without asking Odoo anything."""
    script.script.extend(AWAY)
    lago_id = asked(scripted, "/invoices")[1]["invoices"][0]["lago_id"]
    script.asked.clear()

    status, body, _ = asked(scripted, f"/invoices/{lago_id}")

    assert (status, body["invoice"]["lago_id"], script.asked) == (200, lago_id, [])


@pytest.mark.parametrize(
    "path", ["/credit_notes", "/payments", "/taxes", "/customers/acme/payments"]
)
def test_what_only_odoo_has_waits_for_it(scripted: Roof, script: ScriptedOdoo, path: str) -> None:
    """While Odoo is away nothing of its own is told as if there were none."""
    script.script.extend(AWAY)
    status, body, retry_after = asked(scripted, path)

    assert (status, body["code"], retry_after) == (503, "odoo_unreachable", "30")


def test_a_lost_answer_is_asked_for_again_once(scripted: Roof, script: ScriptedOdoo) -> None:
    """A question whose answer got lost is repeated once, so that an app need not."""
    script.script.extend([GATEWAY, result(0), result([])])
    status, body, _ = asked(scripted, "/credit_notes")

    assert (status, body["credit_notes"]) == (200, [])


@pytest.mark.parametrize("trouble", [NO_FIELD, DENIED])
def test_an_odoo_that_is_not_set_up_is_not_the_apps_fault(
    scripted: Roof, script: ScriptedOdoo, trouble: Refusal
) -> None:
    """Missing fields and missing rights are a 503 without any word of Odoo's."""
    script.script.append(trouble)
    status, body, _ = asked(scripted, "/credit_notes")

    assert status == 503
    assert body == {
        "status": 503,
        "error": "Service Unavailable",
        "code": "odoo_misconfigured",
    }


def test_a_foreign_document_link_asks_nothing(scripted: Roof, script: ScriptedOdoo) -> None:
    """Whoever makes up a link to a document gets a 404, and Odoo hears nothing of it."""
    status, body, _ = asked(scripted, "/documents/a.pdf?token=WzEsIngiLDFd.AAAA")

    assert (status, body["code"], script.asked) == (404, "document_not_found", [])

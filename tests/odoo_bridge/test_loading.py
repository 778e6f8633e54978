"""Creating once: the loser of a race and a caller in doubt look for the record first."""

import pytest

from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman, OutcomeUnknown, Retryable
from odoo_bridge.loading import created_once, loaded_ids, resolved_id
from tests.odoo_bridge.scripted_odoo import Answer, Result, ScriptedOdoo, refusal, result

EXTERNAL_ID = "__fb__.acct_1"
ABSENT = refusal("builtins.ValueError", f"External ID not found in the system: {EXTERNAL_ID}")
FOUND = result(["res.partner", 7])
LOADED = result({"ids": [7], "messages": [], "nextrow": 0})


def refused(message: str) -> Result:
    return result({"ids": False, "messages": [{"type": "error", "message": message}]})


LOST_RACE = refused("could not serialize access due to concurrent update")


def created(odoo: OdooConnection) -> int:
    return created_once(odoo, "res.partner", EXTERNAL_ID, ["id"], [[EXTERNAL_ID]])


def test_a_load_gives_the_ids_in_order(server: ScriptedOdoo, odoo: OdooConnection) -> None:
    """The ids of loaded records come back in the order of the rows."""
    server.script.append(result({"ids": [9, 8], "messages": [], "nextrow": 0}))

    assert loaded_ids(odoo, "res.partner", ["id"], [["a"], ["b"]]) == [9, 8]


def test_a_load_that_created_nothing_raises(server: ScriptedOdoo, odoo: OdooConnection) -> None:
    """`load` answers a refusal politely; here it is a fault with Odoo's words."""
    server.script.append(refused("Contacts require a name"))

    with pytest.raises(NeedsHuman, match="Contacts require a name"):
        loaded_ids(odoo, "res.partner", ["id"], [["a"]])


def test_the_loser_of_a_race_takes_the_winners_record(
    server: ScriptedOdoo, odoo: OdooConnection
) -> None:
    """Whoever was faster made the record: it is found, not made again."""
    server.script.extend([LOST_RACE, FOUND])

    assert created(odoo) == 7
    assert len(server.asked) == 2


def test_a_lost_race_without_winner_is_run_again(
    server: ScriptedOdoo, odoo: OdooConnection
) -> None:
    """When the faster one rolled back, the record is loaded again."""
    server.script.extend([LOST_RACE, ABSENT, LOADED])

    assert created(odoo) == 7


def test_a_race_in_another_language_is_recognized(
    server: ScriptedOdoo, odoo: OdooConnection
) -> None:
    """A refusal in words nobody knows is no refusal when the record is there."""
    server.script.extend([refused("accès concurrent"), FOUND])

    assert created(odoo) == 7


def test_a_race_that_never_ends_is_given_up(server: ScriptedOdoo, odoo: OdooConnection) -> None:
    """After a bounded number of lost races the caller is told to come back later."""
    server.script.extend([LOST_RACE, ABSENT] * 20)

    with pytest.raises(Retryable):
        created(odoo)


def test_a_doubt_is_resolved_not_repeated(server: ScriptedOdoo, odoo: OdooConnection) -> None:
    """After a broken call the record is looked for once; absent, the doubt is passed on."""
    server.script.extend([Answer(b"", status=502), ABSENT])

    with pytest.raises(OutcomeUnknown):
        created(odoo)
    assert len(server.asked) == 2


def test_an_absent_external_id_is_none(server: ScriptedOdoo, odoo: OdooConnection) -> None:
    """An external id that Odoo doesn't know stands for no record."""
    server.script.append(ABSENT)

    assert resolved_id(odoo, "res.partner", EXTERNAL_ID) is None


def test_an_external_id_of_another_model_is_refused(
    server: ScriptedOdoo, odoo: OdooConnection
) -> None:
    """A record of another model under our name is never taken for ours."""
    server.script.append(result(["res.users", 7]))

    with pytest.raises(NeedsHuman, match=r"res\.users"):
        resolved_id(odoo, "res.partner", EXTERNAL_ID)

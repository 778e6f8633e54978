"""Both doors of a real Odoo 19 give the same: answers, faults, and a whole way of a draft."""

from dataclasses import replace

import pytest

from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import (
    Misconfigured,
    NeedsHuman,
    OdooFault,
    OurBug,
    fault_of_messages,
)
from odoo_bridge.loading import resolved_id
from odoo_bridge.odoo_value import OdooValue
from tests.odoo.house import House
from tests.odoo_bridge.makers import a_draft, entered
from tests.real_parts import OdooDatabase

pytestmark = pytest.mark.xdist_group("odoo")

QUESTIONS: tuple[tuple[OdooValue, ...], ...] = (
    ("res.country", "search", [["code", "=", "CA"]]),
    ("res.country", "search_read", [["code", "=", "CA"]], ["name", "code"]),
    ("res.country", "search_count", [["code", "in", ["CA", "US"]]]),
    ("res.partner", "fields_get", ["email"], ["type"]),
    ("res.partner", "read", [1], ["name", "country_id", "vat"]),
    ("res.partner", "read", [999_999], ["name"]),
    ("res.partner", "has_access", [], "create"),
    ("ir.model.data", "check_object_reference", "base", "ca", True),
)
REFUSED: tuple[tuple[type[OdooFault], tuple[OdooValue, ...]], ...] = (
    (Misconfigured, ("ir.config_parameter", "create", {"key": "a", "value": "b"})),
    (Misconfigured, ("no.such.model", "search", [])),
    (Misconfigured, ("res.partner", "_compute_display_name", [1])),
    (NeedsHuman, ("res.partner", "write", [999_999], {"name": "nobody"})),
    (NeedsHuman, ("account.move", "action_post", [999_999])),
    (OurBug, ("res.partner", "search", [["no_such_field", "=", 1]])),
    (OurBug, ("res.partner", "no_such_method", [1])),
)


@pytest.fixture(params=["jsonrpc", "json2"])
def odoo(request: pytest.FixtureRequest, house: House) -> OdooConnection:
    """Provide the bridge's user at one door: with a password, or with an API key."""
    if request.param == "jsonrpc":
        return house.odoo
    return entered(house.keyed, transport="json2")


def fault_of(odoo: OdooConnection, asked: tuple[OdooValue, ...]) -> OdooFault:
    model, method, *args = asked
    with pytest.raises(OdooFault) as caught:
        odoo.call(model, method, *args)
    return caught.value


def test_questions_have_one_answer(house: House) -> None:
    """Everything that the bridge asks has the same answer at both doors, for the same user."""
    by_key = entered(house.keyed, transport="json2")
    answers = [
        [odoo.call(model, method, *args) for model, method, *args in QUESTIONS]
        for odoo in (house.odoo, by_key)
    ]

    assert answers[0] == answers[1]
    assert house.odoo.user_id == by_key.user_id


def test_a_key_is_a_password_too(house: House) -> None:
    """An API key enters at the old door as well."""
    assert entered(house.keyed).user_id == house.odoo.user_id


@pytest.mark.parametrize(("expected", "asked"), REFUSED, ids=lambda value: str(value)[:50])
def test_a_refusal_has_one_class(
    odoo: OdooConnection, expected: type[OdooFault], asked: tuple[OdooValue, ...]
) -> None:
    """What Odoo refuses has the same class at both doors, and no traceback in its words."""
    fault = fault_of(odoo, asked)

    assert type(fault) is expected
    assert "Traceback" not in str(fault)


def test_one_and_many_are_created(house: House, odoo: OdooConnection) -> None:
    """Values give an id, a list of values a list of ids, and a write is seen by the next read."""
    one = odoo.call("res.partner", "create", {"name": f"{house.tag} 1"})
    many = odoo.call("res.partner", "create", [{"name": f"{house.tag} {n}"} for n in (2, 3)])
    written = odoo.call("res.partner", "write", [one], {"city": "Ottawa"})
    read = odoo.call("res.partner", "search_read", [["name", "=like", f"{house.tag}%"]], ["city"])

    assert isinstance(one, int)
    assert len(many) == 2
    assert written is True
    assert {partner["id"]: partner["city"] for partner in read} == {
        one: "Ottawa",
        **dict.fromkeys(many, False),
    }


def test_a_load_tells_its_messages(odoo: OdooConnection) -> None:
    """A load that is refused answers politely at both doors, and its words have a class."""
    nameless = [["__fb__.nameless", "a@b.example"]]
    answer = odoo.call("res.partner", "load", ["id", "email"], nameless)

    assert answer["ids"] is False
    assert type(fault_of_messages([told["message"] for told in answer["messages"]])) is NeedsHuman


def test_an_external_id_of_nothing_is_none(odoo: OdooConnection) -> None:
    """An external id that Odoo doesn't know is no fault: there is no record."""
    assert resolved_id(odoo, "account.move", "__fb__.inv_none") is None


def test_a_draft_goes_either_way(house: House, odoo: OdooConnection) -> None:
    """A draft sent at one door is found at the other, and made once."""
    account = house.account()
    draft = house.books.add(account, a_draft(account))
    report = house.books.send(odoo)
    posted = odoo.call("account.move", "action_post", [house.books.kept(draft).odoo_move_id])

    assert (report.sent, report.parked, posted) == (1, 0, False)
    assert [move["state"] for move in house.moves()] == ["posted"]


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
@pytest.mark.parametrize(
    "wrong",
    [{"password": "0" * 40}, {"login": "nobody", "password": "x"}, {"database": "no_such"}],
    ids=["password", "login", "database"],
)
def test_a_wrong_entry_is_a_configuration_fault(
    house: House, transport: str, wrong: dict[str, str]
) -> None:
    """A wrong password, user or database is told apart from an Odoo that is down."""
    user: OdooDatabase = replace(house.keyed, **wrong)  # type: ignore[arg-type]
    fault = fault_of(entered(user, transport=transport), ("res.partner", "search_count", []))

    assert type(fault) is Misconfigured
    assert user.password not in str(fault)

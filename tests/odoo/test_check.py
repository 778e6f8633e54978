"""The check of a real Odoo 19: what is right is OK, what is wrong is found with its remedy."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from odoo_bridge.check import Finding, Level, check
from odoo_bridge.checks.entrance import KEY_DAYS_MIN, api_key_ends_at
from tests.odoo.api_keys import with_api_key
from tests.odoo.house import House
from tests.odoo_bridge.makers import entered
from tests.real_parts import OdooDatabase, OdooServer
from tests.real_parts.odoo_database import with_integration_user

pytestmark = pytest.mark.xdist_group("odoo")

# The test installation has no wkhtmltopdf, and the check rightly says so.
NO_PDF = "can't print PDF"


def now() -> datetime:
    """Return this instant, which the real server shares."""
    return datetime.now(UTC)


def wrong(findings: list[Finding]) -> dict[str, Level]:
    """Return what was found wrong, without the PDF that this installation can't print."""
    return {
        finding.what: finding.level
        for finding in findings
        if finding.level is not Level.OK and NO_PDF not in finding.what
    }


@pytest.fixture(scope="module")
def spoiled(odoo_server: OdooServer) -> Iterator[list[Finding]]:
    """Provide what the check finds in an Odoo where much is wrong."""
    with odoo_server.fresh_database() as admin:
        month = now().date().replace(day=1).isoformat()
        values = {"tax_calculation_rounding_method": "round_per_line", "sale_lock_date": month}
        admin.call("res.company", "write", [1], values)
        _spoil_taxes(admin)
        journals = admin.call("account.journal", "search", [["type", "=", "sale"]])
        admin.call("account.journal", "write", journals, {"active": False})
        user = with_integration_user(admin)
        lost = {"group_ids": [(3, admin.record_id("product.group_product_manager"))]}
        admin.call("res.users", "write", [user.user_id], lost)
        yield check(entered(user), now() + timedelta(minutes=5))


def _spoil_taxes(admin: OdooDatabase) -> None:
    position = "account.fiscal.position"
    quebec, alberta = (
        admin.call(position, "search", [["name", "like", name]]) for name in ("(QC)", "(AB)")
    )
    admin.call(position, "write", quebec, {"auto_apply": False})
    admin.call(position, "write", alberta, {"tax_ids": [(5,)]})


def test_a_ready_odoo_passes_the_check(house: House) -> None:
    """An Odoo that is set up, entered by key with the minimal rights, has nothing wrong."""
    findings = check(entered(house.keyed), now())
    told = " / ".join(finding.what for finding in findings)

    assert wrong(findings) == {}
    assert "default sale tax is 13% HST" in told
    assert "NS 14, NT 5, NU 5, ON 13, PE 15, QC 14.975, SK 11, YT 5" in told
    assert "Community" in told


def test_both_doors_check_alike(house: House) -> None:
    """The check finds the same at either door, but for the door's own name."""
    first, second = (
        [
            finding.what.replace(f"({transport})", "")
            for finding in check(entered(house.keyed, transport=transport), now())
        ]
        for transport in ("jsonrpc", "json2")
    )

    assert first == second


@pytest.mark.parametrize(
    ("level", "words"),
    [
        (Level.WARN, "the user enters with a password"),
        (Level.WARN, "are apart"),
        (Level.FAIL, "the user may not create product.product"),
        (Level.FAIL, "fields are missing: res.partner.x_fc_account_id"),
        (Level.WARN, "tax is rounded line by line"),
        (Level.FAIL, "no sales journal"),
        (Level.WARN, "the sales lock date is"),
        (Level.FAIL, "no fiscal position for QC"),
        (Level.WARN, "AB is taxed at 0 %, the law says 5 %"),
        (Level.WARN, NO_PDF),
    ],
)
def test_what_is_wrong_is_found(spoiled: list[Finding], level: Level, words: str) -> None:
    """Each thing that is wrong has its level and its remedy."""
    (found,) = [finding for finding in spoiled if words in finding.what]

    assert found.level is level
    assert found.remedy


def test_nothing_else_is_wrong(spoiled: list[Finding]) -> None:
    """What was not spoiled is not complained about."""
    assert len(wrong(spoiled)) == 9


def test_an_administrator_is_too_much(house: House) -> None:
    """A bridge that enters as an administrator is told to have a user of its own."""
    assert any("is an administrator" in what for what in wrong(check(entered(house.inside), now())))


def test_a_key_of_somebody_else_is_told(house: House) -> None:
    """An API key that belongs to another user than the settings name is warned of."""
    other = replace(house.keyed, login="somebody")
    told = wrong(check(entered(other, transport="json2"), now()))

    assert told == {
        "the API key is of user integration, the settings name somebody": Level.WARN,
    }


def test_a_wrong_password_is_one_finding(house: House) -> None:
    """Without a way in there is one finding, and it does not quote the password."""
    stranger = OdooDatabase(
        *(house.inside.host, house.inside.port, house.inside.database, "admin", "not-the-password")
    )
    (found,) = check(entered(stranger), now())

    assert found.level is Level.FAIL
    assert "not-the-password" not in str(found)


def test_a_key_that_ends_soon_is_told(house: House) -> None:
    """The end of an API key is known to its own user, and warned of two weeks before."""
    told = {"name": "Short", "login": f"short-{house.tag}", "password": "short"}
    groups = [(6, 0, [house.inside.record_id("base.group_user")])]
    house.inside.call("res.users", "create", told | {"group_ids": groups})
    entry = (house.inside.host, house.inside.port, house.inside.database)
    user = OdooDatabase(*entry, told["login"], told["password"])
    keyed = entered(with_api_key(house.inside, user, hours=48))
    ends_at = api_key_ends_at(keyed)

    assert ends_at is not None
    assert timedelta(hours=47) < ends_at - now() < timedelta(hours=49)
    early = ends_at - timedelta(days=KEY_DAYS_MIN, hours=1)
    assert not [what for what in wrong(check(keyed, early)) if "API key" in what]
    assert [what for what in wrong(check(keyed, now())) if "an API key of the user ends" in what]

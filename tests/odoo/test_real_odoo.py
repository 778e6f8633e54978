"""The harness itself: the Odoo that other tests rely on is the one they believe it to be."""

import json
from urllib.request import Request, urlopen

import pytest

from tests.real_parts import OdooDatabase, OdooRefusalError, OdooServer

pytestmark = pytest.mark.xdist_group("odoo")


def an_invoice(database: OdooDatabase, price: float) -> int:
    """Create a draft invoice of one product line for a new partner in Ontario."""
    ontario = database.record_id("base.state_ca_on")
    canada = database.record_id("base.ca")
    address = {"name": "Beaver Ltd", "country_id": canada, "state_id": ontario}
    partner = database.call("res.partner", "create", address)
    product = database.call("product.product", "create", {"name": "Usage", "type": "service"})
    line = {"product_id": product, "quantity": 1, "price_unit": price}
    invoice = {
        "move_type": "out_invoice",
        "partner_id": partner,
        "invoice_date": "2026-01-31",
        "invoice_date_due": "2026-02-28",
        "invoice_line_ids": [(0, 0, line)],
    }
    return int(database.call("account.move", "create", invoice))


def test_server_is_odoo_19(odoo_server: OdooServer) -> None:
    """The server answers as version 19.0."""
    with urlopen(f"{odoo_server.url}/web/version") as response:
        version = json.load(response)

    assert version["version"].startswith("19.0")


def test_company_is_in_ontario(odoo_database: OdooDatabase) -> None:
    """The company keeps its books in Canadian dollars, in Ontario, with the Canadian chart."""
    fields = ["currency_id", "state_id", "chart_template"]
    company = odoo_database.call("res.company", "read", [1], fields)[0]
    shown = (company["currency_id"][1], company["state_id"][1], company["chart_template"])

    assert shown == ("CAD", "Ontario (CA)", "ca_2023")


def test_default_tax_is_hst(odoo_database: OdooDatabase) -> None:
    """The company sells with 13 % HST unless told otherwise."""
    company = odoo_database.call("res.company", "read", [1], ["account_sale_tax_id"])[0]

    assert company["account_sale_tax_id"][1] == "13% HST"


def test_databases_are_isolated(odoo_server: OdooServer, odoo_database: OdooDatabase) -> None:
    """What one test writes is not seen in the database of another."""
    named = [("name", "=", "Only Here")]
    odoo_database.call("res.partner", "create", {"name": "Only Here"})
    with odoo_server.fresh_database() as other:
        found_there = other.call("res.partner", "search_count", named)

    assert odoo_database.call("res.partner", "search_count", named) == 1
    assert found_there == 0


def test_dropped_database_is_gone(odoo_server: OdooServer) -> None:
    """After its test a database can no longer be entered."""
    with odoo_server.fresh_database() as database:
        assert database.user_id > 0

    with pytest.raises(OdooRefusalError):
        database.call("res.users", "search_count", [])


def test_posting_computes_tax(integration_user: OdooDatabase) -> None:
    """The bridge's user, with minimal rights, posts an invoice and Odoo adds 13 %."""
    invoice = an_invoice(integration_user, price=100.0)
    integration_user.call("account.move", "action_post", [invoice])
    fields = ["state", "amount_untaxed", "amount_tax", "amount_total"]
    posted = integration_user.call("account.move", "read", [invoice], fields)[0]

    assert [posted[name] for name in fields] == ["posted", 100.0, 13.0, 113.0]


def test_integration_user_is_no_administrator(integration_user: OdooDatabase) -> None:
    """The bridge's user is refused what only an administrator may do."""
    with pytest.raises(OdooRefusalError) as refused:
        integration_user.call("ir.config_parameter", "set_param", "some.key", "some value")

    assert refused.value.kind == "odoo.exceptions.AccessError"


def test_portal_page_is_shown(odoo_database: OdooDatabase) -> None:
    """The customer's page of a posted invoice can be opened, as a mail's link would."""
    invoice = an_invoice(odoo_database, price=10.0)
    odoo_database.call("account.move", "action_post", [invoice])
    portal = odoo_database.call("account.move", "get_portal_url", [invoice])
    # The server has several databases, which a mail's reader never sees.
    named = {"X-Odoo-Database": odoo_database.database}
    with urlopen(Request(f"{odoo_database.url}{portal}", headers=named)) as page:
        text = page.read().decode()

    assert "11.30" in text

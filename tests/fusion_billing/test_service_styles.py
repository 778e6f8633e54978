"""How a service's invoices are made and paid in Odoo is a setting of the service."""

import json
from pathlib import Path

from typer.testing import CliRunner

from fusion_billing.cli import app


def test_a_service_keeps_how_it_is_invoiced(tmp_path: Path) -> None:
    """Usage apart and no card by default; what is changed stays, and what is not named, too."""
    folder = ["--data-dir", str(tmp_path), "--json"]
    made = CliRunner().invoke(app, ["service", "create", "nexadesk", *folder])
    words = ["service", "change", "nexadesk", "--invoice-style", "combined"]
    combined = CliRunner().invoke(app, [*words, *folder])
    CliRunner().invoke(app, ["service", "change", "nexadesk", "--card-charging", "on", *folder])
    shown = json.loads(CliRunner().invoke(app, ["service", "show", "nexadesk", *folder]).stdout)
    wrong = CliRunner().invoke(app, [*words[:-1], "both", *folder])

    first = json.loads(made.stdout)["service"]
    assert (first["invoice_style"], first["card_charging"]) == ("separate", "off")
    assert json.loads(combined.stdout)["invoice_style"] == "combined"
    assert (shown["invoice_style"], shown["card_charging"]) == ("combined", "on")
    assert wrong.exit_code == 2


def test_charging_needs_an_odoo(tmp_path: Path) -> None:
    """The verb says that no Odoo is configured, and charges nothing."""
    told = CliRunner().invoke(app, ["odoo", "charge", "--data-dir", str(tmp_path)])

    assert told.exit_code != 0
    assert "FUSION_ODOO_URL" in told.output

"""The command line: one root, one file a verb group. Every verb calls what the scheduler calls."""

import sys

import typer

from catalog.errors import BillingError
from fusion_billing.commands import (
    billing,
    close,
    configuration,
    corrections,
    costs,
    cutover,
    demonstration,
    import_lago,
    imports,
    keys,
    lake,
    odoo,
    odoo_catalogue,
    quarantine,
    rerate,
    services,
    serving,
    verify,
)
from odoo_bridge.faults import OdooFault
from storage.lake import LakeError
from storage.patience import StoreUnavailableError

EXIT_FAILED = 1
app = typer.Typer(
    name="fusion-billing",
    help="Usage billing with Odoo as the system of record.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("serve")(serving.serve)
app.command("demo")(demonstration.demo)
app.command("bill")(billing.bill)
app.command("close")(close.close)
app.command("cutover")(cutover.cutover)
app.command("rerate")(rerate.rerate)
app.command("verify")(verify.verify)
app.add_typer(services.app, name="service")
app.add_typer(keys.app, name="key")
imports.app.command("lago")(import_lago.lago)
app.add_typer(imports.app, name="import")
app.add_typer(costs.app, name="costs")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(corrections.app, name="correct")
app.add_typer(odoo.app, name="odoo")
app.add_typer(odoo_catalogue.app, name="catalog")
app.add_typer(lake.app, name="lake")
app.add_typer(configuration.app, name="config")


def main() -> None:
    """Run the command line; a refusal is one line on stderr and exit code 1."""
    try:
        app()
    except (BillingError, LakeError, StoreUnavailableError, OdooFault, ValueError) as error:
        typer.echo(f"fusion-billing: {error}", err=True)
        sys.exit(EXIT_FAILED)

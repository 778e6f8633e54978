"""The command line: one root, one file a verb group. Every verb calls what the scheduler calls."""

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from catalog.errors import BillingError
from odoo_bridge.faults import OdooFault
from storage.lake_errors import LakeError
from storage.patience import StoreUnavailableError

EXIT_FAILED = 1
# In the order of the help: what each word runs, as module of fusion_billing.commands and name.
VERBS = {
    "serve": "serving.serve",
    "demo": "demonstration.demo",
    "bill": "billing.bill",
    "close": "close.close",
    "cutover": "cutover.cutover",
    "rerate": "rerate.rerate",
    "verify": "verify.verify",
    "service": "services.app",
    "key": "keys.app",
    "import": "bringing_in.app",
    "costs": "costs.app",
    "quarantine": "quarantine.app",
    "correct": "corrections.app",
    "odoo": "odoo.app",
    "catalog": "odoo_catalogue.app",
    "lake": "lake.app",
    "config": "configuration.app",
}


class Verbs(Mapping[str, Any]):
    """The commands by their words, each loaded when it is asked for: most need few of the rooms."""

    def __getitem__(self, word: str) -> Any:  # noqa: ANN401 - Typer's own click
        """Return a word's command, or its group of commands."""
        module, name = VERBS[word].split(".")
        found = getattr(import_module(f"fusion_billing.commands.{module}"), name)
        if isinstance(found, typer.Typer):
            group = get_group(found)
            group.name = word
            return group
        alone = typer.Typer(add_completion=False)
        alone.command(word)(found)
        return get_command(alone)

    def __iter__(self) -> Iterator[str]:
        """Yield the words in the order of the help."""
        return iter(VERBS)

    def __len__(self) -> int:
        """Return how many words there are."""
        return len(VERBS)


class Root(TyperGroup):
    """The program, before any of its commands is loaded."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - passed on to Typer
        """Make the group, its commands on demand."""
        super().__init__(**given)
        self.commands = Verbs()  # type: ignore[assignment]  # nothing is added to it

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - Typer's own click
        """Return the words in the order of the help."""
        return list(VERBS)


app = typer.Typer(
    name="fusion-billing",
    cls=Root,
    help="Usage billing with Odoo as the system of record.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def root() -> None:
    """Usage billing with Odoo as the system of record."""


def main() -> None:
    """Run the command line; a refusal is one line on stderr and exit code 1."""
    try:
        app()
    except (BillingError, LakeError, StoreUnavailableError, OdooFault, ValueError) as error:
        typer.echo(f"fusion-billing: {error}", err=True)
        sys.exit(EXIT_FAILED)

"""import costs: provider cost from a FOCUS file."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from catalog.money import exact_decimal
from dashboards.costs import CostImport, import_costs
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.house import opened_house

FAULTS_SHOWN_MAX = 20
app = typer.Typer(help="Bring in what others have.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Bring in what others have."""


@app.command()
def costs(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="FOCUS 1.0 CSV.")],
    rate: Annotated[
        list[str] | None, typer.Option(help="CAD per unit of a currency, e.g. USD=1.3950.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Import a FOCUS cost file: every row or none, and each file once."""
    rates = dict(_rate(text) for text in rate or [])
    with opened_house(settings_of(data_dir), SystemClock()) as house:
        result = import_costs(house.lake, file, rates)
    data = {
        "import_id": result.import_id,
        "rows": result.rows,
        "already_imported": result.already_imported,
        "effective_cost": {name: str(cost) for name, cost in result.effective_cost.items()},
        "cogs_cad": str(result.cogs_cad),
        "errors": [f"row {fault.row_number}: {fault.reason}" for fault in result.errors],
    }
    say(as_json, data, _text(file, result, data["errors"]))  # type: ignore[arg-type]
    if result.errors:
        raise typer.Exit(1)


def _rate(text: str) -> tuple[str, Decimal]:
    currency, _, rate = text.partition("=")
    try:
        return currency.upper(), exact_decimal(rate)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no rate; write USD=1.3950") from error


def _text(file: Path, result: CostImport, errors: list[str]) -> str:
    if errors:
        shown = "\n".join(errors[:FAULTS_SHOWN_MAX])
        return f"{file.name}: nothing imported, {len(errors)} faulty rows\n{shown}"
    state = "was imported before" if result.already_imported else "imported"
    return f"{file.name}: {state}, {result.rows} rows, COGS {result.cogs_cad:,.2f} CAD"

"""costs: whose provider cost is, what it should be, and what it is worth in CAD."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.money import decimal_text
from dashboards.costs.attributed import attributed_costs, estimate_against_actual
from dashboards.costs.coverage import coverage
from dashboards.costs.fx_store import add_rates
from dashboards.costs.rate_sources import rates_of_file, rates_of_odoo
from fusion_billing.clock import SystemClock
from fusion_billing.commands import cost_prices, cost_rules
from fusion_billing.commands.odoo_options import configured_odoo
from fusion_billing.commands.options import AsJson, DataDir, instant_of, say, settings_of
from fusion_billing.costs import import_waiting_costs, sync_costs, told_faults
from fusion_billing.house import opened_house
from fusion_billing.opened_state import opened_state

app = typer.Typer(help="Provider cost: COGS, whose it is, and its rates.", no_args_is_help=True)
app.add_typer(cost_rules.app, name="rules")
app.add_typer(cost_prices.app, name="prices")
First = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")]
Last = Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")]
AsOf = Annotated[str | None, typer.Option(help="As it was known then: 2026-02-01T00:00:00Z.")]


@app.callback()
def group() -> None:
    """COGS: whose it is, and its rates."""


@app.command()
def rates(
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="CSV: currency,date,rate."),
    ] = None,
    from_odoo: Annotated[bool, typer.Option(help="Take res.currency.rate of Odoo.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take rates to CAD, from a file or from Odoo: all or none; repeating it changes nothing."""
    if (file is None) == (not from_odoo):
        raise typer.BadParameter("give a file, or --from-odoo")
    settings = settings_of(data_dir)
    found = (
        rates_of_odoo(configured_odoo(settings))
        if file is None
        else rates_of_file(file.read_bytes(), file.name)
    )
    with opened_state(settings) as state, state.write() as connection:
        count = add_rates(connection, found, SystemClock()())
    say(as_json, {"rates": len(found), "new": count}, f"{len(found)} rates, {count} of them new")


@app.command()
def sync(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Take dropped files, and rates and costs from Odoo where one is configured.

    Exit code 1: a file was refused; it lies in refused/ beside its faults.
    """
    settings = settings_of(data_dir)
    with opened_house(settings, SystemClock()) as house:
        files = import_waiting_costs(house)
        kept = sync_costs(house) if settings.odoo_url else None
    refused = [each for each in files if each.result.errors]
    data = {
        "imported": [each.name for each in files if not each.result.errors],
        "refused": {each.name: told_faults(each.result.errors[:1]) for each in refused},
        "from_odoo": kept.new_count if kept else 0,
    }
    lines = [f"{name}: refused, {why}" for name, why in data["refused"].items()]  # type: ignore[attr-defined]
    lines.append(f"{len(files) - len(refused)} files, {data['from_odoo']} rows from Odoo")
    say(as_json, data, "\n".join(lines))
    if refused:
        raise typer.Exit(1)


@app.command("coverage")
def show_coverage(
    first: First,
    last: Last,
    as_of: AsOf = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show how much of each provider's cost has an owner, in CAD and as a share of 1."""
    with opened_house(settings_of(data_dir), SystemClock()) as house:
        owned = attributed_costs(
            house.lake, house.state, first=first.date(), last=last.date(), as_of=_instant(as_of)
        ).collect()
    rows = _shown(coverage(owned).to_dicts())
    say(as_json, {"coverage": rows}, _table(rows, "all providers"))


@app.command("estimates")
def show_estimates(
    first: First,
    last: Last,
    as_of: AsOf = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what usage should cost by the price list beside what was billed, day by day.

    Exit code 1: a price has no rate to CAD on some day.
    """
    with opened_house(settings_of(data_dir), SystemClock()) as house:
        frame, missing = estimate_against_actual(
            house.lake, house.state, first=first.date(), last=last.date(), as_of=_instant(as_of)
        )
    rows = _shown(frame.to_dicts())
    errors = [f"no rate for {currency} on {day}" for currency, day in missing]
    say(as_json, {"days": rows, "errors": errors}, "\n".join([_table(rows, ""), *errors]))
    if errors:
        raise typer.Exit(1)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else instant_of(text)


def _shown(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str | None]]:
    return [{name: _text(value) for name, value in row.items()} for row in rows]


def _text(value: str | date | Decimal | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, date) else decimal_text(value)


def _table(rows: Sequence[Mapping[str, str | None]], nobody: str) -> str:
    lines = []
    for row in rows:
        name, *figures = row.items()
        told = ", ".join(f"{key} {value if value is not None else 'n/a'}" for key, value in figures)
        lines.append(f"{name[1] or nobody}: {told}")
    return "\n".join(lines) or "nothing in these days"

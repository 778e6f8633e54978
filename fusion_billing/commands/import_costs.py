"""import costs: provider cost from a file, or from the provider's own interface."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from catalog.money import decimal_text, exact_decimal
from dashboards.costs.faults import RowFault
from dashboards.costs.fx_store import read_rates
from dashboards.costs.importing import CostImport, Delivery, import_costs
from dashboards.costs.reading import Reading, read_source
from dashboards.costs.sources.formats import READERS, CostFormat, source_of
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, DryRun, say, settings_of
from fusion_billing.house import House, opened_house
from fusion_billing.provider_costs import SOURCES, provider_sources
from fusion_billing.settings import Settings

FAULTS_SHOWN_MAX = 20


def costs(  # noqa: PLR0913, PLR0917 - the options of a command
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="FOCUS 1.0 to 1.4 CSV, or JSON."),
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option(help="CAD per unit, e.g. USD=1.3950; default: what `costs rates` took."),
    ] = None,
    file_format: Annotated[
        CostFormat, typer.Option("--format", help="Whose file it is.")
    ] = CostFormat.FOCUS,
    source: Annotated[
        str | None, typer.Option(help="Series of files: newer rows supersede older ones.")
    ] = None,
    revision: Annotated[
        int | None, typer.Option(min=1, help="The file's place in its series; default: newest.")
    ] = None,
    complete: Annotated[
        bool, typer.Option(help="The file has all rows of its days: withdraw what it lacks.")
    ] = False,
    provider: Annotated[
        str | None,
        typer.Option("--from", help=f"Ask the provider itself, not a file: {', '.join(SOURCES)}."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day; default: where it was."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day no more; default: today (UTC)."),
    ] = None,
    dry_run: DryRun = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Import provider cost, a file or a provider's days: all or none of it, and each once.

    Exit code 1: it was refused, nothing of it is kept.
    """
    if (file is None) == (provider is None):
        raise typer.BadParameter("give a file, or --from with a provider")
    settings = settings_of(data_dir)
    if provider is not None:
        days = [day.date() if day else None for day in (since, until)]
        reading = _read(settings, provider, days, dry_run=dry_run)
        _say_reading(reading, as_json=as_json, dry_run=dry_run)
        return
    assert file is not None  # noqa: S101 - either is given, see above
    delivery = Delivery(source or source_of(file_format), revision, complete)
    if (revision is not None or complete) and delivery.source is None:
        raise typer.BadParameter("--revision and --complete need --source: a series of files")
    given = dict(_rate(text) for text in rate or [])
    with opened_house(settings, SystemClock()) as house:
        result = _imported(house, file, given, file_format, delivery, dry_run=dry_run)
    _say_import(file, result, as_json=as_json, dry_run=dry_run)


def _read(
    settings: Settings, provider: str, days: Sequence[date | None], *, dry_run: bool
) -> Reading:
    known = provider_sources(settings)
    if provider not in known:
        raise typer.BadParameter(
            f"--from is one of {', '.join(known) or 'none: no key of a provider is set'}"
        )
    since, until = days
    with opened_house(settings, SystemClock()) as house:
        return read_source(
            house.lake, house.state, known[provider], at=house.clock(), dry_run=dry_run,
            since=since, until=until,
        )  # fmt: skip


def _imported(
    house: House,
    file: Path,
    given: dict[str, Decimal],
    file_format: CostFormat,
    delivery: Delivery,
    *,
    dry_run: bool,
) -> CostImport:
    with house.state.read() as connection:
        rates = replace(read_rates(connection), given=given)
    return import_costs(
        house.lake,
        file,
        rates,
        reader=READERS[file_format],
        delivery=delivery,
        at=house.clock(),
        dry_run=dry_run,
        rows_max=house.settings.costs_rows_max,
    )


def _say_reading(reading: Reading, *, as_json: bool, dry_run: bool) -> None:
    errors = _told(reading.faults)
    data = {
        "source": reading.source, "since": reading.since.isoformat(),
        "until": reading.until.isoformat(), "rows": reading.rows, "new": reading.new_count,
        "cogs_cad": decimal_text(reading.cogs_cad), "dry_run": dry_run, "errors": errors,
    }  # fmt: skip
    kept = "would be read" if dry_run else f"read, {reading.new_count} of them new"
    text = f"{reading.source}, {reading.since} to {reading.until}: {reading.rows} rows {kept}"
    _answer(as_json, data, f"{text}, COGS {reading.cogs_cad:,.2f} CAD", reading.source, errors)


def _say_import(file: Path, result: CostImport, *, as_json: bool, dry_run: bool) -> None:
    errors = _told(result.errors)
    data = {
        "import_id": result.import_id,
        "rows": result.rows,
        "already_imported": result.already_imported,
        "effective_cost": {
            name: decimal_text(cost) for name, cost in result.effective_cost.items()
        },
        "cogs_cad": decimal_text(result.cogs_cad),
        "dry_run": dry_run,
        "errors": errors,
    }
    state = "was imported before" if result.already_imported else "imported"
    if dry_run and not result.already_imported:
        state = "would be imported"
    text = f"{file.name}: {state}, {result.rows} rows, COGS {result.cogs_cad:,.2f} CAD"
    _answer(as_json, data, text, file.name, errors)


def _answer(
    as_json: bool,  # noqa: FBT001 - as `say` takes it
    data: dict[str, object],
    text: str,
    what: str,
    errors: Sequence[str],
) -> None:
    if errors:
        shown = "\n".join(errors[:FAULTS_SHOWN_MAX])
        text = f"{what}: nothing imported, {len(errors)} faulty rows\n{shown}"
    say(as_json, data, text)
    if errors:
        raise typer.Exit(1)


def _told(faults: Sequence[RowFault]) -> list[str]:
    return [f"{fault.place}: {fault.reason}" for fault in faults]


def _rate(text: str) -> tuple[str, Decimal]:
    currency, _, rate = text.partition("=")
    try:
        return currency.upper(), exact_decimal(rate)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no rate; write USD=1.3950") from error

"""import costs: provider cost from a FOCUS file; import usage: events from a file."""

import shlex
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from catalog.errors import NotFound
from catalog.money import exact_decimal
from catalog.store.services import find_service
from dashboards.costs.fx_store import read_rates
from dashboards.costs.importing import CostImport, Delivery, import_costs
from dashboards.costs.sources.formats import READERS, CostFormat, source_of
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.house import House, opened_house
from fusion_billing.settings import Settings
from ingest.file_row import Codes
from ingest.import_routes import to_usage_import_object
from ingest.keeping import keep_rows
from ingest.usage_file import FileFormat, UsageFile, usage_file
from ingest.usage_import import Importing, Watch, import_usage
from ingest.usage_import_store import RowError, Status, UsageImport
from storage.lake import LakeBusyError

FAULTS_SHOWN_MAX = 20
app = typer.Typer(help="Bring in what others have.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Bring in what others have."""


@app.command()
def costs(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="FOCUS 1.0 to 1.4 CSV, or JSON.")
    ],
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
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Import a file of provider cost: every row or none, and each file once."""
    given = dict(_rate(text) for text in rate or [])
    delivery = Delivery(source or source_of(file_format), revision, complete)
    if (revision is not None or complete) and delivery.source is None:
        raise typer.BadParameter("--revision and --complete need --source: a series of files")
    with opened_house(settings_of(data_dir), SystemClock()) as house:
        with house.state.read() as connection:
            rates = replace(read_rates(connection), given=given)
        result = import_costs(
            house.lake,
            file,
            rates,
            normalise=READERS[file_format],
            delivery=delivery,
            at=house.clock(),
        )
    data = {
        "import_id": result.import_id,
        "rows": result.rows,
        "already_imported": result.already_imported,
        "effective_cost": {name: str(cost) for name, cost in result.effective_cost.items()},
        "cogs_cad": str(result.cogs_cad),
        "errors": [f"{fault.place}: {fault.reason}" for fault in result.errors],
    }
    say(as_json, data, _text(file, result, data["errors"]))  # type: ignore[arg-type]
    if result.errors:
        raise typer.Exit(1)


@app.command()
def usage(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="NDJSON, CSV or Parquet.")
    ],
    service: Annotated[str, typer.Option(help="Service whose usage it is.")],
    file_format: Annotated[
        FileFormat | None, typer.Option("--format", help="Default: what the file's name says.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Import usage events: good rows are kept, each once, bad ones are told; repeat it freely.

    Exit code 0: every row is kept; 1: rows or the rest of the file were refused.
    """
    settings = settings_of(data_dir)
    found = usage_file(file, file_format.value if file_format else "")
    with _house_at_rest(settings, found, service) as house:
        with house.state.read() as connection:
            if find_service(connection, service) is None:
                raise NotFound("service")
        with _watched(found) as watch:
            parts = Importing(house.state, partial(keep_rows, house.intake), house.clock, watch)
            done = import_usage(parts, service, found, str(uuid.uuid4()))
    say(as_json, to_usage_import_object(done), _usage_text(done))
    if done.refused_count or done.status is not Status.FINISHED:
        raise typer.Exit(1)


@contextmanager
def _house_at_rest(settings: Settings, file: UsageFile, service: str) -> Iterator[House]:
    """Open the house; when a service runs on its folder, say how to send the file to that."""
    with ExitStack() as stack:
        try:
            house = stack.enter_context(opened_house(settings, SystemClock()))
        except LakeBusyError as busy:
            address = f"http://{settings.host}:{settings.port}/api/billing/v1/usage/import"
            raise LakeBusyError(
                f"{busy}. While the service runs, send it the file: curl -X POST -T "
                f'{shlex.quote(str(file.path))} -H "Authorization: Bearer <key of {service}>" '
                f'"{address}?format={file.format.value}"'
            ) from busy
        yield house


@contextmanager
def _watched(file: UsageFile) -> Iterator[Watch]:
    """Draw a bar of the bytes read, on a terminal's standard error."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns,
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task(file.name, total=file.path.stat().st_size)

        def watch(_done: UsageImport, bytes_done: int) -> bool:
            progress.update(task, completed=bytes_done)
            return True

        yield watch


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


def _usage_text(done: UsageImport) -> str:
    told = (
        f"{done.file_name}: {done.status.value}, {done.kept_count} rows kept, "
        f"{done.known_count} known before, {done.refused_count} refused"
    )
    lines = [told, *([done.problem] if done.problem else [])]
    lines += [f"row {error.row}: {_codes(error.error_details)}" for error in _shown(done)]
    if done.refused_count > len(_shown(done)):
        lines.append(f"and {done.refused_count - len(_shown(done))} more")
    if done.refused_count:
        lines.append(
            "Mend the refused rows in a file of their own: rows without transaction_id would "
            "count again."
        )
    return "\n".join(lines)


def _shown(done: UsageImport) -> Sequence[RowError]:
    return done.errors[:FAULTS_SHOWN_MAX]


def _codes(details: Codes) -> str:
    return "; ".join(f"{field}: {', '.join(codes)}" for field, codes in details.items())

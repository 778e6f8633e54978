"""import usage: events from a file; the other imports have files of their own."""

import shlex
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
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
from catalog.store.services import find_service
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.house import House, opened_house
from fusion_billing.settings import Settings
from ingest.files.file_row import Codes
from ingest.files.routes import to_usage_import_object
from ingest.files.store import RowError, Status, UsageImport
from ingest.files.usage_file import FileFormat, UsageFile, usage_file
from ingest.files.usage_import import Importing, Watch, import_usage
from ingest.keeping import keep_rows
from storage.lake import LakeBusyError

FAULTS_SHOWN_MAX = 20
app = typer.Typer(help="Bring in what others have.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Bring in what others have."""


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

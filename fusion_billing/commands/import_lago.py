"""import lago: a live Lago's catalogue, customers, subscriptions and open usage."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from catalog.errors import NotFound
from catalog.services import Service
from catalog.store.services import find_service, services
from fusion_billing.clock import SystemClock
from fusion_billing.commands.options import AsJson, DataDir, DryRun, instant_of, say, settings_of
from fusion_billing.house import House, opened_house
from fusion_billing.lago_import.importing import LagoImport, Watch
from fusion_billing.lago_import.report import report_text, to_report_object
from fusion_billing.lago_import.source import LagoSource, SourceError
from fusion_billing.settings import Settings
from storage.lake import LakeBusyError

SINCE_HELP = (
    "Bring the period of this instant and all later ones, as 2026-01-01T00:00:00Z; default: the "
    "running period. Lago has billed what ended before."
)


def lago(
    url: Annotated[
        str | None, typer.Option(help="Address of Lago's API; default: FUSION_LAGO_URL.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="API key of the organization; better: FUSION_LAGO_KEY, which no "
            "process list shows."
        ),
    ] = None,
    service: Annotated[
        str | None, typer.Option(help="Service that takes it in; default: the only one.")
    ] = None,
    since: Annotated[str | None, typer.Option(help=SINCE_HELP)] = None,
    dry_run: DryRun = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Bring a Lago over: metrics, plans, customers, subscriptions, usage; repeat it freely.

    Exit code 0: all is here as it is in Lago; 1: something differs, failed or could not be read.
    """  # fmt: skip
    settings = settings_of(data_dir, lago_url=url, lago_key=key)
    source = _source(settings)
    with _house_at_rest(settings) as house, _watched() as watch:
        at = instant_of(since) if since else house.clock()
        run = LagoImport(house, _service(house, service), source, _past(at, house), dry_run, watch)
        report = run.run()
    say(as_json, to_report_object(report), report_text(report))
    if report.problem:
        raise SourceError(report.problem)
    if not report.is_whole:
        raise typer.Exit(1)


def _source(settings: Settings) -> LagoSource:
    url, key = settings.lago_url, settings.lago_key.get_secret_value()
    if not url or not key:
        raise typer.BadParameter("give --url and --key, or FUSION_LAGO_URL and FUSION_LAGO_KEY")
    return LagoSource(url, key)


def _service(house: House, code: str | None) -> Service:
    with house.state.read() as connection:
        if code is not None:
            found = find_service(connection, code)
            if found is None:
                raise NotFound("service")
            return found
        every = services(connection)
    if len(every) != 1:
        names = ", ".join(each.code for each in every) or "none yet: service create CODE"
        raise typer.BadParameter(f"name the service with --service; there are: {names}")
    return every[0]


def _past(at: datetime, house: House) -> datetime:
    if at > house.clock():
        raise typer.BadParameter("--since is in the future: nothing is open then")
    return at


@contextmanager
def _house_at_rest(settings: Settings) -> Iterator[House]:
    """Open the house; when a service runs on its folder, say what to do."""
    with ExitStack() as stack:
        try:
            house = stack.enter_context(opened_house(settings, SystemClock()))
        except LakeBusyError as busy:
            raise LakeBusyError(
                f"{busy}. Stop the service, import, and start it again: clients of apps push again "
                "what they could not push meanwhile"
            ) from busy
        yield house


@contextmanager
def _watched() -> Iterator[Watch]:
    """Draw a bar for each kind, on a terminal's standard error."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        tasks = {}

        def watch(kind: str, done: int, of: int) -> None:
            if kind not in tasks:
                tasks[kind] = progress.add_task(kind, total=of)
            progress.update(tasks[kind], completed=done, total=of)

        yield watch

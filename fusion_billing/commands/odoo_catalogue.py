"""odoo catalogue, catalog load: a catalogue that products in Odoo, or a file, own."""

from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import NotFound
from catalog.store import services
from fusion_billing.catalogue import is_owned_by_odoo, new_id, read_from_odoo
from fusion_billing.clock import SystemClock
from fusion_billing.commands.odoo_options import configured_odoo
from fusion_billing.commands.options import AsJson, DataDir, DryRun, say, settings_of
from fusion_billing.opened_state import opened_state
from odoo_bridge.catalogue.file_reading import service_and_wanted
from odoo_bridge.catalogue.keeping import FILE, CatalogueReport, keep_catalogue
from odoo_bridge.catalogue.wanted import Problem, UnreadableError

app = typer.Typer(help="The catalogue where a file owns it.", no_args_is_help=True)


def catalogue(
    service: Annotated[str, typer.Option(help="Only this service.")] = "",
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read plans, charges and metrics from Odoo's products. Repeating it makes no new version."""
    settings = settings_of(data_dir)
    if not dry_run and not is_owned_by_odoo(settings):
        raise typer.BadParameter(
            "Odoo does not own the catalogue: set FUSION_CATALOGUE_OWNER=odoo, or look first "
            "with --dry-run"
        )
    odoo = configured_odoo(settings)
    with opened_state(settings) as state:
        with state.read() as connection:
            if service and services.find_service(connection, service) is None:
                raise NotFound("service")
        report = read_from_odoo(
            state, odoo, at=SystemClock()(), service_code=service or None, dry_run=dry_run
        )
    data = {
        "services": [_data(one) for one in report.services],
        "strays": [_problem_data(stray) for stray in report.strays],
        "products_changed": report.products_changed,
        "notes_posted": report.notes_posted,
        "dry_run": dry_run,
    }
    lines = [line for one in report.services for line in _lines(one, "product #")]
    lines += [f"product #{stray.source}: {stray.words}" for stray in report.strays]
    say(as_json, data, _told(lines, dry_run=dry_run))
    if report.has_problems:
        raise typer.Exit(1)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A TOML file.")],
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read plans, charges and metrics of one service from a file; the same again changes nothing.

    A plan that the file brought earlier and no longer has is deleted; its subscriptions keep it.
    """
    settings = settings_of(data_dir)
    if not dry_run and settings.catalogue_owner != "file":
        raise typer.BadParameter(
            "no file owns the catalogue: set FUSION_CATALOGUE_OWNER=file, or look first with "
            "--dry-run"
        )
    at = SystemClock()()
    try:
        code, wanted = service_and_wanted(file.read_text(encoding="utf-8"), at)
    except (UnreadableError, UnicodeDecodeError) as unreadable:
        raise typer.BadParameter(f"{file} can't be read: {unreadable}") from unreadable
    with opened_state(settings) as state:
        with state.read() as connection:
            service = services.find_service(connection, code)
        if service is None:
            raise NotFound("service")
        with state.read() if dry_run else state.write() as connection:
            report = keep_catalogue(connection, service, FILE, wanted, at, new_id, dry_run=dry_run)
    data = _data(report) | {"dry_run": dry_run}
    say(as_json, data, _told(_lines(report, ""), dry_run=dry_run))
    if report.problems:
        raise typer.Exit(1)


def _data(report: CatalogueReport) -> dict[str, object]:
    return {
        "service": report.service_code,
        "changes": [
            {
                "verb": change.verb,
                "noun": change.noun,
                "code": change.code,
                "version": change.version,
                "valid_from": change.valid_from.isoformat(),
            }
            for change in report.changes
        ],
        "problems": [_problem_data(problem) for problem in report.problems],
    }


def _problem_data(problem: Problem) -> dict[str, str]:
    return {"source": problem.source, "problem": problem.words}


def _lines(report: CatalogueReport, of: str) -> list[str]:
    lines = [
        f"{report.service_code}: {change.verb} {change.noun} {change.code} "
        f"(version {change.version}, from {change.valid_from.isoformat()})"
        for change in report.changes
    ]
    problems = report.problems
    return lines + [f"{report.service_code}: {of}{one.source}: {one.words}" for one in problems]


def _told(lines: list[str], *, dry_run: bool) -> str:
    told = "\n".join(lines) or "Nothing has changed."
    return f"{told}\n(dry run: nothing was kept)" if dry_run else told

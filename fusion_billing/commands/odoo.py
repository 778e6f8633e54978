"""odoo check, setup, sync, candidates, link: is Odoo ready, make it ready, send what waits."""

from typing import Annotated

import typer

from fusion_billing.clock import SystemClock
from fusion_billing.commands import (
    odoo_cards,
    odoo_catalogue,
    odoo_feed,
    odoo_orders,
    odoo_partners,
)
from fusion_billing.commands.odoo_options import configured_odoo
from fusion_billing.commands.options import AsJson, DataDir, DryRun, say, settings_of
from fusion_billing.odoo import send_waiting
from fusion_billing.opened_state import opened_state
from odoo_bridge.check import Level, check
from odoo_bridge.fields import setup
from odoo_bridge.send_report import SendReport
from rating.draft_store import unpark_all

app = typer.Typer(help="Odoo, the system of record.", no_args_is_help=True)
app.command("candidates")(odoo_partners.candidates)
app.command("link")(odoo_partners.link)
app.command("catalogue")(odoo_catalogue.catalogue)
app.command("orders")(odoo_orders.orders)
app.command("charge")(odoo_cards.charge)
app.command("feed")(odoo_feed.feed)
app.command("accept")(odoo_feed.accept)


@app.command("check")
def check_odoo(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say whether this Odoo is ready for us; each finding names its remedy."""
    findings = check(configured_odoo(settings_of(data_dir)), SystemClock()())
    data = [
        {"level": finding.level, "what": finding.what, "remedy": finding.remedy}
        for finding in findings
    ]
    lines = [f"{finding.level:5} {finding.what}  {finding.remedy}".rstrip() for finding in findings]
    say(as_json, data, "\n".join(lines))
    if any(finding.level is Level.FAIL for finding in findings):
        raise typer.Exit(1)


@app.command("setup")
def setup_odoo(data_dir: DataDir = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Create the x_fc_ fields that are missing; needs an administrator's login, once."""
    report = setup(configured_odoo(settings_of(data_dir)), dry_run=dry_run)
    verb = "would create" if dry_run else "created"
    data = {
        "created": [f"{field.model}.{field.name}" for field in report.created],
        "already_there": [f"{field.model}.{field.name}" for field in report.already_there],
        "dry_run": dry_run,
    }
    lines = [f"{verb} {name}" for name in data["created"]]  # type: ignore[attr-defined]
    say(as_json, data, "\n".join(lines) or "Every field is there.")


@app.command()
def sync(
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    parked: Annotated[bool, typer.Option(help="Try parked drafts again, too.")] = False,
    recreate: Annotated[
        bool, typer.Option(help="Try parked drafts again, those deleted in Odoo, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send waiting drafts, and post them where their service says so; never twice."""
    if (parked or recreate) and dry_run:
        raise typer.BadParameter(
            "--parked and --recreate change drafts, and --dry-run must not: use one of them"
        )
    settings = settings_of(data_dir)
    odoo = configured_odoo(settings)
    with opened_state(settings) as state:
        if parked or recreate:
            with state.write() as connection:
                unpark_all(connection)
        report = send_waiting(
            *(state, odoo, settings), at=SystemClock()(), dry_run=dry_run, recreate=recreate
        )
    say(as_json, _data(report), _text(report))
    if report.stopped_by is not None or report.parked or report.problems:
        raise typer.Exit(1)


def _data(report: SendReport) -> dict[str, object]:
    return {
        "sent": report.sent,
        "already_there": report.already_there,
        "parked": report.parked,
        "remaining": report.remaining,
        "dry_run": report.dry_run,
        "stopped_by": str(report.stopped_by) if report.stopped_by else None,
        "problems": list(report.problems),
        "drafts": [
            {
                "id": draft.draft.id,
                "outcome": draft.outcome,
                "message": draft.message,
                "odoo_move_id": draft.odoo_move_id,
            }
            for draft in report.drafts
        ],
    }


def _text(report: SendReport) -> str:
    lines = [f"{draft.outcome}: {draft.message}" for draft in report.drafts]
    lines += [f"problem: {problem}" for problem in report.problems]
    lines.append(
        f"{report.sent} sent, {report.already_there} were there, {report.parked} parked, "
        f"{report.remaining} waiting" + (" (dry run)" if report.dry_run else "")
    )
    if report.stopped_by is not None:
        lines.append(f"stopped: {report.stopped_by}")
    return "\n".join(lines)

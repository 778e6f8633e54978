"""odoo feed, accept: what people did to our invoices in Odoo, and taking it as it is."""

from typing import Annotated

import typer

from fusion_billing.clock import SystemClock
from fusion_billing.commands.odoo_options import configured_odoo
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.odoo import read_feed
from fusion_billing.opened_state import opened_state
from odoo_bridge.change_feed.accepting import accept_change
from odoo_bridge.change_feed.feed_report import FeedReport


def feed(
    sweep: Annotated[
        bool, typer.Option(help="Read all open invoices again and look for deleted ones.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Read what became of our invoices in Odoo. Repeating it tells nothing twice."""
    settings = settings_of(data_dir)
    odoo = configured_odoo(settings)
    with opened_state(settings) as state:
        report = read_feed(state, odoo, at=SystemClock()(), sweep=sweep)
    say(as_json, _data(report), _text(report))
    if report.problems:
        raise typer.Exit(1)


def accept(
    draft_id: Annotated[str, typer.Argument(help="Id of the invoice draft.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take an invoice that people changed in Odoo as it is; writes nothing to Odoo."""
    settings = settings_of(data_dir)
    database = configured_odoo(settings).settings.database
    with opened_state(settings) as state, state.write() as connection:
        taken = accept_change(connection, database, draft_id, SystemClock()())
    data = {"draft_id": draft_id, "odoo_move_id": taken.move_id, "name": taken.name}
    data |= {"untaxed_cents": taken.untaxed_cents, "currency": taken.currency}
    say(as_json, data, f"Invoice #{taken.move_id} {taken.name} is taken as it is.")


def _data(report: FeedReport) -> dict[str, object]:
    return {
        "moves_read": report.moves_read,
        "moves_changed": report.moves_changed,
        "lines_mirrored": report.lines_mirrored,
        "swept": report.is_sweep,
        "events": [
            {
                "service": one.service_code,
                "kind": one.kind,
                "lago_id": one.lago_id,
                "name": one.name,
            }
            for one in report.events
        ],
        "problems": list(report.problems),
    }


def _text(report: FeedReport) -> str:
    lines = [f"{one.kind}: {one.service_code} {one.name or one.lago_id}" for one in report.events]
    lines += [f"look: {problem}" for problem in report.problems]
    swept = ", all swept" if report.is_sweep else ""
    lines.append(f"{report.moves_changed} of {report.moves_read} invoices changed{swept}")
    return "\n".join(lines)

"""odoo charge: saved cards, for invoices whose service asks for it."""

from typing import Annotated

import typer

from fusion_billing.clock import SystemClock
from fusion_billing.commands.odoo_options import configured_odoo
from fusion_billing.commands.options import AsJson, DataDir, say, settings_of
from fusion_billing.opened_state import opened_state
from odoo_bridge.cards.card_store import charge_again
from odoo_bridge.cards.charging import ChargesReport, charge_cards


def charge(
    data_dir: DataDir = None,
    again: Annotated[bool, typer.Option(help="Try parked charges once more, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Charge the saved cards of posted invoices that wait for it; each once."""
    settings = settings_of(data_dir)
    odoo, at = configured_odoo(settings), SystemClock()()
    with opened_state(settings) as state:
        if again:
            with state.write() as connection:
                charge_again(connection, odoo.settings.database, at)
        report = charge_cards(state, odoo, at)
    say(as_json, _data(report), _text(report))
    if report.has_problems:
        raise typer.Exit(1)


def _data(report: ChargesReport) -> dict[str, object]:
    return {
        "stopped_by": str(report.stopped_by) if report.stopped_by else None,
        "charges": [
            {
                "draft_id": one.draft_id,
                "odoo_move_id": one.move_id,
                "status": one.status,
                "problem": one.problem,
            }
            for one in report.charges
        ],
    }


def _text(report: ChargesReport) -> str:
    lines = [
        f"{one.status}: invoice #{one.move_id}" + (f": {one.problem}" if one.problem else "")
        for one in report.charges
    ]
    if report.stopped_by is not None:
        lines.append(f"stopped: {report.stopped_by}")
    return "\n".join(lines) or "No card was to be charged."

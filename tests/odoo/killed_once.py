"""A program that does one thing with a real Odoo and is killed at a place on its way.

Started as `python -m tests.odoo.killed_once THING PLACE FOLDER`, with an entry of the database and
what else the thing needs as JSON on its input.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from catalog.services import InvoiceStyle
from odoo_bridge.cards.charging import charge_cards
from storage.fault_points import arm
from storage.state import State, open_state
from tests.odoo.clocking import send_drafts_of
from tests.odoo_bridge.makers import NOW, entered
from tests.real_parts import OdooDatabase

Told = Mapping[str, Any]


def send(folder: Path, user: OdooDatabase, told: Told) -> None:
    """Send the waiting drafts of a service whose usage goes on the clock's invoices."""
    state = open_state("", folder)
    send_drafts_of(state, told["service"], InvoiceStyle.COMBINED, entered(user))


def charge(folder: Path, user: OdooDatabase, _told: Told) -> None:
    """Charge the cards that wait."""
    charge_cards(State(f"sqlite:///{folder / 'state.sqlite'}"), entered(user), NOW)


def write_plan(folder: Path, user: OdooDatabase, told: Told) -> None:
    """Ask for a plan over HTTP."""
    # Only here: an app takes a while to import.
    from tests.odoo.catalogue_desk import asking_desk  # noqa: PLC0415

    with asking_desk(folder, user, told["key"]) as ask:
        ask("POST", "/plans", {"plan": told["plan"]})


THINGS: dict[str, Callable[[Path, OdooDatabase, Told], None]] = {
    one.__name__: one for one in (send, charge, write_plan)
}


def killed_at(
    place: str,
    thing: Callable[[Path, OdooDatabase, Told], None],
    folder: Path,
    user: OdooDatabase,
    **told: Any,  # noqa: ANN401 - JSON
) -> None:
    """Do a thing in a process of its own that is killed at a place; raise when it was not."""
    program = [sys.executable, "-m", "tests.odoo.killed_once", thing.__name__, place, str(folder)]
    done = subprocess.run(
        program,
        input=json.dumps({"user": asdict(user), "told": told}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, (place, done.returncode, done.stdout, done.stderr)


if __name__ == "__main__":
    thing, place, folder = sys.argv[1:]
    given = json.load(sys.stdin)
    arm(place)
    THINGS[thing](Path(folder), OdooDatabase(**given["user"]), given["told"])

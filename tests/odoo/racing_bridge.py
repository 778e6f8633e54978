"""A program that bills a period in a real Odoo while another one does the same.

Started as `python -m tests.odoo.racing_bridge TAG FOLDER`, with two entries of one database as JSON
on its input.
"""

import sys
import time
from pathlib import Path

from catalog.store.accounts import accounts_by_id
from catalog.store.services import services
from tests.odoo.kill_trials import entries_of_input
from tests.odoo.period_world import PeriodWorld
from tests.odoo_bridge.makers import entered

RUNS_MAX = 20
PAUSE_SECONDS = 0.2


def main(tag: str, folder: Path) -> None:
    """Make orders, send and look until nothing waits, as the scheduler would."""
    _, user = entries_of_input()
    odoo = entered(user)
    world = PeriodWorld(folder, tag, (), frozenset({f"{tag}b"}))
    state = world.opened()
    with state.read() as connection:
        world.services = sorted(services(connection), key=lambda one: one.code)
        for service in world.services:
            world.accounts |= accounts_by_id(connection, service.code)
    for _ in range(RUNS_MAX):
        orders = world.sync(state, odoo)
        report = world.send(state, odoo)
        if not report.remaining and not orders.remaining and not orders.has_problems:
            break
        time.sleep(PAUSE_SECONDS)
    assert not orders.has_problems, orders
    assert (report.parked, report.remaining, report.stopped_by) == (0, 0, None), report
    world.look(state, odoo, sweep=True)
    state.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

"""A program that bills a period in a real Odoo and is killed where it is told, again and again.

Started as `python -m tests.odoo.kill_trials FOLDER KILLS SEED`, with two entries of one database as
JSON on its input: the administrator's and the bridge's. Each life is a forked process that goes on
with what the last one left. Prints one JSON line: the deaths by place.
"""

import json
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from threading import Timer

from odoo_bridge.connection import OdooConnection, OdooSettings
from odoo_bridge.odoo_value import OdooValue
from storage.fault_points import arm
from tests.lifecycle.forking import forked
from tests.odoo.period_ledger import check
from tests.odoo.period_world import PeriodWorld, a_closed_period
from tests.real_parts import OdooDatabase

# What a period passes on Community; cards, Odoo's own clock and written plans have their own tests.
PLACE = re.compile(r'reached\("(odoo\.(?:feed|invoices|load|order|partner|post|sent)\.[a-z_]+)"\)')
IN_A_CALL = "while Odoo works"
WRITES = frozenset({"action_confirm", "action_post", "load"})
WRITES_MAX = 3
MILLISECONDS_MAX = 150
PASSES_MAX = 2
DRAFTS_PER_LIFE = ORDERS_PER_LIFE = 2
LIVES_PER_KILL_MAX = 3
# A retry comes at once or up to a second later.
PAUSES_SECONDS = (0, 0, 0, 0.02, 0.1, 0.25, 1)


def places() -> list[str]:
    """Return every named place of such a period, and that a call is on its way, five times."""
    root = Path(__file__).parents[2] / "odoo_bridge"
    found = {name for path in root.rglob("*.py") for name in PLACE.findall(path.read_text())}
    return [*sorted(found), *[IN_A_CALL] * 5]


class MortalOdoo(OdooConnection):
    """May be killed a moment after a call that writes was begun."""

    writes_left = 0
    seconds = 0.0

    def call(self, model: str, method: str, *args: OdooValue, **kwargs: OdooValue) -> OdooValue:
        """Call; the answer may find nobody."""
        if method in WRITES and self.writes_left:
            self.writes_left -= 1
            if not self.writes_left:
                Timer(self.seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return super().call(model, method, *args, **kwargs)


def live(world: PeriodWorld, odoo: MortalOdoo, place: str, seed: str, *, is_first: bool) -> None:
    """Make an order, send a few drafts, look what became of them; die at the place."""
    chance = random.Random(seed)
    state = world.opened()
    if place == IN_A_CALL:
        odoo.writes_left = chance.randint(1, WRITES_MAX)
        odoo.seconds = chance.randint(0, MILLISECONDS_MAX) / 1000
    else:
        arm(place, 1 if is_first else chance.randint(1, PASSES_MAX))
    if ".order." in place:
        world.sync(state, odoo, limit=ORDERS_PER_LIFE)
    report = world.send(state, odoo, limit=DRAFTS_PER_LIFE)
    assert (report.parked, report.stopped_by) == (0, None), report
    world.look(state, odoo)


def end(world: PeriodWorld, odoo: MortalOdoo, inside: OdooDatabase) -> None:
    """Send the rest in peace, then compare Odoo with the books."""
    state = world.opened()
    world.sync(state, odoo, limit=ORDERS_PER_LIFE)
    report = world.send(state, odoo)
    assert (report.parked, report.remaining, report.stopped_by) == (0, 0, None), report
    world.look(state, odoo, sweep=True)
    check(world, state, inside)


def begin(world: PeriodWorld, odoo: MortalOdoo) -> None:
    """Let the feed look for the first time, which tells nothing."""
    world.look(world.opened(), odoo)


def run(folder: Path, kills: int, seed: int, inside: OdooDatabase, user: OdooDatabase) -> object:
    """Live until enough were killed, at every place one, then check; return the deaths by place."""
    chance = random.Random(seed)
    names = places()
    world = a_closed_period(inside, folder, clients=kills * 3 // 4 + 1)
    entry = (user.url, user.database, user.login, user.password)
    odoo = MortalOdoo(OdooSettings(*entry, 60, "jsonrpc"))
    # Entered once: a life then begins with its work.
    assert odoo.user_id
    assert not forked(partial(begin, world, odoo))
    died: Counter[str] = Counter()
    lives: list[str] = []
    # A place may be passed by for a while: a partner is found only where another life made it. So
    # every other life tries one where none died yet, before the drafts come to an end.
    while died.total() < kills or set(names) - set(died):
        assert len(lives) < LIVES_PER_KILL_MAX * kills, died
        untried = [name for name in names if name not in died]
        place = chance.choice(untried if untried and len(lives) % 2 == 0 else names)
        is_first = place not in died
        life = partial(live, world, odoo, place, f"{seed}-{len(lives)}", is_first=is_first)
        lives.append(place)
        if forked(life):
            died[place] += 1
        time.sleep(chance.choice(PAUSES_SECONDS))
    assert not forked(partial(end, world, odoo, inside))
    return {"died": died, "lives": len(lives), "drafts": len(world.drafts)}


def entries_as_json(*entries: OdooDatabase) -> str:
    """Return how to enter a database, to be told to a program on its input."""
    fields = ("host", "port", "database", "login", "password")
    return json.dumps([{name: getattr(one, name) for name in fields} for one in entries])


def entries_of_input() -> list[OdooDatabase]:
    """Return what was told so."""
    return [OdooDatabase(**told) for told in json.load(sys.stdin)]


if __name__ == "__main__":
    folder, kills, seed = sys.argv[1:]
    told = run(Path(folder), int(kills), int(seed), *entries_of_input())
    print(json.dumps(told))

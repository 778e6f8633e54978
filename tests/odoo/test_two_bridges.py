"""Two bridges at once, or a stranger in the way: a real Odoo 19 has each thing once."""

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Event

import psycopg
import pytest

from odoo_bridge.invoices import SendRules
from odoo_bridge.posting import post_once
from rating.invoice_draft import DraftStatus
from tests.odoo.house import House
from tests.odoo.kill_trials import entries_as_json
from tests.odoo.period_ledger import check
from tests.odoo.period_world import a_closed_period
from tests.odoo_bridge.broken_line import BrokenLine
from tests.odoo_bridge.makers import a_draft, entered
from tests.real_parts import OdooDatabase, OdooServer

pytestmark = pytest.mark.xdist_group("odoo")

CLIENTS = 3
HELD_SECONDS = 1
WRITES = 3
# Words of no other call than the one that makes invoices.
LOADED = 'x_fc_rated_line_id", "invoice'

Entries = tuple[OdooDatabase, OdooDatabase, OdooDatabase]


def test_two_processes_bill_a_period_once(shared: Entries, tmp_path: Path) -> None:
    """Two processes, each with its own copy of the books, make every invoice once between them."""
    inside, user, _ = shared
    world = a_closed_period(inside, tmp_path / "books", CLIENTS)
    state = world.opened()
    world.look(state, entered(user))
    state.close()
    shutil.copytree(world.folder, tmp_path / "copy")
    program = [sys.executable, "-m", "tests.odoo.racing_bridge", world.tag]
    racers = [
        Popen([*program, str(folder)], stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)
        for folder in (world.folder, tmp_path / "copy")
    ]
    with ThreadPoolExecutor(len(racers)) as pool:
        asked = entries_as_json(inside, user)
        told = list(pool.map(lambda racer: racer.communicate(asked), racers))

    assert [racer.returncode for racer in racers] == [0, 0], told
    for folder in (world.folder, tmp_path / "copy"):
        world.folder = folder
        state = world.opened()
        check(world, state, inside)
        state.close()


def test_an_invoice_that_another_bridge_posted_is_adopted(house: House, line: BrokenLine) -> None:
    """Made and posted by another one between our question and our load, it is ours, not parked."""
    account = house.account("late", "nexacloud")
    draft = house.books.add(account, a_draft(account))
    rules = SendRules(posting_codes=frozenset({draft.service_code}))

    def be_faster() -> None:
        house.books.send(house.odoo, rules=rules)

    line.before(LOADED, be_faster)
    report = house.books.send(house.through(line), rules=rules)
    (move,) = house.moves()
    kept = house.books.kept(draft)

    assert (report.sent, report.parked, move["state"]) == (1, 0, "posted")
    assert (kept.status, kept.odoo_move_id) == (DraftStatus.SENT, move["id"])


def test_a_strangers_transaction_is_waited_for(house: House, odoo_server: OdooServer) -> None:
    """An invoice that others write again and again meanwhile is posted once, with one number."""
    account = house.account("busy", "nexacloud")
    draft = house.books.add(account, a_draft(account))
    house.books.send(house.odoo)
    move_id = house.books.kept(draft).odoo_move_id
    assert move_id is not None
    holds = Event()
    write = partial(_write_again_and_again, odoo_server, house.inside.database, move_id, holds)
    with ThreadPoolExecutor(2) as pool:
        stranger = pool.submit(write)
        assert holds.wait(HELD_SECONDS * 10)
        refusals = pool.submit(post_once, entered(house.user), [move_id]).result()
        stranger.result()
    again = house.books.send(
        house.odoo, rules=SendRules(posting_codes=frozenset({draft.service_code}))
    )
    (move,) = house.moves()

    assert (refusals, again.sent, move["state"]) == ({}, 0, "posted")


def _write_again_and_again(server: OdooServer, database: str, move_id: int, holds: Event) -> None:
    """Write a row and commit late, several times: whoever waited for it can't serialize."""
    with psycopg.connect(server.postgres.url(database)) as connection:
        for _ in range(WRITES):
            connection.execute(
                "UPDATE account_move SET narration = narration WHERE id = %s", [move_id]
            )
            holds.set()
            connection.execute("SELECT pg_sleep(%s)", [HELD_SECONDS])
            connection.commit()

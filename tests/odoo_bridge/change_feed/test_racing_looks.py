"""Looks at the same moment tell once, on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace
from typing import cast

import pytest

from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from storage.feed_tables import invoice_line_outbox
from tests.odoo_bridge.change_feed.makers import a_read, a_read_line, kinds, look
from tests.odoo_bridge.makers import Books
from tests.real_parts import POSTGRES, require, running_postgres

MOVES = 25
LOOKERS = 3
DATABASE = "fusion"


class StillOdoo:
    """Answers every looker the same, and lets all of them have read before one goes on."""

    def __init__(self) -> None:
        self.settings = SimpleNamespace(database="books")
        self.moves: list[OdooValue] = []
        self.barrier = Barrier(1)

    def call(self, model: str, _method: str, *asked: OdooValue, **_more: OdooValue) -> OdooValue:
        """Return all moves, or the lines of those that are asked for."""
        if model == "account.move.line":
            return [a_read_line(move_id) for move_id in asked[0][0][2]]
        self.barrier.wait()
        return self.moves


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """Give empty books on either database."""
    if request.param == "sqlite":
        made = Books(tmp_path)
        yield made
        made.state.close()
        return
    with running_postgres(require(POSTGRES)) as server:
        server.create_database(DATABASE)
        url = server.url(DATABASE).replace("postgresql://", "postgresql+psycopg://")
        made = Books(tmp_path, url)
        yield made
        made.state.close()


def test_racing_looks_tell_once(books: Books) -> None:
    """Several lookers that read the same changes tell each of them once, and mirror it once."""
    still = StillOdoo()
    odoo = cast(OdooConnection, still)
    look(books, odoo)
    still.moves = [a_read(number) for number in range(1, MOVES + 1)]
    still.barrier = Barrier(LOOKERS)
    with ThreadPoolExecutor(LOOKERS) as lookers:
        reports = list(lookers.map(lambda _: look(books, odoo, 1), range(LOOKERS)))
    with books.state.read() as connection:
        lines = connection.execute(invoice_line_outbox.select()).all()

    assert [report.moves_read for report in reports] == [MOVES] * LOOKERS
    assert sum(report.moves_changed for report in reports) == MOVES
    assert kinds(books) == ["invoice.created"] * MOVES
    assert len(lines) == MOVES

"""A house of its own behind a real socket, with every exchange kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from catalog.store import api_keys, services
from fusion_billing.app import create_app, create_front_door
from fusion_billing.billing import bill_services
from fusion_billing.clock import TestClock
from fusion_billing.house import House, opened_house
from fusion_billing.settings import Settings
from odoo_bridge.answers.sources import OdooAnswers
from odoo_bridge.connection import OdooConnection, OdooSettings
from odoo_bridge.links import LinkKind, keep_link
from rating.draft_store import drafts_waiting, mark_sent
from tests.fusion_billing.conftest import fresh_roof
from tests.fusion_billing.listening import listening
from tests.fusion_billing.makers import a_push, a_service, open_account
from tests.lago_clients.odoo_books import PARTNER_ID, OdooBooks
from tests.lago_clients.recorder import Recorder
from tests.odoo_bridge.scripted_odoo import SECRET, listening_odoo
from tests.prepared import prepared_house

OPENED_AT = datetime(2026, 1, 1, 5, 0, tzinfo=UTC)
TWELFTH = datetime(2026, 1, 12, 5, 0, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
BOOKS = "books"
NET_DAYS = 30


@dataclass(frozen=True)
class Served:
    """Where the app listens, its key, its clock, and what was exchanged."""

    root: str
    key: str
    house: House
    clock: TestClock
    recorder: Recorder

    def end_month(self) -> None:
        """Move the clock to February and bill January."""
        self.clock.advance(FEBRUARY)
        bill_services(self.house, at=FEBRUARY)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Serve a new house without an Odoo at the first of January."""
    clock = TestClock(OPENED_AT)
    with opened_house(Settings(data_dir=prepared_house(folder)), clock) as house:
        with house.state.write() as connection:
            services.add_service(connection, a_service(OPENED_AT))
            _, key = api_keys.create_key(connection, "nexadesk", house.pepper, OPENED_AT)
        recorder = Recorder(create_front_door(create_app(house), house))
        with listening(recorder) as root:
            yield Served(root, key, house, clock, recorder)


@contextmanager
def served_with_odoo(folder: Path) -> Iterator[Served]:
    """Serve a house whose one invoice of January, of acme, lies in Odoo's books as a draft."""
    with fresh_roof(folder) as roof, listening_odoo(OdooBooks()) as books:
        open_account(roof, amount="0.0333", amount_cents=4_990)
        roof.post("/events", {"event": a_push("1", tokens=1_777)})
        bill_services(roof.house, at=FEBRUARY)
        roof.clock.advance(FEBRUARY)
        _send(roof.house, books)
        app = roof.app
        app.state.odoo_answers = _answers_of(roof.house, books)
        recorder = Recorder(create_front_door(app, roof.house))
        with listening(recorder, lifespan="off") as root:
            yield Served(root, roof.key, roof.house, roof.clock, recorder)


def _send(house: House, books: OdooBooks) -> None:
    """Put the waiting drafts of a house into Odoo's books, and their accounts as partners."""
    with house.state.write() as connection:
        for draft in drafts_waiting(connection, limit=2):
            named = (draft.id, draft.account_external_id, draft.service_code)
            move_id = books.keep_draft(*named, draft.amount_cents, len(draft.lines))
            mark_sent(connection, draft.id, move_id, FEBRUARY)
            keep_link(connection, BOOKS, LinkKind.ACCOUNT, draft.account_id, PARTNER_ID)


def _answers_of(house: House, books: OdooBooks) -> OdooAnswers:
    settings = OdooSettings(f"http://127.0.0.1:{books.port}", BOOKS, "bridge", SECRET)
    return OdooAnswers(OdooConnection(settings), NET_DAYS, house.pepper)

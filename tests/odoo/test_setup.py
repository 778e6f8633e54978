"""Setup on a real Odoo 19: once, by an administrator; a second run changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from odoo_bridge.faults import Misconfigured
from odoo_bridge.fields import FIELDS, OdooField, SetupReport, missing_fields, setup
from odoo_bridge.send_report import SendReport
from tests.odoo_bridge.makers import Books, a_draft, an_account, entered
from tests.real_parts import OdooServer
from tests.real_parts.odoo_database import with_integration_user

pytestmark = pytest.mark.xdist_group("odoo")

WRITTEN = """
SELECT table_name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'write_date' ORDER BY table_name
"""
STATE = "SELECT count(*), max(id), max(write_date) FROM {}"


@dataclass(frozen=True)
class Story:
    """What was seen on the way of a new Odoo to its first invoice."""

    before: SendReport
    refusal: Misconfigured
    foreseen: SetupReport
    missing: list[OdooField]
    first: SetupReport
    changed_by_second: set[str]
    second: SetupReport
    after: SendReport


@pytest.fixture(scope="module")
def story(odoo_server: OdooServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Set an untouched Odoo up, in every wrong and right way, and send a draft."""
    books = Books(tmp_path_factory.mktemp("setup"))
    account = an_account()
    books.add(account, a_draft(account))
    with odoo_server.fresh_database() as database:
        admin, user = entered(database), entered(with_integration_user(database))
        before = books.send(user)
        with pytest.raises(Misconfigured) as refused:
            setup(user, dry_run=False)
        foreseen = setup(admin, dry_run=True)
        missing = missing_fields(user)
        first = setup(admin, dry_run=False)
        written = _written(odoo_server, database.database)
        second = setup(admin, dry_run=False)
        changed = _written(odoo_server, database.database) ^ written
        yield Story(
            *(before, refused.value, foreseen, missing, first),
            {str(table) for table, *_ in changed},
            second,
            books.send(user),
        )
    books.state.close()


def _written(server: OdooServer, database: str) -> set[tuple[object, ...]]:
    """Return each table of a database with its number of rows and when it was last written."""
    with psycopg.connect(server.postgres.url(database)) as connection:
        tables = [name for (name,) in connection.execute(WRITTEN)]
        rows = [
            connection.execute(STATE.format(f'"{table}"').encode()).fetchone() for table in tables
        ]
    return {(table, *(row or ())) for table, row in zip(tables, rows, strict=True)}


def test_without_our_fields_sending_is_refused(story: Story) -> None:
    """Before setup nothing is sent, and the refusal names the command."""
    assert isinstance(story.before.stopped_by, Misconfigured)
    assert "fusion-billing odoo setup" in str(story.before.stopped_by)
    assert story.before.remaining == 1


def test_the_integration_user_may_not_set_up(story: Story) -> None:
    """The user with minimal rights is told that something is not allowed."""
    assert story.refusal.kind == "odoo.exceptions.AccessError"


def test_a_dry_run_of_setup_only_tells(story: Story) -> None:
    """A dry run names every field that is missing and creates none."""
    assert story.foreseen.created == tuple(story.missing) == FIELDS


def test_setup_makes_every_field(story: Story) -> None:
    """Setup creates our fields on partner, order, its lines, invoice, its lines and product."""
    assert story.first.created == FIELDS
    assert {field.model for field in story.first.created} == {
        *("res.partner", "sale.order", "sale.order.line"),
        *("account.move", "account.move.line", "product.template"),
    }
    assert story.after.sent == 1


def test_a_second_setup_changes_nothing(story: Story) -> None:
    """A second run finds everything there and writes no record of any table."""
    assert story.second == SetupReport((), FIELDS)
    assert story.changed_by_second == set()

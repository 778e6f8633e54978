"""Links to Odoo's ids: one per key, of one database."""

from pathlib import Path

from odoo_bridge.links import LinkKind, keep_link, linked_id
from tests.odoo_bridge.makers import Books


def test_a_link_is_kept_and_replaced(tmp_path: Path) -> None:
    """A key leads to the id it was linked to last."""
    books = Books(tmp_path)
    with books.state.write() as connection:
        keep_link(connection, "live", LinkKind.ACCOUNT, "a", 7)
        keep_link(connection, "live", LinkKind.ACCOUNT, "a", 8)
        found = linked_id(connection, "live", LinkKind.ACCOUNT, "a")
    books.state.close()

    assert found == 8


def test_a_link_holds_for_one_database(tmp_path: Path) -> None:
    """The same number is another company elsewhere, so a link is never taken across."""
    books = Books(tmp_path)
    with books.state.write() as connection:
        keep_link(connection, "live", LinkKind.ACCOUNT, "a", 7)
        elsewhere = linked_id(connection, "staging", LinkKind.ACCOUNT, "a")
        other_kind = linked_id(connection, "live", LinkKind.CLIENT, "a")
    books.state.close()

    assert (elsewhere, other_kind) == (None, None)

"""Books for what a look of the feed finds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.odoo_bridge.makers import Books


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """Give empty books."""
    made = Books(tmp_path)
    yield made
    made.state.close()

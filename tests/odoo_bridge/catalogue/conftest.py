"""A catalogue of one service, empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.state import open_state
from tests.odoo_bridge.catalogue.makers import KeptCatalogue
from tests.prepared import prepared_state


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[KeptCatalogue]:
    """Provide an empty catalogue of a service."""
    state = open_state("", prepared_state(tmp_path))
    yield KeptCatalogue(state)
    state.close()

"""A catalogue of one service, empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.state import open_state
from tests.odoo_bridge.catalogue.makers import KeptCatalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[KeptCatalogue]:
    """Provide an empty catalogue of a service."""
    state = open_state("", tmp_path)
    yield KeptCatalogue(state)
    state.close()

"""What tests of ingest start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.repairing import Repairing
from tests.ingest.running_ingest import Ingest


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    """Give a started ingest."""
    ingest = Ingest.start(tmp_path)
    yield ingest
    ingest.stop()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Repairing]:
    """Give ingest with a state."""
    bench = Repairing(tmp_path)
    yield bench
    bench.close()

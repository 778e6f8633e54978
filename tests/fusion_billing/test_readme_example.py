"""The README's example runs as it is printed."""

import re
import subprocess
import sys
from pathlib import Path

from storage.published import publish_catalog
from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.makers import a_push, open_account

README = Path(__file__).resolve().parents[2] / "README.md"
DEMO_LAKE = "fusion-data/demo/lake/published.sqlite"


def test_the_lake_is_read_as_the_readme_says(roof: Roof) -> None:
    """Pasted into Python while the service runs, the example prints the usage by metric."""
    block = re.search(r"<!-- lake-example -->\n```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert block is not None
    open_account(roof)
    roof.post("/events", {"event": a_push("1", 1_777)})
    roof.house.flusher.flush()
    published = publish_catalog(roof.house.lake.place.folder, roof.house.lake.place.data_path)
    assert DEMO_LAKE in block[1]

    done = subprocess.run(
        [sys.executable, "-c", block[1].replace(DEMO_LAKE, str(published))],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert re.search(r"nexadesk\s*│\s*tokens\s*│\s*1\s*│\s*1777\.0+", done.stdout), done.stdout

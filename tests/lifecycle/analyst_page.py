"""docs/analysts.md as a program: its named blocks, and an analyst's own Python."""

import os
import subprocess
import sys
from pathlib import Path

from tests.lifecycle.documented_examples import Block, blocks_of

PAGE = Path(__file__).parents[2] / "docs" / "analysts.md"
SECONDS_MAX = 120


def named_block(name: str) -> Block:
    """Return the page's block of a name."""
    (block,) = [block for block in blocks_of(PAGE) if block.name == name]
    return block


def run_plainly(program: str, folder: Path) -> str:
    """Run a program in a plain process and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=folder,
        env=os.environ | {"HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout

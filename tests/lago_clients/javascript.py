"""Runs `life.mjs` in Node, with Lago's JavaScript client of the pinned packages."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.lago_clients.served import Served
from tests.real_parts import NodeParts

LIFE = Path(__file__).parent / "life.mjs"
SECONDS_MAX = 120


def live(part: str, base: str, served: Served, node: NodeParts, folder: Path) -> None:
    """Run one part of the life against an address below the app's; its first fault fails."""
    program = folder / LIFE.name
    if not program.exists():
        shutil.copy(LIFE, program)
        (folder / "node_modules").symlink_to(node.packages)
    done = subprocess.run(
        [node.node, program, part],
        env=os.environ | {"BILLING_URL": served.root + base, "BILLING_KEY": served.key},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, f"{part} at {base}: {done.stderr or done.stdout}"

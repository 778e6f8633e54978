"""The free pages of our SQLite files still hold what was deleted; a vacuum leaves them behind.

Run as a child process, as copies of the lake's catalogue are.
"""

import subprocess
import sys
from pathlib import Path

CHILD_SECONDS_MAX = 3_600


def vacuum_file(path: Path) -> None:
    """Rewrite a SQLite file without free pages, and empty its log; RuntimeError while it is read.

    Others may have it open; none may read it just then.
    """
    done = subprocess.run(
        [sys.executable, "-m", "storage.published", "vacuum", str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=CHILD_SECONDS_MAX,
    )
    if done.returncode:
        raise RuntimeError(f"{path} could not be rewritten: {done.stderr.strip()[-300:]}")

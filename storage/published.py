"""A copy of the lake's catalogue that analysts open read-only while the service writes.

Run as a child process: a second SQLite library inside the writing process would drop its locks.
"""

import sqlite3
import subprocess
import sys
from pathlib import Path

COPY_SECONDS_MAX = 60


def publish_catalog(lake_folder: Path) -> Path:
    """Copy catalog.sqlite to published.sqlite in one step, in a child process; return its path."""
    source, target = lake_folder / "catalog.sqlite", lake_folder / "published.sqlite"
    subprocess.run(
        [sys.executable, "-m", "storage.published", str(source), str(target)],
        check=True,
        timeout=COPY_SECONDS_MAX,
    )
    return target


def _copy(source: Path, target: Path) -> None:
    fresh = target.with_suffix(".fresh")
    fresh.unlink(missing_ok=True)
    connection = sqlite3.connect(source)
    connection.execute("VACUUM INTO ?", [str(fresh)])
    connection.close()
    fresh.chmod(0o644)
    fresh.replace(target)


if __name__ == "__main__":
    _copy(Path(sys.argv[1]), Path(sys.argv[2]))

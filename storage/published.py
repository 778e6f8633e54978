"""A copy of the lake's catalogue that analysts open read-only while the service writes.

Run as a child process: a second SQLite library inside the writing process would drop its locks.
"""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

CHILD_SECONDS_MAX = 60
BUSY_SECONDS_MAX = 30


def published_path(lake_folder: Path) -> Path:
    """Return where the copy of an embedded lake's catalogue lies."""
    return lake_folder / "published.sqlite"


def publish_catalog(lake_folder: Path, data_path: str) -> Path:
    """Copy catalog.sqlite to published.sqlite in one step, in a child process; return its path.

    The copy names `data_path`, where the data lies now: the lake may have been moved. A lake whose
    catalogue is in PostgreSQL needs no copy, and gets none.
    """
    source, target = lake_folder / "catalog.sqlite", published_path(lake_folder)
    if source.exists():
        _in_a_child("copy", str(source), str(target), data_path)
    return target


def vacuum_catalog(lake_folder: Path) -> None:
    """Rewrite catalog.sqlite without its free pages, which still hold what was deleted."""
    _in_a_child("vacuum", str(lake_folder / "catalog.sqlite"))


def _in_a_child(*words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "storage.published", *words],
        check=True,
        timeout=CHILD_SECONDS_MAX,
    )


def _copy(source: Path, target: Path, data_path: str) -> None:
    fresh = target.with_suffix(".fresh")
    fresh.unlink(missing_ok=True)
    connection = sqlite3.connect(source)
    connection.execute("VACUUM INTO ?", [str(fresh)])
    connection.close()
    with closing(sqlite3.connect(fresh)) as copied, copied:
        named = "UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'"
        copied.execute(named, [f"{data_path.rstrip('/')}/"])
    fresh.chmod(0o644)
    fresh.replace(target)


def _vacuum(source: Path) -> None:
    connection = sqlite3.connect(source, isolation_level=None, timeout=BUSY_SECONDS_MAX)
    connection.execute("VACUUM")
    ((is_busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    if is_busy:
        sys.exit(f"{source} is being read: its log still holds deleted rows, try again")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["copy", copied, copy, data]:
            _copy(Path(copied), Path(copy), data)
        case ["vacuum", catalog]:
            _vacuum(Path(catalog))

"""A second process that reads a lake with plain DuckDB, as an analyst would."""

import subprocess
import sys
from pathlib import Path

SECONDS_MAX = 60
SCRIPT = """
import sys
import duckdb, duckdb_extensions
for name in ("ducklake", "sqlite_scanner"):
    duckdb_extensions.import_extension(name)
lake = duckdb.connect()
# On a busy machine DuckDB would draw a progress bar among the answers.
lake.execute("SET enable_progress_bar = false")
lake.execute(f"ATTACH 'ducklake:sqlite:{sys.argv[1]}' AS lake (READ_ONLY)")
print(lake.sql(sys.argv[2]).fetchone()[0])
"""


def plain_duckdb(published: Path, question: str) -> str:
    """Return the one value that a question answers, asked in another process."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(published), question],
        check=True,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    return done.stdout.strip()

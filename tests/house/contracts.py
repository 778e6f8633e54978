"""Import contracts: runs import-linter on pyproject.toml; broken chains are printed by it."""

import sys
from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]


def contracts_exit_code() -> int:
    """Return 0 when every contract is kept, after printing what import-linter says."""
    return lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_logo=True)


if __name__ == "__main__":
    sys.exit(contracts_exit_code())

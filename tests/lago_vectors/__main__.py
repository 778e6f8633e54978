"""Run every vector of a file: `python -m tests.lago_vectors FILE`; status 1 on any failure."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from tests.lago_vectors.reading import UnreadableVectors, vectors_of
from tests.lago_vectors.runner import outcome

USAGE = "usage: python -m tests.lago_vectors FILE"


def main(arguments: Sequence[str]) -> int:
    """Print how many vectors passed, and each failure; return the exit status."""
    if len(arguments) != 1:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        vectors = vectors_of(Path(arguments[0]))
    except (OSError, ValueError, UnreadableVectors) as error:
        print(f"{arguments[0]} can't be read as vectors: {error}", file=sys.stderr)
        return 2
    outcomes = [outcome(vector) for vector in vectors]
    failed = [each for each in outcomes if not each.is_passed]
    for each in failed:
        print(f"FAILED {each}")
    print(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def keep_logs_apart() -> None:
    """Let only errors of the served app be heard, and not between the results."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    keep_logs_apart()
    sys.exit(main(sys.argv[1:]))

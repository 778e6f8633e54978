"""Running other programs: announced before they start, explained when they fail."""

import pwd
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TypeAlias

from tests.real_parts.faults import PartMissingError

COMMAND_SECONDS_MAX = 1800
OUTPUT_LINES_SHOWN = 15

Words: TypeAlias = list[str | Path]


def say(step: str) -> None:
    """Tell the person who waits which step begins now."""
    print(f"[real parts] {step} ...", file=sys.stderr, flush=True)


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    account: str | None = None,
    reads: IO[bytes] | None = None,
) -> str:
    """Run a command to its end and return its output; `account` is another OS user."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        stdin=reads or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        user=account,
        group=group_of(account),
        extra_groups=[] if account else None,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )
    output = done.stdout.decode(errors="replace")
    if done.returncode:
        raise PartMissingError(_failure(command, output), retry_command())
    return output


def retry_command() -> str:
    """Return the command that prepares every part again, showing each step."""
    return "python -m tests.real_parts"


def group_of(account: str | None) -> int | None:
    """Return the primary group of an OS user."""
    return pwd.getpwnam(account).pw_gid if account else None


def last_lines(text: str) -> str:
    """Return the end of a program's output, where the reason of a failure stands."""
    return "\n".join(text.strip().splitlines()[-OUTPUT_LINES_SHOWN:])


def _failure(command: Sequence[str | Path], output: str) -> str:
    words = " ".join(str(word) for word in command[:4])
    return f"`{words} ...` failed:\n{last_lines(output)}\n"

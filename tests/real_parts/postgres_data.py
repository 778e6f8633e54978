"""The data folder of a private PostgreSQL server: made, packed into one file, unpacked again.

PostgreSQL refuses to run as root, so as root the folder belongs to another OS user, and the
programs that touch it run as that user.
"""

import os
import pwd
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.memory_folder import memory_folder
from tests.real_parts.commands import Words, group_of, run

MEMORY_BYTES_MIN = 2 * 1024**3


def postgres_account() -> str | None:
    """Return the OS user that PostgreSQL runs as, None for our own."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@contextmanager
def private_folder(account: str | None, *, in_memory: bool) -> Iterator[Path]:
    """Provide a closed folder of that OS user, removed at the end.

    `in_memory` prefers a file system in memory: copying an Odoo database means making thousands
    of files, which takes seconds on many disks.
    """
    parent = memory_folder(MEMORY_BYTES_MIN) if in_memory else None
    folder = Path(tempfile.mkdtemp(prefix="fusion-postgres-", dir=parent))
    try:
        if account:
            shutil.chown(folder, account, group_of(account))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def initialise(programs: Path, data: Path, superuser: str, account: str | None) -> None:
    """Make the data folder of a new server: UTF-8, passwords over TCP, none on the socket."""
    initdb: Words = [programs / "initdb", "--pgdata", data, "--username", superuser, "--no-sync"]
    initdb += ["--encoding", "UTF8", "--locale", "C.UTF-8"]
    initdb += ["--auth-local", "trust", "--auth-host", "scram-sha-256"]
    run(initdb, account=account, cwd=data.parent)


def halt(programs: Path, data: Path, account: str | None) -> None:
    """Stop the server of this data folder so that the folder is complete in itself."""
    run([programs / "pg_ctl", "stop", "-m", "fast", "-D", data], account=account, cwd=data)


def pack(data: Path, packed: Path) -> None:
    """Write the data folder of a stopped server into one file."""
    with tarfile.open(packed, "w") as file:
        file.add(data, arcname=".")


def unpack(packed: Path, data: Path, account: str | None) -> None:
    """Make a data folder from a packed one."""
    run(["mkdir", "-m", "700", data], account=account, cwd=data.parent)
    with packed.open("rb") as file:
        run(["tar", "-xpf", "-", "-C", data], account=account, reads=file, cwd=data)

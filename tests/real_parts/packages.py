"""Programs that come from Debian packages: found, or installed through apt-get where allowed.

Root installs what is missing. Somebody who may use sudo without a password does so only from
`python -m tests.real_parts`: a test run never changes a person's own machine. Anybody else is
told which command to run.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.real_parts.cache import locked
from tests.real_parts.commands import run, say
from tests.real_parts.faults import PartMissingError

POSTGRES_PACKAGES = ("postgresql",)
CHROMIUM_PACKAGES = ("chromium", "fonts-liberation", "libatomic1")
CURL_PACKAGES = ("curl",)
# What steers Chromium in the tests carries a program of its own, which needs this library.
STEERING_LIBRARY = "libatomic.so.1"
CLUSTER_SETTINGS = Path("/etc/postgresql-common/createcluster.d/real-parts-of-tests.conf")


def find_postgres() -> Path | None:
    """Return the folder of PostgreSQL's server programs, the newest version first."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest_first = sorted(versions, key=lambda found: int(found.parts[-3]), reverse=True)
    on_path = shutil.which("initdb")
    candidates = newest_first or ([Path(on_path).resolve()] if on_path else [])
    return candidates[0].parent if candidates else None


def find_chromium() -> Path | None:
    """Return the Chromium program, when it can also be steered."""
    found = shutil.which("chromium")
    try:
        ctypes.CDLL(STEERING_LIBRARY)
    except OSError:
        return None
    return Path(found) if found else None


def find_curl() -> Path | None:
    """Return the curl program."""
    found = shutil.which("curl")
    return Path(found) if found else None


def ensure_debian_package(
    packages: Sequence[str], find: Callable[[], Path | None], *, may_use_sudo: bool = False
) -> Path:
    """Return what `find` finds, installing the packages first if it finds nothing."""
    found = find()
    if found:
        return found
    privilege = _privilege(packages, may_use_sudo=may_use_sudo)
    with locked("apt"):
        if not find():
            _install(packages, privilege)
    return find_or_explain(packages, find)


def find_or_explain(packages: Sequence[str], find: Callable[[], Path | None]) -> Path:
    """Return what `find` finds, or raise with the command that installs it."""
    found = find()
    if not found:
        reason = f"{packages[0]} is not installed"
        raise PartMissingError(reason, _install_command(packages))
    return found


def update_package_lists() -> None:
    """Fetch the machine's package lists; only root may."""
    say("fetching the machine's package lists")
    run(["apt-get", "update"])


def _privilege(packages: Sequence[str], *, may_use_sudo: bool) -> list[str]:
    if not shutil.which("apt-get"):
        reason = f"{packages[0]} is not installed and this machine has no apt-get"
        command = f"install {packages[0]} with the machine's own package manager"
        raise PartMissingError(reason, command)
    if os.geteuid() == 0:
        return []
    if may_use_sudo and _sudo_needs_no_password():
        return ["sudo", "-n"]
    reason = f"{packages[0]} is not installed and installing it needs root"
    raise PartMissingError(reason, _install_command(packages))


def _sudo_needs_no_password() -> bool:
    if not shutil.which("sudo"):
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def _install_command(packages: Sequence[str]) -> str:
    return f"sudo apt-get install {' '.join(packages)}"


def _install(packages: Sequence[str], privilege: Sequence[str]) -> None:
    apt_get = [*privilege, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    install = [*apt_get, "-o", "DPkg::Lock::Timeout=300", "install", "-y"]
    install += ["--no-install-recommends", *packages]
    say(f"installing the Debian packages {' '.join(packages)}")
    with _without_default_cluster():
        try:
            run(install)
        except PartMissingError:
            say("the package lists are old or empty: fetching them, then installing again")
            run([*apt_get, "update"])
            run(install)


@contextmanager
def _without_default_cluster() -> Iterator[None]:
    """Keep Debian's PostgreSQL package from creating and starting a server of its own."""
    if os.geteuid() != 0 or CLUSTER_SETTINGS.exists():
        yield
        return
    CLUSTER_SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    CLUSTER_SETTINGS.write_text("create_main_cluster = false\n")
    try:
        yield
    finally:
        CLUSTER_SETTINGS.unlink()

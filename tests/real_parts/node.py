"""Node with the packages of examples and browser tests, pinned in `package.json` and its lock.

The lock names no registry: npm asks the one this machine is set up for, and checks each package's
digest. No package runs a program of its own while it is installed.
"""

import hashlib
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.real_parts.cache import build_once, cached
from tests.real_parts.commands import retry_command, run, say
from tests.real_parts.faults import PartMissingError
from tests.real_parts.packages import ensure_debian_package, find_or_explain

NODE_PACKAGES = ("nodejs", "npm")
NODE_MAJOR_MIN = 20
FOLDER = Path(__file__).parent
PINS = ("package.json", "package-lock.json", ".npmrc")


@dataclass(frozen=True)
class NodeParts:
    """The Node program, and the folder of packages that its programs find beside them."""

    node: Path
    packages: Path

    @property
    def tsc(self) -> Path:
        """Return the TypeScript compiler."""
        return self.packages / ".bin" / "tsc"

    @property
    def axe(self) -> Path:
        """Return the script that judges whether a page can be used by everybody."""
        return self.packages / "axe-core" / "axe.min.js"


def find_node() -> NodeParts:
    """Return Node with its packages, if both are here."""
    node = find_or_explain(NODE_PACKAGES, _programs)
    folder = cached(_entry(node))
    if not folder:
        reason = "Node's packages for the examples have not been prepared yet"
        raise PartMissingError(reason, retry_command())
    return NodeParts(node, folder / "node_modules")


def ensure_node(*, may_use_sudo: bool) -> NodeParts:
    """Return Node with its packages, installing first what is missing."""
    node = ensure_debian_package(NODE_PACKAGES, _programs, may_use_sudo=may_use_sudo)
    folder = build_once(_entry(node), _build)
    return NodeParts(node, folder / "node_modules")


def _programs() -> Path | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    return Path(node).resolve() if node and npm else None


def _entry(node: Path) -> str:
    pins = "".join((FOLDER / name).read_text() for name in PINS)
    facts = f"{_checked_version(node)} {platform.machine()} {pins}"
    return f"node-packages-{hashlib.sha256(facts.encode()).hexdigest()[:12]}"


def _checked_version(node: Path) -> str:
    version = run([node, "--version"]).strip()
    if int(version.removeprefix("v").partition(".")[0]) < NODE_MAJOR_MIN:
        reason = f"Node {version} is older than {NODE_MAJOR_MIN}"
        command = f"install Node {NODE_MAJOR_MIN} or newer, and put it first on the PATH"
        raise PartMissingError(reason, command)
    return version


def _build(folder: Path) -> None:
    say("installing the Node packages of the examples (10 seconds)")
    for name in PINS:
        shutil.copy(FOLDER / name, folder)
    cache = folder / "npm-cache"
    run(["npm", "ci", "--ignore-scripts", "--cache", cache], cwd=folder)
    shutil.rmtree(cache)
